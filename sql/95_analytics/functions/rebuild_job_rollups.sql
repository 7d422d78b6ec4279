-- Jobs that end meanwhile are told by events that cannot get their number before this commits; those are left to them.
create or replace function private.rebuild_job_rollups(p_tenant_id uuid)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_last_job_id uuid := '00000000-0000-0000-0000-000000000000';
    v_page record;
    v_count bigint := 0;
begin
    perform from private.event_counters as c where c.tenant_id = p_tenant_id for update;
    while private.sequence_tenant_events(p_tenant_id) > 0 loop
        null;
    end loop;
    delete from public.job_rollups as r where r.tenant_id = p_tenant_id;
    loop
        select
            (array_agg(p.job_id order by p.job_id desc))[1] as last_job_id,
            array_agg(row(
                p.finished_at, p.status::text, p.workflow_id, p.robot_id, p.duration_ms, p.error_type, n.healed, n.not_healed
            )::private.job_end) filter (where p.is_counted) as ends,
            array_agg(row(p.created_at, 'created', null, null, null, null, null, null)::private.job_end)
                filter (where p.is_new) as beginnings
        into v_page
        from (
            select
                j.*,
                round(extract(epoch from j.finished_at - coalesce(j.started_at, j.claimed_at)) * 1000)::bigint as duration_ms,
                j.finished_at is not null and not exists (
                    select
                    from private.event_inbox as i
                    where i.tenant_id = p_tenant_id and i.job_id = j.job_id and i.event_type = 'job.' || j.status
                ) as is_counted,
                not exists (
                    select
                    from private.event_inbox as i
                    where i.tenant_id = p_tenant_id and i.job_id = j.job_id and i.event_type = 'job.queued'
                        and not i.data ? 'message'
                ) as is_new
            from public.jobs as j
            where j.tenant_id = p_tenant_id and j.job_id > v_last_job_id
            order by j.job_id
            limit 50000
        ) as p
        cross join lateral (
            select sum(x.healed) as healed, sum(x.not_healed) as not_healed
            from public.job_node_executions as x
            where x.job_id = p.job_id
        ) as n;
        exit when v_page.last_job_id is null;
        perform private.add_job_ends(p_tenant_id, v_page.ends || v_page.beginnings);
        v_count := v_count + coalesce(cardinality(v_page.ends), 0);
        v_last_job_id := v_page.last_job_id;
    end loop;
    return v_count;
end
$$;
comment on function private.rebuild_job_rollups is
    'Makes a tenant''s rollups anew from the jobs that are still there, and returns how many ended jobs it counted. For history that was loaded, and for repair: what retention removed is lost.';
revoke all on function private.rebuild_job_rollups from public, anon, authenticated, service_role;
