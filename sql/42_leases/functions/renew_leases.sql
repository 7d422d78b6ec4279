create or replace function public.renew_leases(p_leases jsonb, p_lease_seconds integer default 60)
returns table (job_id uuid, renewed boolean, lease_expires_at timestamptz, cancel_requested boolean)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    v_caller private.caller := private.authorize_robot('jobs.report');
    v_until timestamptz := private.clock() + make_interval(secs => p_lease_seconds);
begin
    if p_lease_seconds not between 5 and 3600 or p_lease_seconds is null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'lease_seconds must be between 5 and 3600.');
    elsif jsonb_typeof(p_leases) is distinct from 'array' or jsonb_array_length(p_leases) > 100 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'leases must be a list of at most 100 leases.');
    end if;
    perform private.note_call();
    return query
    with asked as (
        -- A value that is no id or no token is null, and so not held. Who gives no token means the lease that it holds.
        select
            case
                when a.item ->> 'job_id' ~* '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$' then (a.item ->> 'job_id')::uuid
            end as job_id,
            case when a.item ->> 'lease_token' ~ '^[1-9][0-9]{0,17}$' then (a.item ->> 'lease_token')::bigint end as lease_token,
            a.item ->> 'lease_token' is null as is_own,
            a.n
        from jsonb_array_elements(p_leases) with ordinality as a (item, n)
    ), locked as (
        -- Locked in the order of their ids, so that two renewals never wait for each other in a circle.
        select l.job_id, l.lease_token
        from private.leases as l
        where l.job_id = any (array(select a.job_id from asked as a)) and l.robot_id is not distinct from v_caller.robot_id
        order by l.job_id
        for update
    ), kept as (
        update private.leases as l
        set lease_expires_at = v_until, outages = 0
        from locked as k
        join asked as a on a.job_id = k.job_id and (a.is_own or a.lease_token = k.lease_token)
        where l.job_id = k.job_id
        returning l.job_id, l.lease_token, l.cancel_requested_at is not null as cancel_requested
    )
    select a.job_id, k.job_id is not null, case when k.job_id is not null then v_until end, coalesce(k.cancel_requested, false)
    from asked as a
    left join kept as k on k.job_id = a.job_id and (a.is_own or k.lease_token = a.lease_token)
    order by a.n;
end
$$;
comment on function public.renew_leases is
    'Renews the leases [{job_id, lease_token?}] of the calling robot to p_lease_seconds from now and says for each, in their order, whether it is still held and whether the job shall stop; an item that is no lease is answered as not held. Needs jobs.report.';
revoke all on function public.renew_leases from public, anon, authenticated, service_role;
grant execute on function public.renew_leases to authenticated;
