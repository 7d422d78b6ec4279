create or replace function private.sequence_events(p_tenant_id uuid, p_limit integer, p_after text)
returns private.turn
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_count integer := coalesce(private.sequence_tenant_events(p_tenant_id, p_limit, p_is_whole => p_after is null), 0);
begin
    if v_count = 0 then
        -- The inbox has no foreign key, so that a writer locks nothing: what a deleted tenant left goes here.
        delete from private.event_inbox as i
        where i.tenant_id = p_tenant_id
            and i.inbox_id = any (array(
                select o.inbox_id from private.event_inbox as o where o.tenant_id = p_tenant_id order by o.inbox_id limit p_limit
            ))
            and not exists (select from public.tenants as t where t.tenant_id = p_tenant_id);
        get diagnostics v_count = row_count;
    end if;
    return (v_count, v_count, case when v_count = p_limit then 'more' end)::private.turn;
end
$$;
comment on function private.sequence_events is
    'Duty, a tenant''s turn: numbers p_limit of its waiting events, for tenants whose events no client reads at the moment, and counts them.';
revoke all on function private.sequence_events from public, anon, authenticated, service_role;
