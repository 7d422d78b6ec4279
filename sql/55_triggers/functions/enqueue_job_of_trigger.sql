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
    v_config jsonb := p_trigger.config;
    v_robot_id uuid;
    v_pool_id uuid;
    v_concurrency_key text := coalesce(p_delivery.concurrency_key, v_config ->> 'concurrency_key');
begin
    if p_delivery.depth >= 10 then
        perform private.raise_error(
            409, 'CHAIN_TOO_LONG', 'Ten jobs have started each other by triggers already: the chain ends here.'
        );
    end if;
    if v_config ? 'robot_id' then
        v_robot_id := (private.find_robot(p_trigger.tenant_id, v_config ->> 'robot_id')).robot_id;
    end if;
    if v_config ? 'pool' then
        v_pool_id := (private.find_pool(p_trigger.tenant_id, v_config ->> 'pool', 'member')).pool_id;
    end if;
    if v_concurrency_key ~ '^\$\$' then
        v_concurrency_key := substr(v_concurrency_key, 2);
    elsif v_concurrency_key ~ '^\$' then
        v_concurrency_key := nullif(private.read_path(p_delivery.payload, v_concurrency_key) #>> '{}', '');
    end if;
    return private.add_job(
        p_tenant_id => p_trigger.tenant_id,
        p_created_by => coalesce(p_delivery.created_by, p_trigger.created_by),
        p_workflow_id => p_trigger.workflow_id,
        p_version => null,
        p_input => coalesce(p_delivery.input, private.map_input(v_config, p_delivery.payload)),
        p_priority => coalesce((v_config ->> 'priority')::integer, 10),
        p_environment => private.nfc(coalesce(v_config ->> 'environment', '*')),
        p_execution_mode => coalesce(v_config ->> 'execution_mode', 'lan'),
        p_required_capabilities => private.nfc_words(
            array(select jsonb_array_elements_text(coalesce(v_config -> 'required_capabilities', '[]')))
        ),
        p_required_tags => private.nfc_words(array(select jsonb_array_elements_text(coalesce(v_config -> 'required_tags', '[]')))),
        p_robot_id => v_robot_id,
        p_run_at => null,
        p_dedupe_key => null,
        p_max_attempts => coalesce((v_config ->> 'max_attempts')::integer, 3),
        p_timeout_seconds => coalesce((v_config ->> 'timeout_seconds')::integer, 3600),
        p_retry_policy => v_config -> 'retry_policy',
        p_metadata => coalesce(v_config -> 'metadata', '{}') || jsonb_build_object(
            'trigger', jsonb_build_object(
                'trigger_id', p_trigger.trigger_id, 'delivery_id', p_delivery_id, 'depth', coalesce(p_delivery.depth, 0)
            )
        ),
        p_trigger_type => p_trigger.trigger_type,
        p_concurrency_key => private.nfc(v_concurrency_key),
        p_pool_id => v_pool_id,
        p_progress_timeout_seconds => (v_config ->> 'progress_timeout_seconds')::integer
    );
end
$$;
comment on function private.enqueue_job_of_trigger is
    'Puts a job in the queue as a trigger says it; the job''s metadata names trigger and delivery. Raises what private.add_job raises, 404 ROBOT_NOT_FOUND or POOL_NOT_FOUND for what is there no more, 409 CHAIN_TOO_LONG.';
revoke all on function private.enqueue_job_of_trigger from public, anon, authenticated, service_role;
