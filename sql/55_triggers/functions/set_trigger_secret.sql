create or replace function public.set_trigger_secret(
    p_trigger_id uuid,
    p_key_hash bytea default null,      -- SHA-256 of a secret that senders show
    p_sealed bytea default null,        -- or one that they sign with, sealed
    p_overlap_seconds integer default 0
)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('triggers.write');
    v_trigger public.triggers := private.lock_trigger(v_caller.tenant_id, p_trigger_id);
    v_now timestamptz := private.clock();
begin
    if v_trigger.trigger_type <> 'webhook' or v_trigger.config ->> 'auth' = 'none' then
        perform private.raise_error(409, 'TRIGGER_HAS_NO_SECRET', 'The trigger has no secret: nobody proves anything to it.');
    elsif (p_key_hash is null) = (p_sealed is null) then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'One of key_hash and sealed must be given.');
    elsif octet_length(p_key_hash) <> 32 or octet_length(p_sealed) not between 30 and 4096 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'key_hash must have 32 bytes, sealed 30 to 4096.');
    elsif p_overlap_seconds not between 0 and 691200 or p_overlap_seconds is null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'overlap_seconds must be between 0 and 691200.');
    end if;
    delete from private.trigger_secrets as s
    where s.tenant_id = v_caller.tenant_id and s.trigger_id = p_trigger_id
        and (s.expires_at is not null or p_overlap_seconds = 0);
    update private.trigger_secrets as s
    set expires_at = v_now + make_interval(secs => p_overlap_seconds)
    where s.tenant_id = v_caller.tenant_id and s.trigger_id = p_trigger_id;
    insert into private.trigger_secrets (tenant_id, trigger_id, key_hash, sealed, created_at)
    values (v_caller.tenant_id, p_trigger_id, p_key_hash, p_sealed, v_now);
    update public.triggers as t set updated_at = v_now, version = t.version + 1 where t.trigger_id = p_trigger_id;
end
$$;
comment on function public.set_trigger_secret is
    'Gives a webhook a new secret; the one before it holds for p_overlap_seconds more, and any older one not at all. Raises 404 TRIGGER_NOT_FOUND, 409 TRIGGER_HAS_NO_SECRET, 400 INVALID_ARGUMENT. Needs triggers.write.';
revoke all on function public.set_trigger_secret from public, anon, authenticated, service_role;
grant execute on function public.set_trigger_secret to authenticated;
