-- Which tables are audited: the columns that name a row, and those that are never written down (secrets, big bodies, and
-- columns that change on every use).
do $$
declare
    v_audited record;
begin
    for v_audited in
        select *
        from (
            values
                ('public.tenants', 'insert or update or delete', '{tenant_id}', '{updated_at}'),
                ('public.memberships', 'insert or update or delete', '{user_id}', '{}'),
                ('public.member_roles', 'insert or update or delete', '{user_id,role_id}', '{}'),
                ('public.roles', 'insert or update or delete', '{role_id}', '{}'),
                ('public.role_permissions', 'insert or update or delete', '{role_id,permission}', '{}'),
                ('public.api_keys', 'insert or update or delete', '{api_key_id}', '{key_hash,last_used_at}'),
                ('public.invitations', 'insert or update or delete', '{invitation_id}', '{token_hash}'),
                ('public.workflows', 'insert or update or delete', '{workflow_id}', '{updated_at}'),
                ('public.workflow_versions', 'insert', '{workflow_id,version}', '{definition}'),
                ('public.schedules', 'insert or delete or update of workflow_id, name, frequency, cron_expression, run_at, interval_seconds, timezone, starts_at, ends_at, paused_until, calendar_id, on_closed_day, jitter_seconds, misfire_policy, misfire_cap, overlap_policy, max_consecutive_failures, is_enabled, priority, execution_mode, environment, required_capabilities, required_tags, robot_id, pool_id, dedupe_key, metadata, auto_disabled_at, deleted_at', '{schedule_id}', '{updated_at,next_run_at,last_run_at,run_count,failure_count,consecutive_failures,input}'),
                ('public.triggers', 'insert or delete or update of workflow_id, name, config, is_enabled, deleted_at', '{trigger_id}', '{updated_at,version,trigger_count,duplicate_count,filtered_count,rejected_count,limited_count,last_triggered_at,error_message,window_began_at,window_count,window_notes}'),
                ('private.trigger_secrets', 'insert or delete', '{trigger_id,secret_id}', '{key_hash,sealed}'),
                ('public.calendars', 'insert or update or delete', '{calendar_id}', '{updated_at,rules_until,warned_until}'),
                ('public.calendar_blackouts', 'insert or update or delete', '{calendar_id,starts_at}', '{}'),
                ('public.robots', 'insert or update or delete', '{robot_id}', '{updated_at}'),
                ('public.pools', 'insert or update or delete', '{pool_id}', '{}'),
                ('public.pool_members', 'insert or update or delete', '{pool_id,invitee}', '{tenant_id,invited_by,accepted_by}'),
                ('private.limits', 'insert or update or delete', '{scope,workflow_id,concurrency_key}', '{limit_id,counter_ids,updated_at}'),
                ('private.shares', 'update of weight', '{workflow_id}', '{}')
        ) as audited (table_name, operations, keys, hidden)
    loop
        execute format('drop trigger if exists audit_change on %s', v_audited.table_name);
        execute format(
            'create trigger audit_change after %s on %s for each row execute function private.audit_change(%L, %L)',
            v_audited.operations, v_audited.table_name, v_audited.keys, v_audited.hidden
        );
    end loop;
end
$$;
