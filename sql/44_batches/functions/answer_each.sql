-- The skeleton of the verbs that do for many jobs what another does for one. A refusal of one item is that item's answer;
-- what the caller may not do at all (401, 403), and a fault of the database, ends the batch.
create or replace function private.answer_each(
    p_caller private.caller,
    p_verb text,
    p_items jsonb,
    p_reason text default null,     -- of a cancellation
    p_done integer[] default '{}'   -- places of items that are answered already, from 1
)
returns table ("position" integer, job_id uuid, answer jsonb, error_status integer, error_code text, error_message text)
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_item jsonb;
    v_report record;
    v_job private.new_job;
begin
    if p_verb in ('retry_job', 'requeue_dead_letter', 'purge_dead_letter') then
        -- All dead letters at once in the order of their ids, so that two batches do not wait for each other in a circle.
        perform
        from public.dead_letters as d
        where d.job_id = any (array(select i.id::uuid from jsonb_array_elements_text(p_items) as i (id)))
            and d.tenant_id = p_caller.tenant_id
        order by d.job_id
        for update;
    end if;
    for "position", v_item in
        select x.n - 1, x.item
        from jsonb_array_elements(p_items) with ordinality as x (item, n)
        where x.n <> all (p_done)
        -- Ids in their own order, for the same reason.
        order by case jsonb_typeof(x.item) when 'string' then x.item #>> '{}' end collate "C", x.n
    loop
        job_id := null;
        answer := null;
        error_status := null;
        error_code := null;
        error_message := null;
        begin
            if p_verb in ('complete_job', 'fail_job') then
                select r.* into v_report
                from jsonb_to_record(v_item) as r (
                    job_id uuid, lease_token bigint, result jsonb, error_message text, error_type text, stack_trace text,
                    failed_node text, retryable boolean, node_executions jsonb, retry_at timestamptz
                );
                job_id := v_report.job_id;
                if v_report.job_id is null or v_report.lease_token is null then
                    perform private.raise_error(400, 'INVALID_ARGUMENT', 'job_id and lease_token must be given.');
                end if;
            elsif p_verb <> 'enqueue_job' then
                job_id := v_item #>> '{}';
            end if;
            case p_verb
                when 'enqueue_job' then
                    -- Nothing is written here, so the block costs no transaction id.
                    v_job := private.check_new_job(p_caller.tenant_id, private.read_new_job(v_item));
                    perform private.keep_workflow(v_job.workflow_id);
                    perform private.require_runnable_workflow(p_caller.tenant_id, v_job.workflow_id, v_job.version, true);
                    if exists (
                        select from private.queue_tenants as q where q.tenant_id = p_caller.tenant_id and q.is_full
                    ) and not exists (
                        select
                        from private.dedupe_keys as d
                        where d.tenant_id = p_caller.tenant_id and d.dedupe_key = v_job.dedupe_key
                    ) then
                        perform private.raise_queue_full();
                    end if;
                when 'complete_job' then
                    answer := public.complete_job(
                        job_id, v_report.lease_token, v_report.result, v_report.node_executions
                    );
                when 'fail_job' then
                    answer := public.fail_job(
                        job_id, v_report.lease_token, v_report.error_message, v_report.error_type, v_report.stack_trace,
                        v_report.failed_node, coalesce(v_report.retryable, true), v_report.node_executions,
                        v_report.retry_at
                    );
                when 'cancel_job' then
                    answer := private.try_cancel_job(p_caller.tenant_id, job_id, p_reason);
                when 'retry_job' then
                    answer := public.retry_job(job_id);
                when 'requeue_dead_letter' then
                    answer := public.requeue_dead_letter(job_id);
                when 'purge_dead_letter' then
                    answer := public.purge_dead_letter(job_id);
            end case;
            if answer ? 'code' then     -- refused, and kept as a late result
                error_status := 409;
                error_code := answer ->> 'details';
                error_message := answer ->> 'message';
                answer := null;
                perform set_config('response.status', '200', true);     -- the refusal of one is not that of all
            end if;
        exception
            when sqlstate 'PT400' or sqlstate 'PT404' or sqlstate 'PT409' or sqlstate 'PT413' or sqlstate 'PT429'
                or sqlstate 'PT503'
            then
                get stacked diagnostics error_code = pg_exception_detail, error_message = message_text;
                error_status := right(sqlstate, 3);
            when data_exception then
                error_code := 'INVALID_ARGUMENT';
                error_message := 'A field has a value of the wrong type: ' || sqlerrm || '.';
                error_status := 400;
        end;
        if p_verb = 'enqueue_job' and error_code is null then
            job_id := private.add_job(
                p_caller.tenant_id, v_job, 'manual', coalesce(p_caller.user_id, p_caller.robot_id, p_caller.api_key_id),
                p_may_pass_quota => true
            );
            answer := '{"status": "queued"}';
            -- The job that has its dedupe key may be held; the rule of its concurrency key may have cancelled it.
            if v_job.dedupe_key is not null or v_job.concurrency_key is not null then
                answer := (
                    select jsonb_build_object('status', j.status)
                    from public.live_jobs as j
                    where j.job_id = answer_each.job_id
                );
            end if;
        end if;
        return next;
    end loop;
end
$$;
comment on function private.answer_each is
    'Does a verb (complete_job, cancel_job …) for each item of a batch and answers each by its position: what the verb answers, or why it was refused; the others are done. Items are ids, or objects for the verbs that take more. Does not authorize the caller: its callers do.';
revoke all on function private.answer_each from public, anon, authenticated, service_role;
