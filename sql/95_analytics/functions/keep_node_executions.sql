create or replace function private.keep_node_executions(p_lease private.leases, p_node_executions jsonb)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tidy jsonb := private.tidy_node_executions(p_node_executions);
begin
    if v_tidy is null then
        return;
    end if;
    insert into public.job_node_executions as x (
        tenant_id, job_id, attempt, node_executions, healed, not_healed, reported_at
    )
    values (
        p_lease.tenant_id, p_lease.job_id, p_lease.attempt, v_tidy,
        jsonb_array_length(jsonb_path_query_array(v_tidy, '$[*] ? (@.healing.healed == true)')),
        jsonb_array_length(jsonb_path_query_array(v_tidy, '$[*] ? (@.healing.healed == false)')),
        private.clock()
    )
    on conflict (job_id, attempt) do update set
        node_executions = excluded.node_executions,
        healed = excluded.healed,
        not_healed = excluded.not_healed,
        reported_at = excluded.reported_at;
end
$$;
comment on function private.keep_node_executions is
    'Stores a robot''s report of the nodes of an attempt; the last report counts. One insert, or none.';
revoke all on function private.keep_node_executions from public, anon, authenticated, service_role;
