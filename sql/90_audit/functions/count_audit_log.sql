create or replace function public.count_audit_log()
returns table (action text, resource_type text, times bigint)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_caller private.caller := private.authorize('audit.read');
begin
    return query
    select a.action, a.resource_type, count(*)
    from (
        select l.action, l.resource_type
        from public.audit_log as l
        where l.tenant_id = v_caller.tenant_id
        order by l.audit_id desc
        limit 100000
    ) as a
    group by a.action, a.resource_type
    order by a.resource_type, a.action;
end
$$;
comment on function public.count_audit_log is
    'How often what was done to which kind of thing in the caller''s tenant: of the newest 100,000 rows. Needs audit.read.';
revoke all on function public.count_audit_log from public, anon, authenticated, service_role;
grant execute on function public.count_audit_log to authenticated;
