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
                ('tenants', 'insert or update or delete', '{tenant_id}', '{updated_at}'),
                ('memberships', 'insert or update or delete', '{user_id}', '{}'),
                ('member_roles', 'insert or update or delete', '{user_id,role_id}', '{}'),
                ('roles', 'insert or update or delete', '{role_id}', '{}'),
                ('role_permissions', 'insert or update or delete', '{role_id,permission}', '{}'),
                ('api_keys', 'insert or update or delete', '{api_key_id}', '{key_hash,last_used_at}'),
                ('invitations', 'insert or update or delete', '{invitation_id}', '{token_hash}'),
                ('workflows', 'insert or update or delete', '{workflow_id}', '{updated_at}'),
                ('workflow_versions', 'insert', '{workflow_id,version}', '{definition}'),
                ('schedules', 'insert or update or delete', '{schedule_id}', '{updated_at,next_run_at,last_run_at,run_count,failure_count,input}'),
                ('robots', 'insert or update or delete', '{robot_id}', '{updated_at}'),
                ('pools', 'insert or update or delete', '{pool_id}', '{}'),
                ('pool_members', 'insert or update or delete', '{pool_id,invitee}', '{tenant_id,invited_by,accepted_by}')
        ) as audited (table_name, operations, keys, hidden)
    loop
        execute format('drop trigger if exists audit_change on public.%I', v_audited.table_name);
        execute format(
            'create trigger audit_change after %s on public.%I for each row execute function private.audit_change(%L, %L)',
            v_audited.operations, v_audited.table_name, v_audited.keys, v_audited.hidden
        );
    end loop;
end
$$;
