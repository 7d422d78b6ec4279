"""What the groups of operations are about, as the page /docs says it."""

_LATER = "Comes later: each answers 501 and says so."

TAGS = {
    "activity": "What happened in the organization, the newest first.",
    "admin": "Overview, roles and permissions of the organization.",
    "agent-tasks": "What agents call for work: claim, progress, result.",
    "agents": "Agents, which are robots here: register, heartbeat, look, control.",
    "ai": _LATER,
    "analytics": "How executions did: figures, timelines, exports.",
    "api-keys": "Keys of programs (`sk_live_…`).",
    "audit-logs": "Who changed what.",
    "auth": "Register, log in, renew; who the caller is.",
    "bulk": "The same done to many workflows or executions; each has its own answer.",
    "credentials": _LATER,
    "dashboard": "The figures of the first page.",
    "executions": "Executions, which are jobs here: look, logs, data, retry, cancel.",
    "export": "Executions, audit log and figures as CSV or JSON.",
    "health": "Whether the process runs, and whether it can serve. No credentials are needed.",
    "integrations": _LATER,
    "notifications": "What ended and what disconnected, with what you have read. Channels come later.",
    "plugins": _LATER,
    "schedules": "Run workflows by the clock.",
    "storage": "A workflow with everything around it, and its latest results.",
    "task-types": "Types of steps, with the schemas of their configuration.",
    "templates": _LATER,
    "triggers": "Run workflows when something happens.",
    "user-roles": "Who has which role.",
    "users": "People of the organization, and invitations.",
    "workflow-variables": "What a workflow declares as variables, and how they are mapped to steps.",
    "workflows": "Drafts, publishing, running, archiving.",
}
