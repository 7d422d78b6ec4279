// The nodes of each attempt along its time: when each began, for how long it ran, what it healed or failed with.
import { html, Icon, useState } from "../core/ui.js";
import { duration, now } from "../core/time.js";
import { Card, Empty, ENDED, Foreign, stateOf } from "./basic.js";

const MOST = 200;
const COLOURS = { done: "done", fail: "fail", run: "run", time: "fail" };
const time = (text) => { const t = Date.parse(text ?? ""); return Number.isNaN(t) ? null : t; };

// When attempts began and ended, and on which robot, from the job's events; the running one from the job itself.
function bounds(job, events) {
  const found = new Map();
  let at = null;
  for (const e of events) {
    const t = Date.parse(e.timestamp), status = e.data?.status;
    if (e.event_type === "job.claimed") { at = { from: t, to: null, robot: e.robot_external_id }; found.set(e.data?.attempt ?? found.size + 1, at); }
    else if (e.event_type === "job.started" && at) at.from = t;
    else if (at && at.to === null && (ENDED.has(status) || e.event_type === "job.retrying" || e.event_type === "job.queued")) { at.to = t; at.outcome = ENDED.has(status) ? status : "failed"; }
  }
  if (!found.size && job.started_at) found.set(job.attempts, { from: Date.parse(job.started_at), to: time(job.completed_at), robot: job.robot_id, outcome: job.status });
  return found;
}

export function Waterfall({ attempts, job, events }) {
  const [all, showAll] = useState(false);
  const live = !ENDED.has(job.status), spans = bounds(job, events);
  const numbers = [...new Set([...attempts.map((a) => a.attempt), ...spans.keys()])].sort((a, b) => a - b);
  if (!numbers.length) return live ? html`<${Card} title="Steps"><${Empty}>The robot tells its steps while it runs.<//><//>` : null;
  return html`<${Card} title="Steps" note=${numbers.length > 1 ? `${numbers.length} attempts, each along its own time` : ""}><div class="wf" role="list">${numbers.map((n) => html`<${Attempt} key=${n} number=${n} span=${spans.get(n)} nodes=${attempts.find((a) => a.attempt === n)?.nodes ?? []} job=${job} live=${live && n === job.attempts} many=${numbers.length > 1} all=${all} more=${() => showAll(true)} />`)}</div><//>`;
}

function Attempt({ number, span, nodes, job, live, many, all, more }) {
  const known = new Set(nodes.map((n) => n.node_id));
  const rows = live && job.current_node && !known.has(job.current_node) ? [...nodes, { node_id: job.current_node, status: "running" }] : nodes;
  const starts = rows.map((n) => time(n.started_at)).filter((t) => t !== null);
  const ends = rows.map((n) => time(n.completed_at)).filter((t) => t !== null);
  const from = Math.min(span?.from ?? Infinity, ...starts), to = Math.max(live ? now.value : (span?.to ?? -Infinity), ...ends, ...starts);
  const whole = Number.isFinite(from) && Number.isFinite(to) ? Math.max(1, to - from) : Math.max(1, ...rows.map((n) => n.duration_ms ?? 0));
  const last = Math.max(Number.isFinite(from) ? from : 0, ...ends);
  const outcome = live ? "running" : span?.outcome ?? job.status, [colour, icon, word] = stateOf(outcome);
  const shown = all ? rows : rows.slice(0, MOST);
  return html`${many || !rows.length ? html`<div class="r at" role="listitem"><span class="nm"><span class=${`ic ${colour}`}><${Icon} name=${icon} spin=${live} /><span class="sr">${word}</span></span>Attempt ${number}<span class="k">${span?.robot ? html`on <bdi>${span.robot}</bdi>` : ""}${rows.length ? "" : ", no step was told"}</span></span><span></span><span class="du">${Number.isFinite(from) && Number.isFinite(to) ? duration(live ? Math.floor(whole / 1000) * 1000 : whole) : ""}</span></div>` : null}
    ${shown.map((n) => {
      const runs = live && n.node_id === job.current_node, status = runs ? "running" : n.status ?? "waiting", [c, i, w] = stateOf(status);
      const began = time(n.started_at) ?? (runs ? last : null), ms = runs ? Math.max(0, to - began) : n.duration_ms;
      const left = began === null ? 0 : Math.max(0, ((began - from) / whole) * 100), width = Math.min(100 - left, ((ms ?? 0) / whole) * 100);
      const words = `${n.name ?? n.node_id}: ${w.toLowerCase()}${ms === null || ms === undefined ? "" : `, ${duration(ms)}`}${began !== null && Number.isFinite(from) ? `, ${duration(Math.max(0, began - from))} after the beginning` : ""}${n.error ? `: ${n.error}` : ""}`;
      return html`<div class="r" role="listitem" key=${n.node_id} title=${words}><span class=${many ? "nm in" : "nm"}><span class=${`ic ${c}`}><${Icon} name=${i} spin=${runs} /><span class="sr">${w}</span></span><${Foreign} text=${n.name ?? n.node_id} /><span class="k hide-s">${n.node_type ?? ""}${n.runs > 1 ? ` ×${n.runs}` : ""}${n.is_healed ? ", healed" : ""}</span></span>
        <span class="tr" aria-hidden="true"><i class=${`lc-${COLOURS[c] ?? "delay"}${runs ? " liv" : ""}${began === null ? " vague" : ""}`} style=${{ left: `${left}%`, width: `${Math.max(0.4, width)}%` }}></i></span><span class="du">${ms === null || ms === undefined ? "" : duration(runs ? Math.floor(ms / 1000) * 1000 : ms)}</span></div>`;
    })}${rows.length > shown.length ? html`<button type="button" class="more" onClick=${more}>${(rows.length - shown.length).toLocaleString()} more steps</button>` : null}`;
}
