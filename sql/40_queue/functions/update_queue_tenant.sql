create or replace function private.update_queue_tenant()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_pushes text := private.pushes_of(new.settings);
begin
    update private.queue_tenants as q
    set watched_until = case
            when v_pushes = 'always' then 'infinity'
            when v_pushes = 'off' or q.watched_until = 'infinity' then '-infinity'
            else q.watched_until
        end,
        jobs_watched_until = case
            when v_pushes = 'always' then 'infinity'
            when v_pushes = 'off' or q.jobs_watched_until = 'infinity' then '-infinity'
            else q.jobs_watched_until
        end,
        ageing_minutes = private.ageing_minutes(new.settings),
        is_fair = coalesce(new.settings #> '{queue,fair_share}' = 'true', false)
    where q.tenant_id = new.tenant_id;
    return null;
end
$$;
comment on function private.update_queue_tenant is
    'Table trigger: keeps what the queue needs of a tenant''s settings beside its number.';
revoke all on function private.update_queue_tenant from public, anon, authenticated, service_role;
