"""`SyncAutomationClient`: the methods of `AutomationClient` for programs that do not await, each written once there."""

import httpx2

from casare_cloud.client.automation.client import AutomationClient
from casare_cloud.client.loop_thread import ThatWaits, iterates, waits


class SyncAutomationClient(ThatWaits[AutomationClient]):
    """`AutomationClient` for programs that do not await: the same methods, each of which waits for its answer.

    May be used from several threads, and where an event loop runs already (it has one of its own, in a thread).
    """

    def __init__(
        self,
        base_url: str,
        *,
        api_key: str | None = None,
        http_transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        super().__init__(AutomationClient(base_url, api_key=api_key, http_transport=http_transport))

    send = waits(AutomationClient.send)
    wait = waits(AutomationClient.wait)
    access_token = waits(AutomationClient.access_token)

    # --- workflows ----------------------------------------------------------------------------------------------------

    list_workflows = waits(AutomationClient.list_workflows)
    iterate_workflows = iterates(AutomationClient.iterate_workflows)
    create_workflow = waits(AutomationClient.create_workflow)
    get_workflow = waits(AutomationClient.get_workflow)
    update_workflow = waits(AutomationClient.update_workflow)
    delete_workflow = waits(AutomationClient.delete_workflow)
    publish_workflow = waits(AutomationClient.publish_workflow)
    archive_workflow = waits(AutomationClient.archive_workflow)
    execute_workflow = waits(AutomationClient.execute_workflow)
    list_workflow_history = waits(AutomationClient.list_workflow_history)
    iterate_workflow_history = iterates(AutomationClient.iterate_workflow_history)
    clone_workflow = waits(AutomationClient.clone_workflow)
    get_workflow_detail = waits(AutomationClient.get_workflow_detail)
    download_results = waits(AutomationClient.download_results)
    publish_workflows = waits(AutomationClient.publish_workflows)
    archive_workflows = waits(AutomationClient.archive_workflows)
    delete_workflows = waits(AutomationClient.delete_workflows)
    list_variables = waits(AutomationClient.list_variables)
    set_variables = waits(AutomationClient.set_variables)
    set_mappings = waits(AutomationClient.set_mappings)
    validate_variables = waits(AutomationClient.validate_variables)
    list_task_types = waits(AutomationClient.list_task_types)
    get_task_type = waits(AutomationClient.get_task_type)

    # --- executions ---------------------------------------------------------------------------------------------------

    list_executions = waits(AutomationClient.list_executions)
    iterate_executions = iterates(AutomationClient.iterate_executions)
    get_execution = waits(AutomationClient.get_execution)
    list_execution_logs = waits(AutomationClient.list_execution_logs)
    get_execution_data = waits(AutomationClient.get_execution_data)
    retry_execution = waits(AutomationClient.retry_execution)
    cancel_execution = waits(AutomationClient.cancel_execution)
    cancel_executions = waits(AutomationClient.cancel_executions)
    retry_executions = waits(AutomationClient.retry_executions)

    # --- agents -------------------------------------------------------------------------------------------------------

    list_agents = waits(AutomationClient.list_agents)
    iterate_agents = iterates(AutomationClient.iterate_agents)
    register_agent = waits(AutomationClient.register_agent)
    count_agents = waits(AutomationClient.count_agents)
    get_agent = waits(AutomationClient.get_agent)
    update_agent = waits(AutomationClient.update_agent)
    delete_agent = waits(AutomationClient.delete_agent)
    rotate_agent_token = waits(AutomationClient.rotate_agent_token)
    list_queue = waits(AutomationClient.list_queue)
    iterate_queue = iterates(AutomationClient.iterate_queue)
    list_assigned_tasks = waits(AutomationClient.list_assigned_tasks)
    send_heartbeat = waits(AutomationClient.send_heartbeat)
    claim_task = waits(AutomationClient.claim_task)
    report_result = waits(AutomationClient.report_result)
    append_task_logs = waits(AutomationClient.append_task_logs)
    release_task = waits(AutomationClient.release_task)

    # --- schedules ----------------------------------------------------------------------------------------------------

    list_schedules = waits(AutomationClient.list_schedules)
    iterate_schedules = iterates(AutomationClient.iterate_schedules)
    create_schedule = waits(AutomationClient.create_schedule)
    get_schedule = waits(AutomationClient.get_schedule)
    update_schedule = waits(AutomationClient.update_schedule)
    delete_schedule = waits(AutomationClient.delete_schedule)
    toggle_schedule = waits(AutomationClient.toggle_schedule)

    # --- triggers -----------------------------------------------------------------------------------------------------

    list_triggers = waits(AutomationClient.list_triggers)
    iterate_triggers = iterates(AutomationClient.iterate_triggers)
    create_trigger = waits(AutomationClient.create_trigger)
    list_trigger_types = waits(AutomationClient.list_trigger_types)
    get_trigger_manager = waits(AutomationClient.get_trigger_manager)
    check_trigger = waits(AutomationClient.check_trigger)
    get_trigger = waits(AutomationClient.get_trigger)
    update_trigger = waits(AutomationClient.update_trigger)
    delete_trigger = waits(AutomationClient.delete_trigger)
    toggle_trigger = waits(AutomationClient.toggle_trigger)
    fire_trigger = waits(AutomationClient.fire_trigger)
    send_webhook = waits(AutomationClient.send_webhook)

    # --- people -------------------------------------------------------------------------------------------------------

    login = waits(AutomationClient.login)
    register = waits(AutomationClient.register)
    refresh = waits(AutomationClient.refresh)
    me = waits(AutomationClient.me)
    change_password = waits(AutomationClient.change_password)
    list_users = waits(AutomationClient.list_users)
    iterate_users = iterates(AutomationClient.iterate_users)
    invite_user = waits(AutomationClient.invite_user)
    get_user = waits(AutomationClient.get_user)
    update_user = waits(AutomationClient.update_user)
    deactivate_user = waits(AutomationClient.deactivate_user)
    list_roles_of_user = waits(AutomationClient.list_roles_of_user)
    assign_role = waits(AutomationClient.assign_role)
    assign_role_to_many = waits(AutomationClient.assign_role_to_many)
    unassign_role = waits(AutomationClient.unassign_role)
    list_users_of_role = waits(AutomationClient.list_users_of_role)
    get_admin_overview = waits(AutomationClient.get_admin_overview)
    update_organization = waits(AutomationClient.update_organization)
    list_roles = waits(AutomationClient.list_roles)
    create_role = waits(AutomationClient.create_role)
    update_role = waits(AutomationClient.update_role)
    delete_role = waits(AutomationClient.delete_role)
    list_permissions = waits(AutomationClient.list_permissions)
    get_config = waits(AutomationClient.get_config)
    list_api_keys = waits(AutomationClient.list_api_keys)
    create_api_key = waits(AutomationClient.create_api_key)
    revoke_api_key = waits(AutomationClient.revoke_api_key)

    # --- figures and audit --------------------------------------------------------------------------------------------

    get_dashboard_stats = waits(AutomationClient.get_dashboard_stats)
    get_analytics = waits(AutomationClient.get_analytics)
    get_timeline = waits(AutomationClient.get_timeline)
    get_performance = waits(AutomationClient.get_performance)
    report_summary = waits(AutomationClient.report_summary)
    report_executions = waits(AutomationClient.report_executions)
    export_executions = waits(AutomationClient.export_executions)
    export_audit_logs = waits(AutomationClient.export_audit_logs)
    export_analytics = waits(AutomationClient.export_analytics)
    list_audit_logs = waits(AutomationClient.list_audit_logs)
    iterate_audit_logs = iterates(AutomationClient.iterate_audit_logs)
    get_audit_stats = waits(AutomationClient.get_audit_stats)
    list_resource_types = waits(AutomationClient.list_resource_types)
    list_actions = waits(AutomationClient.list_actions)
    list_activity = waits(AutomationClient.list_activity)
    summarize_activity = waits(AutomationClient.summarize_activity)
    list_notifications = waits(AutomationClient.list_notifications)
    read_notification = waits(AutomationClient.read_notification)
    read_all_notifications = waits(AutomationClient.read_all_notifications)

    # --- the service itself -------------------------------------------------------------------------------------------

    get_info = waits(AutomationClient.get_info)
    check_health = waits(AutomationClient.check_health)
    get_status = waits(AutomationClient.get_status)
    get_health_detail = waits(AutomationClient.get_health_detail)
    check_ready = waits(AutomationClient.check_ready)
    check_live = waits(AutomationClient.check_live)
    get_metrics = waits(AutomationClient.get_metrics)
