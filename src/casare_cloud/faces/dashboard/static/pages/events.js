// What happens in the tenant, the newest first, live.
import { html, useEffect, useState } from "../core/ui.js";
import { get } from "../core/api.js";
import { link, route, setQuery, useTitle } from "../core/router.js";
import { onEvents } from "../core/live.js";
import { useQuery } from "../core/query.js";
import { Time } from "../core/time.js";
import { Empty, Foreign, Head, Loading, Trouble } from "../parts/basic.js";

const HELD = 500, KINDS = [["", "All"], ["job", "Jobs"], ["robot", "Robots"], ["schedule", "Schedules"], ["trigger", "Triggers"], ["workflow", "Workflows"]];

export default function Events() {
  useTitle("Events");
  const kind = route.value.query.get("kind") ?? "";
  const { data, error, loading, reload } = useQuery("activity", (a) => get("/metrics/activity", { limit: 100 }, a), { every: 300_000 });
  const [fresh, setFresh] = useState([]);
  useEffect(() => onEvents((events) => setFresh((before) => [...events.slice(-HELD).reverse(), ...before].slice(0, HELD))), []);
  const seen = new Set(fresh.map((e) => e.seq));
  const old = (data?.events ?? []).filter((e) => !seen.has(e.seq)).map((e) => ({ seq: e.seq, event_type: e.type.replace("_", "."), timestamp: e.timestamp, job_id: e.job_id, robot_external_id: null, workflow_id: e.workflow_id, title: e.title, details: e.details, data: e.data }));
  const shown = [...fresh, ...old].filter((e) => !kind || e.event_type.startsWith(kind + "."));
  return html`<${Head} title="Events" note=${html`<span class="m">newest first</span>`} /><${Trouble} error=${error} retry=${reload} />
    <section class="card" aria-label="Events"><div class="tool"><span class="chips" role="group" aria-label="Kind">${KINDS.map(([k, word]) => html`<button type="button" class="chip" aria-pressed=${kind === k ? "true" : "false"} onClick=${() => setQuery({ kind: k })}>${word}</button>`)}</span></div>
    ${loading && !fresh.length ? html`<${Loading} rows=${6} />` : shown.length ? html`<table class="tbl free"><caption class="sr">Events</caption><thead><tr><th class="w-s">Number</th><th class="w-at">Time</th><th class="w-m">What</th><th>Of</th><th class="w-m">Robot</th></tr></thead><tbody>${shown.slice(0, 200).map((e) => html`<tr key=${e.seq}><td class="m">${e.seq}</td><td><${Time} at=${e.timestamp} /></td><td>${e.event_type}</td><td>${e.job_id ? html`<a data-row href=${link(["jobs", e.job_id])}><${Foreign} text=${e.data?.workflow_name ?? e.title ?? e.job_id} /></a>` : html`<${Foreign} text=${e.data?.workflow_name ?? e.data?.schedule_name ?? e.data?.name ?? e.title ?? ""} />`} <span class="m s"><bdi>${e.data?.error_message ?? e.details ?? ""}</bdi></span></td><td class="m"><${Foreign} text=${e.robot_external_id ?? "–"} /></td></tr>`)}</tbody></table>` : html`<${Empty}>Nothing has happened yet. What happens appears here at once.<//>`}</section>`;
}
