// The nodes of each attempt along its time: when each began, for how long it ran, what it healed or failed with. One can look at a
// step, which shows all that is known of it, and at its time alone.
import { duration, html, Icon, now, useState } from "../core/kit.js";
import { Button, Card, Empty, ENDED, Fact, Foreign, stateOf } from "./basic.js";

const MOST = 200, MARKS = 4;
const COLOURS = { done: "done", fail: "fail", run: "run", time: "fail" };
const time = (text) => { const t = Date.parse(text ?? ""); return Number.isNaN(t) ? null : t; };
const whole = (ms, live) => (live ? Math.floor(ms / 1000) * 1000 : ms);

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
  const [open, setOpen] = useState(null), [part, setPart] = useState(null); // the step that is looked at; { attempt, from, to } whose time is shown alone
  const live = !ENDED.has(job.status), spans = bounds(job, events);
  const numbers = [...new Set([...attempts.map((a) => a.attempt), ...spans.keys()])].sort((a, b) => a - b);
  if (!numbers.length) return live ? html`<${Card} title="Steps"><${Empty}>The robot tells its steps while it runs.<//><//>` : null;
  return html`<${Card} title="Steps" note=${numbers.length > 1 ? `${numbers.length} attempts, each along its own time` : ""} actions=${part ? html`<${Button} onClick=${() => setPart(null)}>Whole time<//>` : null}><div class="wf" role="list">${numbers.map((n) => html`<${Attempt} key=${n} number=${n} span=${spans.get(n)} nodes=${attempts.find((a) => a.attempt === n)?.nodes ?? []} job=${job} live=${live && n === job.attempts} many=${numbers.length > 1} all=${all} more=${() => showAll(true)} open=${open} setOpen=${setOpen} part=${part?.attempt === n ? part : null} setPart=${setPart} />`)}</div><//>`;
}

function Attempt({ number, span, nodes, job, live, many, all, more, open, setOpen, part, setPart }) {
  const known = new Set(nodes.map((n) => n.node_id));
  const rows = live && job.current_node && !known.has(job.current_node) ? [...nodes, { node_id: job.current_node, status: "running" }] : nodes;
  const starts = rows.map((n) => time(n.started_at)).filter((t) => t !== null);
  const ends = rows.map((n) => time(n.completed_at) ?? time(n.started_at) + (n.duration_ms ?? 0)).filter((t) => t > 0);
  const first = Math.min(span?.from ?? Infinity, ...starts), to = Math.max(live ? now.value : (span?.to ?? -Infinity), ...ends, ...starts);
  const timed = Number.isFinite(first) && Number.isFinite(to), from = part?.from ?? first;
  const width = timed ? Math.max(1, (part?.to ?? to) - from) : Math.max(1, ...rows.map((n) => n.duration_ms ?? 0));
  const last = Math.max(timed ? first : 0, ...ends);
  const outcome = live ? "running" : span?.outcome ?? job.status, [colour, icon, word] = stateOf(outcome);
  const shown = all ? rows : rows.slice(0, MOST);
  const marks = timed && rows.length ? html`<div class="r ax" aria-hidden="true"><span></span><span class="tr">${Array.from({ length: MARKS }, (_, i) => html`<b style=${{ left: `${(i * 100) / MARKS}%` }}>${duration(from - first + (width * i) / MARKS)}</b>`)}</span></div>` : null;
  return html`${many || !rows.length ? html`<div class="r at" role="listitem"><span class="nm"><span class=${`ic ${colour}`}><${Icon} name=${icon} spin=${live} /><span class="sr">${word}</span></span>Attempt ${number}<span class="k">${span?.robot ? html`on <bdi>${span.robot}</bdi>` : ""}${rows.length ? "" : ", no step was told"}</span></span><span></span><span class="du">${timed ? duration(whole(to - first, live)) : ""}</span></div>` : null}${marks}
    ${shown.map((n) => {
      const runs = live && n.node_id === job.current_node, status = runs ? "running" : n.status ?? "waiting", [c, i, w] = stateOf(status), key = `${number} ${n.node_id}`, isOpen = open === key;
      const began = time(n.started_at) ?? (runs ? last : null), ms = runs ? Math.max(0, to - began) : n.duration_ms ?? null;
      const start = began === null ? 0 : ((began - from) / width) * 100, end = start + Math.max(0.4, ((ms ?? 0) / width) * 100);
      const words = `${n.name ?? n.node_id}: ${w.toLowerCase()}${ms === null ? "" : `, ${duration(ms)}`}${began !== null && timed ? `, ${duration(Math.max(0, began - first))} after the beginning` : ""}`;
      const alone = () => { const pad = Math.max(1, (ms ?? 0) * 0.15); setPart({ attempt: number, from: began - pad, to: began + (ms ?? 0) + pad }); };
      return html`<div role="listitem" key=${key}><button type="button" class=${`r${isOpen ? " sel" : ""}`} title=${words} aria-expanded=${String(isOpen)} onClick=${() => setOpen(isOpen ? null : key)}><span class=${many ? "nm in" : "nm"}><span class=${`ic ${c}`}><${Icon} name=${i} spin=${runs} /><span class="sr">${w}</span></span><${Foreign} text=${n.name ?? n.node_id} /><span class="k hide-s">${n.node_type ?? ""}${n.runs > 1 ? ` ×${n.runs}` : ""}${n.is_healed ? ", healed" : ""}</span></span>
        <span class="tr" aria-hidden="true">${end > 0 && start < 100 ? html`<i class=${`lc-${COLOURS[c] ?? "delay"}${runs ? " liv" : ""}${began === null ? " vague" : ""}`} style=${{ left: `${Math.max(0, start)}%`, width: `${Math.min(100, end) - Math.max(0, start)}%` }}></i>` : null}</span><span class="du">${ms === null ? "" : duration(whole(ms, runs))}</span></button>
        ${n.error ? html`<div class="errc"><bdi>${n.error}</bdi></div>` : null}${isOpen ? html`<dl class="step"><dt>Id</dt><dd class="mono"><bdi>${n.node_id}</bdi></dd>${n.node_type ? html`<dt>Type</dt><dd>${n.node_type}</dd>` : null}${n.started_at ? html`<dt>Began</dt><dd><${Fact} at=${n.started_at} /> <span class="m">${duration(Math.max(0, began - first))} after the beginning</span></dd>` : null}${n.runs > 1 ? html`<dt>Ran</dt><dd>${n.runs.toLocaleString()} times</dd>` : null}${began !== null && timed ? html`<dt></dt><dd><${Button} icon="find" onClick=${alone}>Only its time<//></dd>` : null}</dl>` : null}</div>`;
    })}${rows.length > shown.length ? html`<button type="button" class="more" onClick=${more}>${(rows.length - shown.length).toLocaleString()} more steps</button>` : null}`;
}
