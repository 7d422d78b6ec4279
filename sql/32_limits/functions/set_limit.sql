-- A new limit must know every lease that exists: claims of the tenant wait (private.limits is what they read next) until this
-- transaction ends, and those under way end first.
create or replace function public.set_limit(
    p_scope text,
    p_workflow_id uuid default null,
    p_concurrency_key text default null,
    p_max_running integer default 1,
    p_on_collision text default 'queue'
)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '5s'     -- robots stand still behind it
as $$
declare
    v_caller private.caller := private.authorize('settings.write');
    v_now timestamptz := private.clock();
    v_tenant_no integer;
    v_limit private.limits;
    v_is_new boolean := false;
    v_lane private.lanes;
begin
    p_concurrency_key := private.nfc(p_concurrency_key);
    perform private.check_limit_name(v_caller.tenant_id, p_scope, p_workflow_id, p_concurrency_key);
    if p_max_running not between 0 and 100000 or p_max_running is null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'max_running must be between 0 and 100000.');
    elsif p_on_collision not in ('queue', 'cancel_newest', 'cancel_running') or p_on_collision is null then
        perform private.raise_error(
            400, 'INVALID_ARGUMENT', 'on_collision must be queue, cancel_newest or cancel_running.'
        );
    elsif p_on_collision <> 'queue' and p_scope <> 'key' then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'on_collision is for limits of a concurrency key only.');
    end if;
    v_tenant_no := private.find_queue_tenant(v_caller.tenant_id);

    perform pg_advisory_xact_lock(private.limits_lock(), hashtext(v_caller.tenant_id::text));

    update private.limits as w
    set max_running = p_max_running, on_collision = p_on_collision, updated_at = v_now
    where w.tenant_id = v_caller.tenant_id
        and w.scope = p_scope::private.limit_scope
        and w.workflow_id is not distinct from p_workflow_id
        and w.concurrency_key is not distinct from p_concurrency_key
    returning w.* into v_limit;
    if not found then
        insert into private.limits (
            tenant_id, scope, workflow_id, concurrency_key, max_running, on_collision, updated_at
        )
        values (
            v_caller.tenant_id, p_scope::private.limit_scope, p_workflow_id, p_concurrency_key, p_max_running,
            p_on_collision, v_now
        )
        returning * into v_limit;
        v_is_new := true;
    end if;
    perform private.make_counters(v_limit);
    if v_is_new and p_scope <> 'tenant' then
        for v_lane in select l.* from private.lanes as l where l.tenant_no = v_tenant_no loop
            perform private.move_jobs(v_lane, v_limit);
        end loop;
    end if;
    perform private.ring_limit(v_limit.limit_id, private.lane_room(v_limit.limit_id, null));
    return private.describe_limit(v_limit);
end
$$;
comment on function public.set_limit is
    'Sets how many jobs of the tenant, of a workflow or of a concurrency key robots may hold at once (0: none), also for jobs that wait or run; more that run already go on. on_collision says what happens when a job of a full key becomes ready: queue, cancel_newest or cancel_running. Raises 404 WORKFLOW_NOT_FOUND. Needs settings.write.';
revoke all on function public.set_limit from public, anon, authenticated, service_role;
grant execute on function public.set_limit to authenticated;
