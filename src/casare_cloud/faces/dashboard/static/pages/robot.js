// One robot: what it does and why not more, how its machine is, and commands with their acknowledgement.
import { html, Icon, useEffect, useRef, useState } from "../core/ui.js";
import { call, get } from "../core/api.js";
import { link, useTitle } from "../core/router.js";
import { overview } from "../core/live.js";
import { can } from "../core/session.js";
import { useQuery } from "../core/query.js";
import { duration, Sentence, Time } from "../core/time.js";
import { Badge, Button, Card, CopyButton, Empty, Foreign, Head, Loading, stateOf, Trouble } from "../parts/basic.js";
import { confirm, toast } from "../parts/dialog.js";
import { follow, Row } from "../parts/jobs.js";
import { robotState } from "../parts/robots.js";
import { Ended } from "../parts/series.js";

const COMMANDS = {
  pause: ["Pause", "pause", "It takes no new job until it is resumed. What it runs, it ends."], resume: ["Resume", "play", null], drain: ["Drain", "tray", "It ends what it runs and takes nothing new."],
  shutdown: ["Shut down", "out", "It stops its program. Jobs that it runs are given back and run elsewhere."], quarantine: ["Quarantine", "shield", "It gets no job until somebody releases it."], release: ["Release", "check", null],
};

export default function Robot({ id }) {
  const path = `/robots/${encodeURIComponent(id)}`;
  const mine = (e) => e.robot_external_id === id || e.robot_id === id;
  const robot = useQuery(`robot ${id}`, (a) => get(path, {}, a), { on: mine, distance: 1000, every: 10_000 });
  const why = useQuery(`why ${id}`, (a) => get(`${path}/explain`, {}, a), { on: (e) => mine(e) || e.event_type === "job.queued", distance: 3000, every: 10_000 });
  const figures = useQuery(can("analytics.read") ? `metrics ${id}` : null, (a) => get(`/metrics/robots/${encodeURIComponent(id)}`, {}, a), { on: mine, distance: 5000, every: 30_000 });
  const jobs = useQuery(can("jobs.read") ? `jobs ${id}` : null, (a) => get("/jobs", { robot_id: id, limit: 15 }, a), { on: mine, apply: follow });
  useTitle(robot.data?.name ?? "Robot", !robot.loading);
  const crumb = html`<nav class="crumb" aria-label="Where you are"><a class="l" href="#/robots">Robots</a>/<span class="mono"><bdi>${id}</bdi></span><${CopyButton} text=${id} label="Copy the robot's id" /></nav>`;
  if (!robot.data) return html`<${Head} crumb=${crumb} title=${robot.error?.status === 404 ? "There is no such robot" : "Robot"} />${robot.error ? html`<${Trouble} error=${robot.error} retry=${robot.reload} />` : html`<${Loading} />`}`;
  const r = robot.data, state = robotState(r), w = why.data;
  const command = async (name) => {
    const [word, , text] = COMMANDS[name];
    const run = (reason) => call("POST", `${path}/${name}`, { body: reason ? { reason } : {} });
    const answer = text ? await confirm({ title: `${word} ${r.name}?`, text, action: word, reason: true, danger: ["shutdown", "quarantine"].includes(name), run }) : await run();
    if (!answer) return;
    toast(`${word}: told to ${r.name}.`);
    robot.reload();
  };
  const offered = r.quarantined_at ? ["release"] : [r.mode === "active" ? "pause" : "resume", "drain", "shutdown", "quarantine"];
  const c = r.last_command;
  return html`<${Head} crumb=${crumb} title=${html`<${Foreign} text=${r.name} />`} note=${html`<${Badge} big state=${state} />`}>${can("robots.control") ? offered.map((n) => html`<${Button} key=${n} icon=${COMMANDS[n][1]} danger=${n === "shutdown" || n === "quarantine"} onClick=${() => command(n)}>${COMMANDS[n][0]}${COMMANDS[n][2] ? "…" : ""}<//>`) : null}<//>
    ${w ? html`<section class=${`card explain ${stateOf(state)[0]}`} aria-label="What it does now"><${Icon} name=${stateOf(state)[1]} /><p><b><${Sentence} text=${w.sentence} /></b></p><p>${w.next_step === "Nothing." ? null : html`<bdi>${w.next_step}</bdi>`}${w.next_job_id ? html` <a class="l" href=${link(["jobs", w.next_job_id])}>Its next job</a>` : w.nearest_job_id ? html` <a class="l" href=${link(["jobs", w.nearest_job_id])}>The nearest job</a>` : null}</p></section>` : null}
    <div class="grid jg"><div class="stack"><${Load} robot=${r} />${can("analytics.read") ? html`<${Ended} path=${`/metrics/robots/${encodeURIComponent(id)}/series`} on=${mine} spans=${["24h", "30d", "90d"]} title="Jobs it ended" />` : null}
      <${Card} title="Its jobs" actions=${html`<a class="l s" href=${link(["jobs"], { robot: r.robot_id })}>All</a>`}>${jobs.data?.jobs.length ? html`<table class="tbl"><caption class="sr">Jobs of this robot</caption><thead><tr><th class="w-st">State</th><th>Workflow</th><th class="w-pg">Progress</th><th class="w-at">Created</th><th class="num w-du">Ran for</th></tr></thead><tbody>${jobs.data.jobs.map((j) => html`<${Row} key=${j.job_id} job=${j} short="robot" />`)}</tbody></table>` : jobs.loading ? html`<${Loading} />` : html`<${Empty}>It has run nothing yet. The sentence above says what it waits for.<//>`}<//></div>
    <div class="stack"><${Card} title="Facts"><dl>${[["Host", r.hostname], ["Environment", r.environment], ["Slots", `${r.current_job_ids.length} of ${r.max_concurrent_jobs} in use`], ["Can", r.capabilities.join(", ")], ["Tags", r.tags.join(", ")], ["Place", r.is_internet ? "internet" : "LAN"], ["In quarantine", r.quarantine_reason]].filter(([, v]) => v).map(([k, v]) => html`<dt>${k}</dt><dd><${Foreign} text=${v} /></dd>`)}<dt>Heard of</dt><dd><${Time} at=${r.last_seen} relative /></dd><dt>Registered</dt><dd><${Time} at=${r.created_at} /></dd></dl><//>
      ${figures.data ? html`<${Card} title="Today"><dl><dt>Completed</dt><dd>${figures.data.jobs_completed_today}</dd><dt>Failed</dt><dd>${figures.data.jobs_failed_today}</dd><dt>On average</dt><dd>${duration(figures.data.avg_job_duration_ms) || "–"}</dd></dl><//>` : null}
      <${Card} title="Last command">${c ? html`<dl><dt>Command</dt><dd>${c.command.replace(/_/g, " ")}</dd>${c.reason ? html`<dt>Reason</dt><dd><${Foreign} text=${c.reason} /></dd>` : null}<dt>Given</dt><dd><${Time} at=${c.issued_at} /></dd><dt>Taken</dt><dd>${c.acknowledged_at ? html`<${Time} at=${c.acknowledged_at} />` : "not yet: robots ask at their next heartbeat"}</dd></dl>` : html`<${Empty}>Nobody has told it anything.<//>`}<//></div></div>`;
}

// How busy its machine is: the last figure, and a line of those that came while this page is open.
function Load({ robot }) {
  const seen = useRef([]);
  const [, draw] = useState(0);
  const pushed = overview.value?.robots?.find((r) => r.robot_id === robot.robot_uuid);
  const m = { ...robot.metrics, ...(pushed?.cpu_percent !== undefined ? { cpu_percent: pushed.cpu_percent, memory_percent: pushed.memory_percent } : {}) };
  const stamp = pushed?.last_heartbeat_at ?? robot.last_heartbeat;
  useEffect(() => { if (stamp && seen.current.at(-1)?.stamp !== stamp && m.cpu_percent !== undefined) { seen.current = [...seen.current.slice(-119), { stamp, cpu: m.cpu_percent, memory: m.memory_percent }]; draw((n) => n + 1); } }, [stamp]);
  const line = (key) => { const all = seen.current; return all.length < 2 ? "" : "M" + all.map((s, i) => `${((i / (all.length - 1)) * 300).toFixed(1)},${(40 - (Math.min(100, s[key] ?? 0) / 100) * 38).toFixed(1)}`).join("L"); };
  const figure = (word, value, key, colour) => html`<div class="kpi"><span class="t">${word}</span><span class="v">${value === undefined || value === null ? "–" : `${Math.round(value)} %`}</span><svg class="sp" viewBox="0 0 300 40" preserveAspectRatio="none" aria-hidden="true"><path d=${line(key)} fill="none" stroke=${`var(--c-${colour})`} stroke-width="1.6" vector-effect="non-scaling-stroke" /></svg></div>`;
  return html`<${Card} title="Its machine" note=${stamp ? html`as of <${Time} at=${stamp} />` : ""}>${robot.last_heartbeat ? html`<div class="grid kpis duo">${figure("Processor", m.cpu_percent, "cpu", "run")}${figure("Memory", m.memory_percent, "memory", "done")}</div>` : html`<${Empty}>It has not told how its machine is.<//>`}<//>`;
}
