create or replace function private.keep_measurements(
    p_tenant_id uuid, p_robot_id uuid, p_starts_at timestamptz, p_measured real[]
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_hour timestamptz := date_bin('1 hour', p_starts_at, 'epoch');
    v_step integer := 1 + extract(epoch from p_starts_at - v_hour)::integer / 300;
    v_quiet real[] := array_fill(null::real, array[v_step - 1]);   -- the steps of the hour before, if this is its first
begin
    insert into public.robot_measurements as m (
        tenant_id, robot_id, starts_at,
        cpu_percent, cpu_percent_max,
        memory_percent, memory_percent_max,
        memory_mb, memory_mb_max,
        disk_percent, disk_percent_max
    )
    select
        p_tenant_id, p_robot_id, v_hour,
        v_quiet || f.averages[1], v_quiet || f.highest[1],
        v_quiet || f.averages[2], v_quiet || f.highest[2],
        v_quiet || f.averages[3], v_quiet || f.highest[3],
        v_quiet || f.averages[4], v_quiet || f.highest[4]
    from (
        select
            array_agg(private.average_measured(p_measured, n) order by n) as averages,
            array_agg(case when p_measured[3 * n - 2] > 0 then p_measured[3 * n] end order by n) as highest
        from generate_series(1, 4) as n
    ) as f
    on conflict (tenant_id, starts_at, robot_id) do update
    set
        cpu_percent[v_step] = excluded.cpu_percent[v_step],
        cpu_percent_max[v_step] = excluded.cpu_percent_max[v_step],
        memory_percent[v_step] = excluded.memory_percent[v_step],
        memory_percent_max[v_step] = excluded.memory_percent_max[v_step],
        memory_mb[v_step] = excluded.memory_mb[v_step],
        memory_mb_max[v_step] = excluded.memory_mb_max[v_step],
        disk_percent[v_step] = excluded.disk_percent[v_step],
        disk_percent_max[v_step] = excluded.disk_percent_max[v_step];
end
$$;
comment on function private.keep_measurements is
    'Writes what a robot measured in five minutes into the history of its hour. Idempotent. The caller holds the robot''s row of robot_heartbeats.';
revoke all on function private.keep_measurements from public, anon, authenticated, service_role;
