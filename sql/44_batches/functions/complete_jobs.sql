create or replace function public.complete_jobs(p_results jsonb)
returns table (
    "position" integer, job_id uuid, status text, error_status integer, error_code text, error_message text
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize_robot('jobs.report');
    v_items jsonb := private.check_batch(p_results, 'results', 'results', 100);
    v_together record;
    v_done integer[];
begin
    perform private.lock_leases(v_caller.robot_id, v_items);
    -- All that are as they should be, together; what is left, one by one, for the answer that each deserves. A job that is named
    -- twice is left too: its first item is answered before its second is done.
    select
        array_agg(x.n) as places,
        array_agg((x.item ->> 'job_id')::uuid) as job_ids,
        array_agg((x.item ->> 'lease_token')::bigint) as lease_tokens,
        array_agg(nullif(x.item -> 'result', 'null')) as results,
        array_agg(nullif(x.item -> 'node_executions', 'null')) as node_executions
    into v_together
    from (
        select r.item, r.n, count(*) over (partition by lower(r.item ->> 'job_id')) as times
        from jsonb_array_elements(v_items) with ordinality as r (item, n)
    ) as x
    where x.times = 1
        and x.item ->> 'job_id' ~* '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$'
        and x.item ->> 'lease_token' ~ '^[1-9][0-9]{0,17}$'
        and coalesce(pg_column_size(x.item -> 'result') <= 10485760, true);
    v_done := private.complete_leases(
        v_caller, v_together.job_ids, v_together.lease_tokens, v_together.results, v_together.node_executions
    );
    v_done := array(select v_together.places[d] from unnest(v_done) as d);
    return query
    select d.place - 1, (v_items -> (d.place - 1) ->> 'job_id')::uuid, 'completed', null::integer, null, null
    from unnest(v_done) as d (place)
    union all
    select e.position, e.job_id, e.answer ->> 'status', e.error_status, e.error_code, e.error_message
    from private.answer_each(v_caller, 'complete_job', v_items, p_done => v_done) as e
    order by 1;
end
$$;
comment on function public.complete_jobs is
    'Does complete_job for each of 1 to 100 results [{job_id, lease_token, result, node_executions}] and answers each by its position: the job''s status, or why it was refused; the others are done. Needs jobs.report.';
revoke all on function public.complete_jobs from public, anon, authenticated, service_role;
grant execute on function public.complete_jobs to authenticated;
