// The pages: first segment of the address, icon, name, and the permission without which the page is not offered.
export const PAGES = [
  ["", "home", "Overview", null], ["jobs", "list", "Jobs", "jobs.read"], ["robots", "bot", "Robots", "robots.read"], ["workflows", "flow", "Workflows", "workflows.read"],
  ["schedules", "cal", "Schedules", "schedules.read"], ["triggers", "bolt", "Triggers", "triggers.read"], ["dlq", "tray", "Dead letters", "jobs.read"], ["events", "pulse", "Events", "events.read"],
];
export const ORGANIZATION = [["members", "team", "Members and roles", "members.read"], ["keys", "key", "Keys", "api_keys.read"], ["limits", "gauge", "Limits and pools", "settings.read"], ["audit", "scroll", "Audit", "audit.read"], ["settings", "edit", "Settings", "settings.read"]];
// The module of a page and what it calls it, for all of a kind and for one of them.
export const MODULES = {
  "": ["overview", "Overview"], jobs: ["jobs", "Jobs", "job", "Job"], robots: ["robots", "Robots", "robots", "Robot"], workflows: ["workflows", "Workflows", "workflows", "Workflow"], schedules: ["schedules", "Schedules", "schedules", "Schedule"], triggers: ["triggers", "Triggers", "triggers", "Trigger"],
  dlq: ["records", "DeadLetters"], events: ["records", "Events"], audit: ["records", "Audit"], members: ["team", "Members"], keys: ["team", "Keys"], limits: ["rules", "Limits"], settings: ["rules", "Settings"],
};
export const pageOf = (first = "", second) => { const [file, part, oneFile, one] = MODULES[first] ?? []; return second && one ? [oneFile, one] : [file, part]; };
