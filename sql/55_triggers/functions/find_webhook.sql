-- Before the sender is known: it tells its only caller, the functions' login, what is needed to know the sender, and nobody else.
create or replace function private.find_webhook(p_trigger_id uuid, p_path text)
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_trigger record;
begin
    if p_trigger_id is not null then
        select t.trigger_id, t.tenant_id, t.config, t.version into v_trigger
        from public.triggers as t
        where t.trigger_id = p_trigger_id and t.trigger_type = 'webhook' and t.is_enabled and t.deleted_at is null;
    else
        select t.trigger_id, t.tenant_id, t.config, t.version into v_trigger
        from public.triggers as t
        where t.path = p_path and t.is_enabled and t.deleted_at is null;
    end if;
    return (
        select jsonb_build_object(
            'trigger_id', v_trigger.trigger_id,
            'tenant_id', v_trigger.tenant_id,
            'config', v_trigger.config,
            'version', v_trigger.version,
            'now', extract(epoch from private.clock()),
            'secrets', coalesce(
                jsonb_agg(
                    jsonb_build_object(
                        'key_hash', encode(s.key_hash, 'base64'), 'sealed', encode(s.sealed, 'base64'),
                        'expires_at', extract(epoch from s.expires_at)
                    )
                    order by s.secret_id desc
                ) filter (where s.secret_id is not null),
                '[]'
            )
        )
        from public.tenants as n
        left join private.trigger_secrets as s
            on s.tenant_id = n.tenant_id and s.trigger_id = v_trigger.trigger_id
            and (s.expires_at is null or s.expires_at > private.clock())
        where n.tenant_id = v_trigger.tenant_id and n.deleted_at is null
        having count(*) > 0
    );
end
$$;
comment on function private.find_webhook is
    'An enabled webhook by its id or its path: its configuration and what its senders prove themselves with; null for one that is unknown, disabled or deleted.';
revoke all on function private.find_webhook from public, anon, authenticated, service_role;
grant execute on function private.find_webhook to casare_functions;
