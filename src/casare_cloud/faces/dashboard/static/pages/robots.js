// The fleet, trouble first.
import { html } from "../core/ui.js";
import { get } from "../core/api.js";
import { link, route, setQuery, useTitle } from "../core/router.js";
import { ofRobots, useQuery } from "../core/query.js";
import { Time } from "../core/time.js";
import { Badge, Empty, Foreign, Head, Loading, Trouble } from "../parts/basic.js";
import { robotState } from "../parts/robots.js";

const ORDER = ["quarantined", "error", "deaf", "draining", "paused", "maintenance", "busy", "idle", "offline", "disabled"];

export default function Robots() {
  useTitle("Robots");
  const q = route.value.query, text = (q.get("find") ?? "").toLowerCase(), wanted = q.get("state") ?? "";
  const { data, error, loading, reload } = useQuery("robots", (a) => get("/robots", { limit: 500 }, a), { on: (e) => ofRobots(e) || ["job.claimed", "job.completed", "job.failed"].includes(e.event_type), distance: 3000 });
  const all = data?.robots ?? [];
  const shown = all.filter((r) => (!wanted || robotState(r) === wanted) && (!text || [r.name, r.robot_id, r.hostname, r.environment, ...r.capabilities, ...r.tags].join(" ").toLowerCase().includes(text)))
    .sort((a, b) => ORDER.indexOf(robotState(a)) - ORDER.indexOf(robotState(b)) || a.name.localeCompare(b.name));
  const states = ORDER.filter((s) => all.some((r) => robotState(r) === s));
  return html`<${Head} title="Robots" note=${data ? html`<span class="m">${data.total.toLocaleString()}</span>` : null} /><${Trouble} error=${error} retry=${reload} />
    <section class="card" aria-label="Robots">${all.length ? html`<div class="tool"><input type="search" placeholder="Name, host, capability, tag" aria-label="Find robots" value=${q.get("find") ?? ""} onInput=${(e) => setQuery({ find: e.target.value })} /><span class="chips" role="group" aria-label="State"><button type="button" class="chip" aria-pressed=${wanted ? "false" : "true"} onClick=${() => setQuery({ state: "" })}>All</button>${states.map((s) => html`<button type="button" class="chip" aria-pressed=${wanted === s ? "true" : "false"} onClick=${() => setQuery({ state: s })}>${s} ${all.filter((r) => robotState(r) === s).length}</button>`)}</span></div>` : null}
    ${loading ? html`<${Loading} rows=${6} />` : shown.length ? html`<table class="tbl free"><caption class="sr">Robots</caption><thead><tr><th class="w-m">State</th><th>Robot</th><th class="w-s">Jobs</th><th>Can</th><th class="w-at">Environment</th><th class="w-at">Heard of</th></tr></thead><tbody>${shown.map((r) => html`<tr key=${r.robot_uuid}><td><${Badge} state=${robotState(r)} /></td><td><a data-row href=${link(["robots", r.robot_id])}><${Foreign} text=${r.name} /></a> <span class="m s"><bdi>${r.hostname}</bdi></span></td><td>${r.current_job_ids.length} of ${r.max_concurrent_jobs}</td><td class="m"><${Foreign} text=${[...r.capabilities, ...r.tags].join(", ") || "–"} /></td><td class="m"><${Foreign} text=${r.environment} /></td><td class="m"><${Time} at=${r.last_seen} relative /></td></tr>`)}</tbody></table>`
      : data ? html`<${Empty}>${all.length ? "No robot matches." : html`There is no robot yet. Make a key on the page Members and keys, and start one with it: <code>casare-cloud robot run</code>.`}<//>` : null}</section>`;
}
