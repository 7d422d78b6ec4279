"""How a stranger would call every function that a client role may execute, with the ids of somebody else's things.

The test of isolation fails for a function that is executable and has no entry here. `%(name)s` is a thing of tenant A
in one run and a thing that does not exist in the next (tests/database/world.py); the two answers must be the same.
"""

_SCHEDULE = "jsonb_build_object('name', 'x', 'cron_expression', '@daily', 'workflow_id', %s)"

# By name, with its schema.
CALLS: dict[str, list[str]] = {
    # tenancy
    "public.accept_invitation": ["public.accept_invitation(%(token)s)"],
    "public.assign_role": [
        "public.assign_role(%(user)s, %(role)s)",
        "public.assign_role(%(colleague)s, '00000000-0000-7000-8000-000000000001')",
    ],
    "public.create_api_key": [
        "public.create_api_key('robot', 'k', sha256('new'), 'p', %(robot)s)",
        "public.create_api_key('service', 'k', sha256('new'), 'p', null, '{*}')",
    ],
    "public.create_role": ["public.create_role('R', 'custom', '{jobs.read}')"],
    "public.delete_role": ["public.delete_role(%(role)s)"],
    "public.invite_member": [
        "public.invite_member('x@example.test', %(role)s, sha256('new'))",
        "public.invite_member('x@example.test', '00000000-0000-7000-8000-000000000001', sha256('new'))",
    ],
    "public.list_members": [
        "public.list_members(%(user)s)",
        "public.list_members(null, %(role)s)",
        "public.list_members(p_search => '@')",
    ],
    # the audit log and figures
    "public.list_audit_log": [
        "public.list_audit_log()",
        "public.list_audit_log(p_actor => (%(user)s)::text)",
        "public.list_audit_log(array['workflows'], p_actor_id => %(user)s, p_resource_id => (%(workflow)s)::text)",
    ],
    "public.list_notifications": ["public.list_notifications()"],
    "public.read_notifications": ["public.read_notifications()"],
    "public.count_audit_log": ["public.count_audit_log()"],
    "public.list_acts": ["public.list_acts()", "public.list_acts(90, 100, %(user)s)"],
    "public.get_job_timeline": ["public.get_job_timeline(90, 'hour')"],
    "public.get_workflow_performance": ["public.get_workflow_performance(90, 50)"],
    "public.list_invitations": ["public.list_invitations()", "public.list_invitations('open', %(invitation)s)"],
    "public.set_member_roles": [
        "public.set_member_roles(%(user)s, array[%(role)s]::uuid[])",
        "public.set_member_roles(%(colleague)s, '{00000000-0000-7000-8000-000000000001}')",
    ],
    "public.list_my_tenants": ["public.list_my_tenants()"],
    "public.list_settings": ["public.list_settings()"],
    "public.set_settings": ['public.set_settings(\'{"timezone": "Asia/Tokyo", "queue.fair_share": true}\')'],
    "public.list_quotas": ["public.list_quotas()"],
    "public.list_roles": ["public.list_roles(%(role)s)", "public.list_roles()"],
    "public.update_member": [
        "public.update_member(%(user)s, 'x')",
        "public.update_member(%(colleague)s, p_is_active => false)",
    ],
    "public.remove_member": ["public.remove_member(%(user)s)", "public.remove_member(%(colleague)s)"],
    "public.revoke_api_key": ["public.revoke_api_key(%(key)s)", "public.revoke_api_key(%(robot_key)s)"],
    "public.revoke_invitation": ["public.revoke_invitation(%(invitation)s)"],
    "public.rotate_api_key": [
        "public.rotate_api_key(%(key)s, sha256('new'), 'p')",
        "public.rotate_api_key(%(robot_key)s, sha256('new'), 'p', 60)",
    ],
    "public.set_active_tenant": ["public.set_active_tenant(%(tenant)s)"],
    "public.unassign_role": [
        "public.unassign_role(%(user)s, %(role)s)",
        "public.unassign_role(%(user)s, '00000000-0000-7000-8000-000000000001')",
    ],
    "public.update_role": ["public.update_role(%(role)s, 'x', 'x', '{jobs.read}')"],
    "public.update_tenant": ["public.update_tenant('x', 'UTC', 60)"],
    "public.whoami": ["public.whoami()"],
    "private.authorize": ["private.authorize('jobs.read')", "private.authorize('members.write')"],
    "private.caller": ["private.caller()"],
    "private.member_tenant_id": ["private.member_tenant_id()"],
    "private.permitted_tenant_id": ["private.permitted_tenant_id('jobs.read')"],
    "private.begin_idempotent_request": ["private.begin_idempotent_request(%(idempotency_key)s, 'body')"],
    "private.finish_idempotent_request": ["private.finish_idempotent_request(%(idempotency_key)s, 200, '{}')"],
    "private.clock": ["private.clock()"],
    "private.back_at": ["private.back_at()"],
    # workflows
    "public.delete_workflow": ["public.delete_workflow(%(workflow)s)"],
    "public.draft_workflow": ["public.draft_workflow(null, null, null, %(workflow)s)"],
    "public.update_workflow": [
        'public.update_workflow(%(workflow)s, \'{"name": "x"}\')',
        'public.update_workflow(%(workflow)s, \'{"status": "archived"}\', 7)',
    ],
    "public.list_workflow_history": ["public.list_workflow_history(%(workflow)s)"],
    "private.audit_execution": ["private.audit_execution(%(queued)s)"],
    "public.keep_held_jobs": ["public.keep_held_jobs()"],
    "public.submit_workflow": ["public.submit_workflow('x', '{\"nodes\": []}', null, null, %(workflow)s)"],
    "private.record_workflow_backup": ["private.record_workflow_backup(%(workflow)s, 1)"],
    "private.list_workflow_backups": ["private.list_workflow_backups(%(workflow)s)"],
    "private.forget_workflow_backups": ["private.forget_workflow_backups(%(workflow)s, '{1}')"],
    # robots
    "public.explain_robot": ["public.explain_robot(%(robot)s)", "public.explain_robot(%(robot_name)s)"],
    "public.command_robot": [
        "public.command_robot(%(robot)s, 'shutdown')",
        "public.command_robot(%(robot_name)s, 'quarantine', 'x')",
    ],
    "public.delete_robot": ["public.delete_robot(%(robot)s)", "public.delete_robot(%(robot_name)s)"],
    "public.record_heartbeat": [
        "public.record_heartbeat(%(robot)s, '{\"cpu\": 1}')",
        "public.record_heartbeat(%(robot_name)s)",
        "public.record_heartbeat()",
        "public.record_heartbeat(p_acknowledged_commands => array[%(command)s]::uuid[])",
    ],
    "public.register_robot": ["public.register_robot(%(robot_name)s, 'x')"],
    "public.set_robot_status": [
        "public.set_robot_status(%(robot)s, 'maintenance')",
        "public.set_robot_status(%(robot_name)s, 'offline')",
    ],
    "public.update_robot": [
        'public.update_robot(%(robot)s, \'{"name": "x"}\')',
        'public.update_robot(%(robot_name)s, \'{"environment": "x"}\')',
    ],
    "private.calling_robot_id": ["private.calling_robot_id()"],
    # pools
    "public.create_pool": ["public.create_pool('x')"],
    "public.update_pool": [
        "public.update_pool(%(pool)s, 'mine', 'robot_seconds')",
        "public.update_pool(%(pool_name)s, 'mine', 'robot_seconds')",
    ],
    "public.delete_pool": ["public.delete_pool(%(pool)s)", "public.delete_pool(%(pool_name)s)"],
    "public.list_pools": ["public.list_pools()"],
    "public.list_pool_members": ["public.list_pool_members(%(pool)s)"],
    "public.put_pool_member": [
        "public.put_pool_member(%(pool)s, 'b')",
        "public.put_pool_member(%(pool_name)s, 'c', 3)",
    ],
    "public.remove_pool_member": [
        "public.remove_pool_member(%(pool)s, 'c')",
        "public.remove_pool_member(%(pool_name)s, 'c')",
    ],
    "public.accept_pool": ["public.accept_pool(%(pool)s)", "public.accept_pool(%(pool_name)s)"],
    "public.leave_pool": ["public.leave_pool(%(pool)s)", "public.leave_pool(%(pool_name)s)"],
    "public.set_robot_pool": [
        "public.set_robot_pool(%(robot)s)",
        "public.set_robot_pool(%(own_robot)s, %(pool)s)",
    ],
    "private.joined_pool_ids": ["private.joined_pool_ids()"],
    "private.count_held_jobs": ["private.count_held_jobs(%(robot)s::uuid)"],
    # queue
    "public.enqueue_job": [
        "public.enqueue_job(%(workflow)s)",
        "public.enqueue_job(%(own_workflow)s, p_robot_id => %(robot)s)",
        "public.enqueue_job(%(own_workflow)s, p_robot_id => %(robot_name)s)",
        "public.enqueue_job(%(own_workflow)s, p_dedupe_key => %(dedupe_key)s)",
        "public.enqueue_job(%(own_workflow)s, p_pool => %(pool)s)",
        "public.enqueue_job(%(own_workflow)s, p_pool => %(pool_name)s)",
    ],
    "public.enqueue_jobs": [
        "public.enqueue_jobs(jsonb_build_array(jsonb_build_object('workflow_id', %(workflow)s::uuid)))",
        "public.enqueue_jobs(jsonb_build_array(jsonb_build_object("
        "'workflow_id', %(own_workflow)s::uuid, 'robot_id', %(robot)s::text)))",
        "public.enqueue_jobs(jsonb_build_array(jsonb_build_object("
        "'workflow_id', %(own_workflow)s::uuid, 'pool', %(pool)s::text)))",
        "public.enqueue_jobs(jsonb_build_array(jsonb_build_object("
        "'workflow_id', %(own_workflow)s::uuid, 'dedupe_key', %(dedupe_key)s::text)))",
    ],
    "public.claim_jobs": [
        "public.claim_jobs()",
        "public.claim_jobs(100, p_listening => true)",
        "public.claim_jobs(1, 60, 'empty', true)",
        "public.claim_jobs(1, 60, 'elsewhere', p_moves => true)",
    ],
    "public.start_job": ["public.start_job(%(held)s, %(lease)s)", "public.start_job(%(held_by_revoked)s, %(lease)s)"],
    "public.renew_leases": [
        "public.renew_leases(jsonb_build_array("
        "jsonb_build_object('job_id', %(held)s::uuid, 'lease_token', %(lease)s::bigint)))"
    ],
    "public.report_progress": [
        "public.report_progress(%(held)s, 99, 'x', 'x', %(lease)s)",
        "public.report_progress(%(held_by_revoked)s, 99)",
        "public.report_progress(%(queued)s, 99)",
        "public.report_progress(%(done)s, 99)",
    ],
    "public.complete_job": [
        "public.complete_job(%(held)s, %(lease)s, '{}')",
        "public.complete_job(%(held)s, 0, '{}')",
        "public.complete_job(%(queued)s, 1, '{}')",
        "public.complete_job(%(done)s, 1, '{}')",
    ],
    "public.fail_job": ["public.fail_job(%(held)s, %(lease)s, 'x')", "public.fail_job(%(queued)s, 1, 'x')"],
    "public.release_job": [
        "public.release_job(%(held)s, %(lease)s)",
        "public.release_job(%(held_by_revoked)s, %(lease)s)",
        "public.release_job(%(held)s, %(lease)s, 'x')",
    ],
    "public.append_robot_logs": ['public.append_robot_logs(\'[{"message": "x"}]\', 1)'],
    "public.get_robot_session": ["public.get_robot_session()"],
    "public.leave_robot_session": ["public.leave_robot_session(gen_random_uuid())"],
    "public.append_job_logs": [
        'public.append_job_logs(%(held)s, %(lease)s, \'[{"level": "info", "message": "x"}]\')',
        'public.append_job_logs(%(done)s, 1, \'[{"level": "info", "message": "x"}]\')',
    ],
    "public.cancel_job": [
        "public.cancel_job(%(queued)s)",
        "public.cancel_job(%(held)s, 'x')",
        "public.cancel_job(%(held)s, 'x', true)",
        "public.cancel_job(%(done)s)",
    ],
    "public.explain_job": [
        "public.explain_job(%(queued)s)",
        "public.explain_job(%(held)s)",
        "public.explain_job(%(failed)s)",
    ],
    "public.name_missing_robot": [
        "public.name_missing_robot(%(queued)s)",
        "public.name_missing_robot(%(held)s)",
        "public.name_missing_robot(%(done)s)",
    ],
    "public.requeue_dead_letter": ["public.requeue_dead_letter(%(failed)s)", "public.requeue_dead_letter(%(done)s)"],
    "public.requeue_dead_letters": ["public.requeue_dead_letters(array[%(failed)s, %(done)s]::uuid[])"],
    "public.purge_dead_letter": ["public.purge_dead_letter(%(failed)s)"],
    "public.purge_dead_letters": ["public.purge_dead_letters(array[%(failed)s, %(done)s]::uuid[])"],
    "public.retry_job": [
        "public.retry_job(%(failed)s)",
        "public.retry_job(%(done)s, '{}')",
        "public.retry_job(%(queued)s)",
    ],
    "public.purge_jobs": [
        "public.purge_jobs('{completed,failed,cancelled,timeout}')",
        "public.purge_jobs(p_workflow_id => %(workflow)s)",
        "public.purge_jobs(p_dry_run => true)",
    ],
    "public.get_retention": ["public.get_retention()"],
    "public.set_retention": ["public.set_retention('{\"jobs\": 1}')"],
    "public.complete_jobs": [
        "public.complete_jobs(jsonb_build_array("
        "jsonb_build_object('job_id', %(held)s::uuid, 'lease_token', %(lease)s::bigint)))"
    ],
    "public.fail_jobs": [
        "public.fail_jobs(jsonb_build_array(jsonb_build_object("
        "'job_id', %(held)s::uuid, 'lease_token', %(lease)s::bigint, 'error_message', 'x')))"
    ],
    "public.cancel_jobs": ["public.cancel_jobs(array[%(queued)s, %(held)s, %(done)s]::uuid[])"],
    "public.retry_jobs": ["public.retry_jobs(array[%(failed)s, %(queued)s]::uuid[])"],
    "public.set_limit": [
        "public.set_limit('workflow', %(workflow)s)",
        "public.set_limit('key', p_concurrency_key => %(concurrency_key)s)",
    ],
    "public.remove_limit": [
        "public.remove_limit('workflow', %(workflow)s)",
        "public.remove_limit('key', p_concurrency_key => %(concurrency_key)s)",
    ],
    "public.list_limits": ["public.list_limits()"],
    "public.list_shares": ["public.list_shares()"],
    "public.set_share": ["public.set_share(%(workflow)s, 2)"],
    "private.held_job_ids": ["private.held_job_ids()"],
    "private.unfinished_job_ids": [
        "private.unfinished_job_ids(true)",
        "private.unfinished_job_ids(false, 10)",
        "private.unfinished_job_ids(false, 10, '00000000-0000-7000-8000-00000000dead')",
    ],
    "private.job_reader_tenant_id": ["private.job_reader_tenant_id()"],
    # analytics
    "public.get_fleet_metrics": ["public.get_fleet_metrics()"],
    "public.get_queue_depth": ["public.get_queue_depth()"],
    "public.get_job_analytics": [
        "public.get_job_analytics()",
        "public.get_job_analytics(90)",
        "public.get_job_analytics(p_hours => 1)",
    ],
    "public.get_robot_metrics": ["public.get_robot_metrics(%(robot)s::uuid)"],
    "public.get_job_series": [
        "public.get_job_series('minute')",
        "public.get_job_series('day', 90, 'Europe/Berlin')",
        "public.get_job_series('day', 7, p_robot_id => %(robot)s::uuid)",
    ],
    "public.get_robot_measurements": ["public.get_robot_measurements(%(robot)s::text)"],
    "public.list_waiting_reasons": ["public.list_waiting_reasons()"],
    # schedules
    "public.create_schedule": [
        "public.create_schedule(" + _SCHEDULE % "%(workflow)s::uuid" + ")",
        "public.create_schedule(" + _SCHEDULE % "%(own_workflow)s::uuid, 'pool', %(pool)s::text" + ")",
        "public.create_schedule(" + _SCHEDULE % "%(own_workflow)s::uuid, 'pool', %(pool_name)s::text" + ")",
        "public.create_schedule(" + _SCHEDULE % "%(own_workflow)s::uuid, 'robot_id', %(robot)s::text" + ")",
    ],
    "public.explain_schedule": ["public.explain_schedule(%(schedule)s, now())"],
    "public.list_upcoming_runs": ["public.list_upcoming_runs(100)", "public.list_upcoming_runs(100, %(workflow)s)"],
    "public.create_calendar": ['public.create_calendar(\'{"name": "x"}\')'],
    "public.update_calendar": ['public.update_calendar(%(calendar)s, \'{"name": "x"}\')'],
    "public.delete_calendar": ["public.delete_calendar(%(calendar)s)"],
    "public.list_calendars": ["public.list_calendars()", "public.list_calendars(%(calendar)s)"],
    "public.delete_schedule": ["public.delete_schedule(%(schedule)s)"],
    "public.trigger_schedule": ["public.trigger_schedule(%(schedule)s)"],
    "public.toggle_schedule": ["public.toggle_schedule(%(schedule)s)"],
    "public.toggle_trigger": ["public.toggle_trigger(%(trigger)s)"],
    "public.update_schedule": [
        'public.update_schedule(%(schedule)s, \'{"name": "x"}\')',
        "public.update_schedule(%(schedule)s, jsonb_build_object('workflow_id', %(own_workflow)s::uuid))",
    ],
    "public.simulate_schedule": [
        "public.simulate_schedule(" + _SCHEDULE % "%(own_workflow)s::uuid, 'robot_id', %(robot)s::text" + ")",
        "public.simulate_schedule(" + _SCHEDULE % "%(workflow)s::uuid" + ")",
    ],
    # triggers
    "public.create_trigger": [
        "public.create_trigger(%(workflow)s, 'x', 'manual')",
        "public.create_trigger(%(own_workflow)s, 'x', 'manual', jsonb_build_object('robot_id', %(robot)s::text))",
        "public.create_trigger(%(own_workflow)s, 'x', 'manual', jsonb_build_object('pool', %(pool_name)s::text))",
        "public.create_trigger(%(own_workflow)s, 'x', 'workflow_call', "
        "jsonb_build_object('source_workflow_id', %(workflow)s::uuid))",
    ],
    "public.update_trigger": [
        'public.update_trigger(%(trigger)s, \'{"name": "x"}\')',
        "public.update_trigger(%(chained)s, '{\"is_enabled\": false}')",
    ],
    "public.delete_trigger": ["public.delete_trigger(%(trigger)s)"],
    "public.set_trigger_secret": ["public.set_trigger_secret(%(trigger)s, sha256('mine'))"],
    "public.fire_trigger": [
        "public.fire_trigger(%(trigger)s)",
        "public.fire_trigger(%(chained)s, p_replay_of => %(delivery)s)",
    ],
    "public.test_trigger": [
        "public.test_trigger('webhook', jsonb_build_object('path', %(path)s::text))",
        "public.test_trigger('manual', jsonb_build_object('robot_id', %(robot)s::text))",
    ],
    "public.list_trigger_types": ["public.list_trigger_types()"],
    "public.list_robot_triggers": ["public.list_robot_triggers()"],
    # events and realtime
    "public.list_events": ["public.list_events()", "public.list_events(0, 1000)"],
    "public.get_event_cursor": ["public.get_event_cursor()"],
    "public.watch": ["public.watch()", "public.watch(%(queued)s)", "public.watch(%(held)s)"],
    "private.can_receive_topic": [
        "private.can_receive_topic('tenant:' || %(tenant)s || ':changes')",
        "private.can_receive_topic('job:' || %(held)s)",
        "private.can_receive_topic('robot:' || %(robot)s)",
    ],
    "private.can_send_to_topic": [
        "private.can_send_to_topic('job:' || %(held)s, 'broadcast')",
        "private.can_send_to_topic('job:' || %(held_by_revoked)s, 'broadcast')",
    ],
}

# Before anybody is known; for the functions' own login only: see test_login.py and test_api_keys.py.
BEFORE_A_CALLER = {
    "private.check_login",
    "private.count_request",
    "private.email_for_login",
    "private.find_webhook",
    "private.receive_delivery",
    "private.end_reused_session",
    "private.enter_with_key",
    "private.get_dev_mode_claims",
    "private.get_schema_version",
    "private.give_back_request",
    "private.is_invited",
    "private.is_registered_as",
    "private.move_session_back",
    "private.record_login",
    "private.session_tenant_id",
}

# What a viewer may make happen in the own tenant by reading: events get their number and ends of jobs are counted, a
# request is remembered.
_NUMBERING = {"private.event_inbox", "private.event_counters", "public.events", "public.job_rollups"}
EFFECTS_OF_READING = {
    "public.list_events": _NUMBERING,
    "public.get_event_cursor": _NUMBERING,
    "public.get_job_series": _NUMBERING,
    "public.list_acts": _NUMBERING,
    "public.list_notifications": _NUMBERING,
    "public.read_notifications": _NUMBERING | {"private.notification_marks"},
    "public.get_job_timeline": _NUMBERING,
    "public.get_workflow_performance": _NUMBERING,
    "public.watch": _NUMBERING | {"private.queue_tenants", "private.job_watches"},
    "public.get_fleet_metrics": _NUMBERING,
    "public.get_job_analytics": _NUMBERING,
    "public.get_robot_metrics": _NUMBERING,
    "private.begin_idempotent_request": {"private.idempotency_keys"},
}

# Tell the same to everybody.
HARMLESS = {"private.clock", "private.back_at"}
