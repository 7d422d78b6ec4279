create or replace function private.push_job_logs(
    p_tenant_id uuid,
    p_job_id uuid,
    p_attempt integer,
    p_robot_id uuid,
    p_entries jsonb
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if private.is_job_watched(p_tenant_id, p_job_id) then
        perform private.push_job(
            p_tenant_id, p_job_id, 'job.log', p_robot_id,
            jsonb_build_object(
                'job_id', p_job_id,
                'attempt', p_attempt,
                'lines', coalesce(
                    (
                        select jsonb_agg(
                            jsonb_build_object(
                                'level', coalesce(x.entry ->> 'level', 'info'),
                                'message', left(x.entry ->> 'message', 1000),
                                'node_id', x.entry ->> 'node_id',
                                'timestamp', coalesce(x.entry ->> 'timestamp', private.to_iso(private.clock()))
                            )
                            order by x.n
                        )
                        from jsonb_array_elements(p_entries) with ordinality as x (entry, n)
                        where x.n > jsonb_array_length(p_entries) - 50
                    ),
                    '[]'
                ),
                'lines_left_out', greatest(jsonb_array_length(p_entries) - 50, 0),
                'timestamp', private.to_iso(private.clock())
            )
        );
    end if;
end
$$;
comment on function private.push_job_logs is
    'Pushes lines of a log as job.log on job:<id>, if the job is watched: the last 50 of a batch, each to 1,000 characters. All of them are in public.job_logs.';
revoke all on function private.push_job_logs from public, anon, authenticated, service_role;
