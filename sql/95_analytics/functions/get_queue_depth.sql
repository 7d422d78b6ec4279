create or replace function public.get_queue_depth()
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_caller private.caller := private.authorize('analytics.read');
begin
    return (
        select jsonb_build_object(
            'waiting', coalesce(sum(e.waiting), 0),
            'running', (select count(*) from private.leases as r where r.tenant_id = v_caller.tenant_id),
            'by_environment', coalesce(jsonb_object_agg(e.environment, e.waiting), '{}')
        )
        from (
            select l.environment, sum(w.waiting) as waiting
            from private.lanes as l
            cross join lateral (
                select count(*) as waiting
                from private.ready as r
                where r.tenant_no = l.tenant_no and r.lane_id = l.lane_id
            ) as w
            where l.tenant_no = (select q.tenant_no from private.queue_tenants as q where q.tenant_id = v_caller.tenant_id)
                and w.waiting > 0
            group by l.environment
        ) as e
    );
end
$$;
comment on function public.get_queue_depth is
    'How many of the tenant''s jobs wait for a robot now, in all and by the environment that they want, and how many are in hand. Needs analytics.read.';
revoke all on function public.get_queue_depth from public, anon, authenticated, service_role;
grant execute on function public.get_queue_depth to authenticated;
