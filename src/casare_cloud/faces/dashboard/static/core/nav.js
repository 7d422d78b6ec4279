// The pages: first segment of the address, icon, name, and the permission without which the page is not offered.
export const PAGES = [
  ["", "home", "Overview", null], ["jobs", "list", "Jobs", "jobs.read"], ["robots", "bot", "Robots", "robots.read"], ["workflows", "flow", "Workflows", "workflows.read"],
  ["schedules", "cal", "Schedules", "schedules.read"], ["triggers", "bolt", "Triggers", "triggers.read"], ["dlq", "tray", "Dead letters", "jobs.read"], ["events", "pulse", "Events", "events.read"],
];
export const ORGANIZATION = [["members", "team", "Members and roles", "members.read"], ["keys", "key", "Keys", "api_keys.read"], ["limits", "gauge", "Limits and pools", "settings.read"], ["audit", "scroll", "Audit", "audit.read"], ["settings", "edit", "Settings", "settings.read"]];
