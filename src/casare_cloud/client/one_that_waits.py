"""`SyncClient`: the methods of `Client` for programs that do not await, each written once, in `Client`."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx2

from casare_cloud.client.loop_thread import ThatWaits, iterates, waits
from casare_cloud.client.one_to_await import Client
from casare_cloud.client.session import Answer


class SyncClient(ThatWaits[Client]):
    """`Client` for programs that do not await: the same methods, each of which waits for its answer.

    May be used from several threads, and where an event loop runs already (it has one of its own, in a thread).
    """

    def __init__(
        self,
        base_url: str,
        *,
        api_key: str | None = None,
        http_transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        super().__init__(Client(base_url, api_key=api_key, http_transport=http_transport))

    @property
    def is_user(self) -> bool:
        """Whether a user has signed in."""
        return self._client.is_user

    def iterate(
        self, list_page: Callable[..., Answer | list[Answer]], *arguments: Any, **filters: Any
    ) -> Iterator[Answer]:
        """Every row of a list that takes `limit` and `offset`, as `Client.iterate` gives it."""
        listing = getattr(self._client, list_page.__name__)
        return self._thread.iterate(self._client.iterate(listing, *arguments, **filters))

    access_token = waits(Client.access_token)

    # --- who ----------------------------------------------------------------------------------------------------------

    login = waits(Client.login)
    register = waits(Client.register)
    logout = waits(Client.logout)
    me = waits(Client.me)
    list_tenants = waits(Client.list_tenants)
    switch_tenant = waits(Client.switch_tenant)

    # --- jobs ---------------------------------------------------------------------------------------------------------

    create_job = waits(Client.create_job)
    list_jobs = waits(Client.list_jobs)
    get_job = waits(Client.get_job)
    get_job_logs = waits(Client.get_job_logs)
    list_job_nodes = waits(Client.list_job_nodes)
    list_job_events = waits(Client.list_job_events)
    cancel_job = waits(Client.cancel_job)
    retry_job = waits(Client.retry_job)
    create_jobs = waits(Client.create_jobs)
    cancel_jobs = waits(Client.cancel_jobs)
    retry_jobs = waits(Client.retry_jobs)
    explain_job = waits(Client.explain_job)
    list_waiting_reasons = waits(Client.list_waiting_reasons)
    list_dead_letters = waits(Client.list_dead_letters)
    count_dead_letters = waits(Client.count_dead_letters)
    get_dead_letter = waits(Client.get_dead_letter)
    requeue_dead_letter = waits(Client.requeue_dead_letter)
    delete_dead_letter = waits(Client.delete_dead_letter)
    requeue_dead_letters = waits(Client.requeue_dead_letters)
    delete_dead_letters = waits(Client.delete_dead_letters)
    list_events = waits(Client.list_events)
    get_event_cursor = waits(Client.get_event_cursor)
    iterate_events = iterates(Client.iterate_events)

    # --- following ----------------------------------------------------------------------------------------------------

    watch = waits(Client.watch)
    wait_for_job = waits(Client.wait_for_job)
    wait = waits(Client.wait)
    watch_job = iterates(Client.watch_job)
    watch_events = iterates(Client.watch_events)
    watch_tenant = iterates(Client.watch_tenant)

    # --- lists as iterators -------------------------------------------------------------------------------------------

    jobs = iterates(Client.jobs)
    workflows = iterates(Client.workflows)
    schedules = iterates(Client.schedules)
    robots = iterates(Client.robots)
    dead_letters = iterates(Client.dead_letters)

    # --- workflows and schedules --------------------------------------------------------------------------------------

    submit_workflow = waits(Client.submit_workflow)
    upload_workflow = waits(Client.upload_workflow)
    list_workflows = waits(Client.list_workflows)
    get_workflow = waits(Client.get_workflow)
    list_workflow_versions = waits(Client.list_workflow_versions)
    get_workflow_version = waits(Client.get_workflow_version)
    delete_workflow = waits(Client.delete_workflow)
    create_schedule = waits(Client.create_schedule)
    list_schedules = waits(Client.list_schedules)
    list_upcoming_runs = waits(Client.list_upcoming_runs)
    get_schedule = waits(Client.get_schedule)
    update_schedule = waits(Client.update_schedule)
    enable_schedule = waits(Client.enable_schedule)
    disable_schedule = waits(Client.disable_schedule)
    trigger_schedule = waits(Client.trigger_schedule)
    delete_schedule = waits(Client.delete_schedule)
    list_missed_fires = waits(Client.list_missed_fires)
    list_schedule_fires = waits(Client.list_schedule_fires)
    explain_schedule = waits(Client.explain_schedule)
    simulate_schedule = waits(Client.simulate_schedule)

    # --- triggers -----------------------------------------------------------------------------------------------------

    create_trigger = waits(Client.create_trigger)
    list_triggers = waits(Client.list_triggers)
    list_trigger_types = waits(Client.list_trigger_types)
    get_trigger_status = waits(Client.get_trigger_status)
    check_trigger = waits(Client.check_trigger)
    get_trigger = waits(Client.get_trigger)
    update_trigger = waits(Client.update_trigger)
    enable_trigger = waits(Client.enable_trigger)
    disable_trigger = waits(Client.disable_trigger)
    delete_trigger = waits(Client.delete_trigger)
    fire_trigger = waits(Client.fire_trigger)
    rotate_trigger_secret = waits(Client.rotate_trigger_secret)
    get_trigger_stats = waits(Client.get_trigger_stats)
    list_deliveries = waits(Client.list_deliveries)
    get_delivery = waits(Client.get_delivery)
    replay_delivery = waits(Client.replay_delivery)

    # --- calendars ----------------------------------------------------------------------------------------------------

    list_calendars = waits(Client.list_calendars)
    create_calendar = waits(Client.create_calendar)
    get_calendar = waits(Client.get_calendar)
    update_calendar = waits(Client.update_calendar)
    delete_calendar = waits(Client.delete_calendar)
    list_calendar_days = waits(Client.list_calendar_days)
    refresh_calendar = waits(Client.refresh_calendar)
    import_calendar = waits(Client.import_calendar)

    # --- robots, keys and pools ---------------------------------------------------------------------------------------

    register_robot = waits(Client.register_robot)
    list_robots = waits(Client.list_robots)
    get_robot = waits(Client.get_robot)
    update_robot = waits(Client.update_robot)
    set_robot_status = waits(Client.set_robot_status)
    explain_robot = waits(Client.explain_robot)
    list_robot_logs = waits(Client.list_robot_logs)
    list_robot_commands = waits(Client.list_robot_commands)
    command_robot = waits(Client.command_robot)
    set_robot_pool = waits(Client.set_robot_pool)
    delete_robot = waits(Client.delete_robot)
    create_robot_api_key = waits(Client.create_robot_api_key)
    list_keys = waits(Client.list_keys)
    create_service_key = waits(Client.create_service_key)
    revoke_key = waits(Client.revoke_key)
    rotate_key = waits(Client.rotate_key)
    import_robot_token = waits(Client.import_robot_token)
    list_pools = waits(Client.list_pools)
    create_pool = waits(Client.create_pool)
    update_pool = waits(Client.update_pool)
    delete_pool = waits(Client.delete_pool)
    list_pool_members = waits(Client.list_pool_members)
    put_pool_member = waits(Client.put_pool_member)
    remove_pool_member = waits(Client.remove_pool_member)
    accept_pool = waits(Client.accept_pool)
    leave_pool = waits(Client.leave_pool)

    # --- members, settings and the audit log --------------------------------------------------------------------------

    list_members = waits(Client.list_members)
    get_member = waits(Client.get_member)
    update_member = waits(Client.update_member)
    remove_member = waits(Client.remove_member)
    list_roles = waits(Client.list_roles)
    list_permissions = waits(Client.list_permissions)
    create_role = waits(Client.create_role)
    update_role = waits(Client.update_role)
    delete_role = waits(Client.delete_role)
    list_invitations = waits(Client.list_invitations)
    create_invitation = waits(Client.create_invitation)
    revoke_invitation = waits(Client.revoke_invitation)
    accept_invitation = waits(Client.accept_invitation)
    list_settings = waits(Client.list_settings)
    update_settings = waits(Client.update_settings)
    list_quotas = waits(Client.list_quotas)
    purge_jobs = waits(Client.purge_jobs)
    list_audit_log = waits(Client.list_audit_log)
    export_audit_log = waits(Client.export_audit_log)
    iterate_audit_log = iterates(Client.iterate_audit_log)

    # --- limits, shares, figures and health ---------------------------------------------------------------------------

    list_limits = waits(Client.list_limits)
    set_limit = waits(Client.set_limit)
    remove_limit = waits(Client.remove_limit)
    list_shares = waits(Client.list_shares)
    set_share = waits(Client.set_share)
    get_fleet_metrics = waits(Client.get_fleet_metrics)
    list_robot_metrics = waits(Client.list_robot_metrics)
    get_robot_metrics = waits(Client.get_robot_metrics)
    get_series = waits(Client.get_series)
    get_robot_series = waits(Client.get_robot_series)
    get_robot_measurements = waits(Client.get_robot_measurements)
    list_job_metrics = waits(Client.list_job_metrics)
    get_job_metrics = waits(Client.get_job_metrics)
    get_analytics = waits(Client.get_analytics)
    list_activity = waits(Client.list_activity)
    get_prometheus_metrics = waits(Client.get_prometheus_metrics)
    get_health = waits(Client.get_health)
    get_detailed_health = waits(Client.get_detailed_health)
    is_ready = waits(Client.is_ready)
    is_live = waits(Client.is_live)
