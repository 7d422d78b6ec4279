create or replace function private.enqueue_job_of_trigger(
    p_trigger public.triggers,
    p_delivery private.delivery,
    p_delivery_id uuid
)
returns uuid
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_job private.new_job := private.job_of_trigger(p_trigger);
begin
    if p_delivery.depth >= 10 then
        perform private.raise_error(
            409, 'CHAIN_TOO_LONG', 'Ten jobs have started each other by triggers already: the chain ends here.'
        );
    end if;
    v_job.input := coalesce(p_delivery.input, private.map_input(p_trigger.config, p_delivery.payload));
    v_job.concurrency_key := coalesce(p_delivery.concurrency_key, v_job.concurrency_key);
    if v_job.concurrency_key ~ '^\$\$' then
        v_job.concurrency_key := substr(v_job.concurrency_key, 2);
    elsif v_job.concurrency_key ~ '^\$' then
        v_job.concurrency_key := nullif(private.read_path(p_delivery.payload, v_job.concurrency_key) #>> '{}', '');
    end if;
    v_job.metadata := coalesce(v_job.metadata, '{}') || jsonb_build_object(
        'trigger', jsonb_build_object(
            'trigger_id', p_trigger.trigger_id, 'delivery_id', p_delivery_id, 'depth', coalesce(p_delivery.depth, 0),
            'chain', coalesce(p_delivery.chain, '[]')
        )
    );
    return private.add_job(
        p_trigger.tenant_id, private.check_new_job(p_trigger.tenant_id, v_job), p_trigger.trigger_type,
        coalesce(p_delivery.created_by, p_trigger.created_by)
    );
end
$$;
comment on function private.enqueue_job_of_trigger is
    'Puts a job in the queue as a trigger says it; the job''s metadata names trigger and delivery. Raises what private.check_new_job() and private.add_job() raise: 404 ROBOT_NOT_FOUND or POOL_NOT_FOUND for what is there no more; and 409 CHAIN_TOO_LONG.';
revoke all on function private.enqueue_job_of_trigger from public, anon, authenticated, service_role;
