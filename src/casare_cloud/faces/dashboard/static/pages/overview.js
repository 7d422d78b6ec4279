// In five seconds: what runs, what waits and why, what broke, and what needs a person.
import { ago, can, clockTime, duration, get, html, Icon, link, localTime, now, ofJobs, ofRobots, overview, Sentence, useQuery, useState, useTitle } from "../core/kit.js";
import { Bar, Button, Card, Empty, ENDED, Loading, plural, stateOf, To, Trouble, unnamed } from "../parts/basic.js";
import { follow, Jobs, runWorkflow } from "../parts/jobs.js";
import { rank, robotState, STATES_IN_ORDER, Tile } from "../parts/robots.js";
import { Ended, Spark, useSeries } from "../parts/series.js";

export function Overview() {
  const fleet = useQuery(can("analytics.read") ? "fleet" : null, (a) => get("/metrics/fleet", {}, a), { on: (e) => ofJobs(e) || ofRobots(e), distance: 3000 });
  const robots = useQuery(can("robots.read") ? "robots" : null, (a) => get("/robots", { limit: 500 }, a), { on: ofRobots, distance: 4000 });
  const running = useQuery(can("jobs.read") ? "running" : null, (a) => get("/jobs", { status: "running", limit: 8 }, a), { on: ofJobs, distance: 3000, every: 10_000, apply: (page, events) => ({ jobs: follow(page, events).jobs.filter((j) => !ENDED.has(j.status)) }) });
  const letters = useQuery(can("jobs.read") ? "letters" : null, (a) => get("/dlq/stats", {}, a), { on: (e) => ofJobs(e) && ENDED.has(e.data?.status), distance: 10_000 });
  const schedules = useQuery(can("schedules.read") ? "disabled" : null, (a) => get("/schedules", { enabled: false, limit: 200 }, a), { on: (e) => e.event_type.startsWith("schedule."), distance: 5000 });
  const missed = useQuery(can("schedules.read") ? "missed" : null, (a) => get("/schedules/missed", {}, a), { on: (e) => e.event_type === "schedule.missed", every: 120_000 });
  const triggers = useQuery(can("triggers.read") ? "disabled" : null, (a) => get("/triggers", { is_enabled: false, limit: 200 }, a), { on: (e) => e.event_type.startsWith("trigger."), distance: 5000 });
  const analytics = useQuery(can("analytics.read") ? "today" : null, (a) => get("/metrics/analytics", { days: 1 }, a), { every: 120_000 });
  const hours = useSeries(can("analytics.read") ? "/metrics/series" : null, "24h", ofJobs).data ?? [];
  const f = fleet.data, queue = overview.value?.queue;
  const waiting = queue ? queue.waiting : f?.queue_depth, busy = queue ? queue.running : f?.active_jobs;
  const list = robots.data?.robots ?? [];
  const needs = needsYou(list, letters.data, schedules.data ?? [], triggers.data?.triggers ?? [], missed.data?.missed ?? []);
  const asked = { robots, jobs: letters, schedules, missed, triggers }, wrong = Object.values(asked).find((q) => q.error);
  const ready = !wrong && Object.entries(asked).every(([what, q]) => !q.loading || !can(`${what === "missed" ? "schedules" : what}.read`));
  const title = !ready && !needs.length ? "Overview" : needs.length ? `${plural(needs.length, "thing needs", "things need")} you` : "Nothing needs you";
  useTitle("Overview");
  const working = list.filter((r) => r.current_job_ids.length).length, online = list.filter((r) => r.status !== "offline").length, able = list.filter((r) => ["idle", "busy"].includes(robotState(r)));
  return html`<div class="head"><div><h1 tabindex="-1">${title}</h1>${f ? html`<p class="m">${plural(busy, "job runs", "jobs run")} on ${working} of ${plural(list.length, "robot")}. ${waiting ? `${waiting.toLocaleString()} ${waiting === 1 ? "waits" : "wait"}${queue?.oldest_created_at ? `, the oldest for ${duration(Math.max(1000, Math.floor((now.value - Date.parse(queue.oldest_created_at)) / 1000) * 1000))}` : ""}.` : f.scheduled_jobs ? "None waits for a robot." : "None waits."} Done today: ${f.completed_jobs_today.toLocaleString()}.</p>` : null}</div>
      <div class="push">${can("jobs.create") ? html`<${Button} primary icon="bolt" onClick=${() => runWorkflow({})}>Run a workflow<//>` : null}</div></div>
    <${Trouble} error=${fleet.error} retry=${fleet.reload} />
    ${f ? html`<div class="grid kpis">
      <${Counter} icon="clock" colour="wait" word="Waiting" value=${waiting} capped=${queue?.is_capped} line=${hours.map((p) => p.unfinished)} href=${link(["jobs"], { status: "pending" })}>${plural(f.scheduled_jobs, "more waits", "more wait")} for a time or a retry<//>
      <${Counter} icon="play" colour="run" word="Running" value=${busy} href=${link(["jobs"], { status: "running" })}>${plural(able.reduce((n, r) => n + r.max_concurrent_jobs, 0), "slot")} on ${plural(able.length, "robot")} that ${able.length === 1 ? "takes" : "take"} jobs<//>
      <${Counter} icon="check" colour="done" word="Completed today" value=${f.completed_jobs_today} line=${hours.map((p) => p.completed)} href=${link(["jobs"], { status: "completed", hours: 24 })}>${analytics.data?.completed_jobs ? html`median <b>${duration(analytics.data.p50_duration_ms)}</b> · p90 ${duration(analytics.data.p90_duration_ms)}` : "no durations yet"}<//>
      <${Counter} icon="cross" colour="fail" word="Failed today" value=${f.failed_jobs_today} line=${hours.map((p) => p.failed + p.timed_out)} href=${link(["jobs"], { status: "failed", hours: 24 })}>${f.total_jobs_today ? html`<b>${((f.failed_jobs_today / f.total_jobs_today) * 100).toFixed(1)} %</b>` : "none ran"}${letters.data ? ` · ${plural(letters.data.open, "dead letter")}` : ""}<//></div>` : fleet.loading ? html`<${Loading} rows=${2} />` : null}
    <div class="grid g2"><${Card} title="Needs you" cls="need" note=${needs.length ? html`<span class="cnt fail">${needs.length}</span>` : null}><${Trouble} error=${wrong?.error} retry=${() => Object.values(asked).forEach((q) => q.error && q.reload())} />${needs.length ? html`<ul>${needs.slice(0, 8).map((n) => html`<li key=${n.key}><span class=${`ic ${n.colour}`}><${Icon} name=${n.icon} /></span><div><div class="h"><bdi>${n.title}</bdi></div><p><bdi>${n.text}</bdi></p></div><a class="btn" href=${n.href} aria-label=${`Look: ${n.title}`}>Look</a></li>`)}</ul>` : ready ? html`<${Empty}>No dead letter, no robot in trouble, nothing that was switched off by itself.<//>` : wrong ? null : html`<${Loading} />`}<//>${can("analytics.read") ? html`<${Ended} path="/metrics/series" on=${ofJobs} />` : null}</div>
    <div class="grid g2"><${Waiting} any=${waiting} /><${Card} title="Running now" actions=${html`<a class="l s" href="#/jobs">All jobs</a>`}><${Jobs} short="now" of=${running} rows=${running.data?.jobs} empty=${html`Nothing runs. ${waiting ? "Why those that wait do, is said beside." : online ? "Robots take a job as soon as one waits." : html`Start a robot: <code>casare-cloud robot run</code>.`}`} /><//></div>
    <${Card} title="Fleet" note=${fleetWords(list)}>${list.length ? html`<div class="fleet">${[...list].sort(rank).slice(0, 48).map((r) => html`<${Tile} key=${r.robot_uuid} robot=${r} />`)}</div>` : robots.loading ? html`<${Loading} />` : robots.error ? html`<${Trouble} error=${robots.error} retry=${robots.reload} />` : html`<${Empty}>There is no robot yet. Start one: <code>casare-cloud robot run</code>.<//>`}<//>`;
}

const Counter = ({ icon, colour, word, value, capped, line, href, children }) => html`<a class="card kpi" href=${href}><span class="t"><span class=${`ic ${colour}`}><${Icon} name=${icon} /></span>${word}</span><span class="v">${(value ?? 0).toLocaleString()}${capped ? "+" : ""}</span>${line ? html`<${Spark} values=${line} colour=${colour} />` : null}<span class="d">${children}</span></a>`;

function fleetWords(list) {
  const counts = new Map();
  for (const r of list) counts.set(robotState(r), (counts.get(robotState(r)) ?? 0) + 1);
  return [...counts].sort((a, b) => STATES_IN_ORDER.indexOf(a[0]) - STATES_IN_ORDER.indexOf(b[0])).map(([s, n]) => `${n} ${stateOf(s)[2].toLowerCase()}`).join(" · ");
}

function needsYou(robots, letters, schedules, triggers, missed) {
  const found = [];
  for (const r of robots) {
    const s = robotState(r), href = link(["robots", r.robot_id]);
    if (s === "quarantined") found.push({ key: r.robot_uuid, icon: "shield", colour: "fail", title: `${r.name} is in quarantine`, text: r.quarantine_reason ?? "It gets no job until it is released.", href });
    else if (s === "error") found.push({ key: r.robot_uuid, icon: "cross", colour: "fail", title: `${r.name} reports an error`, text: `Last heard of ${ago(r.last_seen ?? r.created_at)}.`, href });
    else if (s === "deaf") found.push({ key: r.robot_uuid, icon: "ear", colour: "warn", title: `${r.name} is deaf`, text: `It lives, but has asked for no job since ${clockTime(r.deaf_since).slice(0, 5)}, although work waits for it: restart its program.`, href });
    else if (r.status === "offline" && r.current_job_ids.length) found.push({ key: r.robot_uuid, icon: "dash", colour: "warn", title: `${r.name} is gone with ${plural(r.current_job_ids.length, "job")}`, text: "They go to other robots when its leases end.", href });
  }
  for (const w of letters?.by_workflow ?? []) if (w.letters) found.push({ key: w.workflow_id, icon: "tray", colour: "fail", title: `${plural(w.letters, "dead letter")} of ${w.workflow_name ?? unnamed()}`, text: can("jobs.retry") ? "No attempt is left: run them again, or delete them." : "No attempt is left.", href: link(["dlq"], { workflow: w.workflow_id }) });
  for (const s of schedules) if (s.auto_disabled_at) found.push({ key: s.schedule_id, icon: "cal", colour: "warn", title: `The schedule ${s.schedule_name} was switched off`, text: `${plural(s.consecutive_failures, "run")} in a row failed.`, href: link(["schedules", s.schedule_id]) });
  const seen = new Set();
  for (const m of missed) if (!seen.has(m.schedule_id)) { seen.add(m.schedule_id); found.push({ key: `missed ${m.schedule_id}`, icon: "cal", colour: "warn", title: `The schedule ${m.schedule_name} missed runs`, text: `The last one at ${localTime(m.missed_until)}: ${m.reason}`, href: link(["schedules", m.schedule_id]) }); }
  for (const t of triggers) if (t.disabled_reason) found.push({ key: t.trigger_id, icon: "bolt", colour: "warn", title: `The trigger ${t.name} was switched off`, text: t.disabled_reason, href: link(["triggers", t.trigger_id]) });
  return found;
}

// Why jobs wait, by the queue's own words, and how many for each reason.
function Waiting({ any }) {
  const { data, error, loading, reload } = useQuery(can("jobs.read") ? "why" : null, (a) => get("/queue/reasons", {}, a), { on: (e) => ofRobots(e) || ofJobs(e), distance: 5000, every: 30_000 });
  const [all, showAll] = useState(false);
  if (!can("jobs.read")) return null;
  const reasons = data?.reasons ?? [], whole = Math.max(1, (data?.waiting ?? 0) + (data?.scheduled ?? 0)), shown = all ? reasons : reasons.slice(0, 6);
  return html`<${Card} title="Why jobs wait" note=${data && reasons.length ? `${whole.toLocaleString()}${data.is_capped ? "+" : ""}` : ""} actions=${html`<a class="l s" href=${link(["jobs"], { status: "pending" })}>All waiting</a>`}><${Trouble} error=${error} retry=${reload} />${loading && any ? html`<${Loading} />` : !reasons.length ? html`<${Empty}>No job waits.<//>` : html`<ul class="why">${shown.map((w) => html`<li key=${w.reason_code + w.sentence} class=${w.verdict === "blocked" ? "warn" : ""}><span><a href=${link(["jobs", w.job_id])}><${Sentence} text=${w.sentence} /></a></span><b>${w.jobs.toLocaleString()}${w.is_capped ? "+" : ""}</b><span class="bar"><${Bar} percent=${(w.jobs / whole) * 100} colour=${w.verdict === "blocked" ? "warn" : "wait"} /></span>${w.verdict === "blocked" ? html`<span class="nx"><bdi>${w.next_step}</bdi></span>` : null}</li>`)}
    ${shown.length < reasons.length ? html`<li><button type="button" class="more" onClick=${() => showAll(true)}>${reasons.length - shown.length} more reasons</button></li>` : null}${data.others ? html`<li class="m">${plural(data.others, "more job waits", "more jobs wait")} for rarer reasons.</li>` : null}</ul>`}<//>`;
}
