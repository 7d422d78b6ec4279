"""What the groups of operations are about, as the page /docs says it."""

TAGS = {
    "api-keys": "Service keys (`sk_live_…`), with which programs call: list, make, revoke, rotate.",
    "audit": "Who changed which setting, written by the database itself; with an export.",
    "auth": "Log in, renew, log out; register; who the caller is; which tenants they belong to.",
    "calendars": "Business calendars that schedules heed: working hours, holidays, blackouts.",
    "dead letters": "Jobs that used up their attempts and are kept for a person: look, queue again, delete.",
    "events": "Everything that happened in the tenant, in a sequence without gaps.",
    "health": "Whether the process runs, and whether it can serve. No credentials are needed.",
    "jobs": "Enqueue, look, explain, cancel, retry; and what robots call: claim, start, progress, complete, fail.",
    "limits": "How many jobs may run at once: of the tenant, a workflow, a concurrency key.",
    "members": "People of the tenant, their roles, and invitations.",
    "metrics": "Figures of fleet, robots and jobs, for dashboards and Prometheus.",
    "pools": "Robots that several tenants share in turn.",
    "robot-api-keys": "Keys of robots (`crpa_…`): one for each robot.",
    "robots": "The fleet: register, look, explain, control; and what robots call: heartbeat, token.",
    "schedules": "Run workflows by the clock; simulate, explain, look ahead.",
    "settings": "What a tenant decides itself, what its plan allows, and the deletion of finished jobs.",
    "shares": "How workflows take turns in the robots, under fair share.",
    "triggers": "Run workflows when something happens: webhooks, other workflows, files, mails.",
    "watches": "Say that somebody looks, so that changes are pushed.",
    "workflows": "Submit, upload and delete workflows, and look at their versions.",
}
