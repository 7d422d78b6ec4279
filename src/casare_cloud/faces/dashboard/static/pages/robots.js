// The fleet, trouble first; and one robot: what it does and why not more, how its machine was, commands with their acknowledgement.
import { call, can, duration, get, html, Icon, ofRobots, overview, route, Sentence, setQuery, Time, useQuery, useTitle } from "../core/kit.js";
import { Absent, Badge, Button, Card, Chips, Count, Crumb, Empty, Fact, Facts, Find, Foreign, Head, List, Loading, stateOf, To, Trouble } from "../parts/basic.js";
import { confirm, toast } from "../parts/dialog.js";
import { follow, Jobs } from "../parts/jobs.js";
import { Keys, ROBOT_KEYS } from "../parts/keys.js";
import { rank, robotState, STATES_IN_ORDER } from "../parts/robots.js";
import { Ended, Machine } from "../parts/series.js";

export function Robots() {
  useTitle("Robots");
  const q = route.value.query, text = (q.get("find") ?? "").toLowerCase(), wanted = q.get("state") ?? "";
  const of = useQuery("robots", (a) => get("/robots", { limit: 500 }, a), { on: (e) => ofRobots(e) || ["job.claimed", "job.completed", "job.failed"].includes(e.event_type), distance: 3000 });
  const all = of.data?.robots ?? [];
  const shown = all.filter((r) => (!wanted || robotState(r) === wanted) && (!text || [r.name, r.robot_id, r.hostname, r.environment, ...r.capabilities, ...r.tags].join(" ").toLowerCase().includes(text))).sort(rank);
  const states = STATES_IN_ORDER.map((s) => [s, all.filter((r) => robotState(r) === s).length]).filter(([, n]) => n);
  return html`<${Head} title="Robots" note=${html`<${Count} n=${of.data?.total} />`} />
    <section class="card" aria-label="Robots">${all.length ? html`<div class="tool"><${Find} label="Find robots" hint="Name, host, can, tag" value=${q.get("find") ?? ""} set=${(find) => setQuery({ find })} /><${Chips} label="State" value=${wanted} set=${(state) => setQuery({ state })} of=${[["", "All"], ...states.map(([s, n]) => [s, `${stateOf(s)[2]} ${n}`])]} /></div>` : null}
    <${List} caption="Robots" of=${of} rows=${shown} id=${(r) => r.robot_uuid} empty=${all.length ? "No robot matches." : html`There is no robot yet. Make a key on the page Keys, and start one with it: <code>casare-cloud robot run</code>.`} cols=${[
      ["State", "w-m", (r) => html`<${Badge} state=${robotState(r)} />`], ["Robot", "", (r) => html`<${To} row path=${["robots", r.robot_id]} text=${r.name} /> <span class="m s"><bdi>${r.hostname}</bdi></span>`], ["Jobs", "w-s", (r) => `${r.current_job_ids.length} of ${r.max_concurrent_jobs}`, "h"],
      ["Can", "", (r) => html`<${Foreign} text=${[...r.capabilities, ...r.tags].join(", ") || "–"} />`, "m"], ["Environment", "w-at", (r) => html`<${Foreign} text=${r.environment} />`, "m"], ["Heard of", "w-at", (r) => html`<${Time} at=${r.last_seen} relative />`, "m h"]]} /></section>`;
}

const COMMANDS = {
  pause: ["Pause", "pause", "It takes no new job until it is resumed. What it runs, it ends."], resume: ["Resume", "play", null], drain: ["Drain", "tray", "It ends what it runs and takes nothing new."],
  shutdown: ["Shut down", "out", "It stops its program. Jobs that it runs are given back and run elsewhere."], quarantine: ["Quarantine", "shield", "It gets no job until somebody releases it."], release: ["Release", "check", null],
};

export function Robot({ id }) {
  const name = encodeURIComponent(id), path = `/robots/${name}`;
  const mine = (e) => e.robot_external_id === id || e.robot_id === id;
  const robot = useQuery(`robot ${id}`, (a) => get(path, {}, a), { on: mine, distance: 1000, every: 10_000 });
  const why = useQuery(`why ${id}`, (a) => get(`${path}/explain`, {}, a), { on: (e) => mine(e) || e.event_type === "job.queued", distance: 3000, every: 10_000 });
  const figures = useQuery(can("analytics.read") ? `metrics ${id}` : null, (a) => get(`/metrics/robots/${name}`, {}, a), { on: mine, distance: 5000, every: 30_000 });
  const jobs = useQuery(can("jobs.read") ? `jobs ${id}` : null, (a) => get("/jobs", { robot_id: id, limit: 15 }, a), { on: mine, apply: follow });
  const told = useQuery(`told ${id}`, (a) => get(`${path}/commands`, {}, a), { on: mine, distance: 2000 });
  const log = useQuery(can("logs.read") ? `log ${id}` : null, (a) => get(`${path}/logs`, { limit: 200 }, a), { every: 30_000 });
  useTitle(robot.data?.name ?? "Robot", !robot.loading);
  const crumb = html`<${Crumb} to="robots" word="Robots" id=${id} what="robot" />`;
  if (!robot.data) return html`<${Absent} crumb=${crumb} what="robot" of=${robot} />`;
  const r = robot.data, state = robotState(r), w = why.data, f = figures.data;
  const command = async (verb) => {
    const [word, , text] = COMMANDS[verb];
    const run = (reason) => call("POST", `${path}/${verb}`, { body: reason ? { reason } : {} });
    const answer = text ? await confirm({ title: `${word} ${r.name}?`, text, action: word, reason: true, danger: ["shutdown", "quarantine"].includes(verb), run }) : await run();
    if (!answer) return;
    toast(`${word}: told to ${r.name}.`);
    robot.reload();
  };
  const offered = r.quarantined_at ? ["release"] : [r.mode === "active" ? "pause" : "resume", "drain", "shutdown", "quarantine"];
  const pushed = overview.value?.robots?.find((one) => one.robot_id === r.robot_uuid);
  return html`<${Head} crumb=${crumb} title=${html`<${Foreign} text=${r.name} />`} note=${html`<${Badge} big state=${state} />`}>${can("robots.control") ? offered.map((n) => html`<${Button} key=${n} icon=${COMMANDS[n][1]} danger=${n === "shutdown" || n === "quarantine"} onClick=${() => command(n)}>${COMMANDS[n][0]}${COMMANDS[n][2] ? "…" : ""}<//>`) : null}<//><${Trouble} error=${robot.error} retry=${robot.reload} />
    ${w ? html`<section class=${`card explain ${stateOf(state)[0]}`} aria-label="What it does now"><${Icon} name=${stateOf(state)[1]} /><p><b><${Sentence} text=${w.sentence} /></b></p><p>${w.next_step === "Nothing." ? null : html`<bdi>${w.next_step}</bdi>`}${w.next_job_id ?? w.nearest_job_id ? html` <${To} path=${["jobs", w.next_job_id ?? w.nearest_job_id]} text=${w.next_job_id ? "Its next job" : "The nearest job"} />` : null}</p></section>` : null}
    <div class="grid jg"><div class="stack"><${Machine} robot=${r} now=${pushed} />${can("analytics.read") ? html`<${Ended} path=${`/metrics/robots/${name}/series`} on=${mine} spans=${["24h", "30d", "90d"]} title="Jobs it ended" />` : null}
      <${Card} title="Its jobs" actions=${html`<${To} cls="l s" path=${["jobs"]} query=${{ robot: r.robot_id }} text="All" />`}><${Jobs} short="robot" of=${jobs} rows=${jobs.data?.jobs} empty="It has run nothing yet. The sentence above says what it waits for." /><//>
      ${can("logs.read") ? html`<${Card} title="Its own log" note=${log.data ? `${log.data.total.toLocaleString()}${log.data.total_is_capped ? "+" : ""}` : ""}><${List} caption="Its own log, newest first" of=${log} rows=${log.data?.logs} id=${(l) => l.id} empty="It has said nothing of itself. What a job logs is on the job's page." cols=${[["Time", "w-at", (l) => html`<${Time} at=${l.timestamp} />`, "m"], ["Level", "w-s", (l) => l.level, "m"], ["Says", "", (l) => html`<bdi>${l.message.slice(0, 2000)}</bdi>`, "wrap"]]} /><//>` : null}
      ${can("api_keys.read") ? html`<${Keys} of=${ROBOT_KEYS} robot=${r.robot_id} />` : null}</div>
    <div class="stack"><${Facts} of=${[["Host", r.hostname], ["Environment", r.environment], ["Slots", `${r.current_job_ids.length} of ${r.max_concurrent_jobs} in use`], ["Can", r.capabilities.join(", ")], ["Tags", r.tags.join(", ")], ["Place", r.is_internet ? "internet" : "LAN"], ["In quarantine", r.quarantine_reason],
      ["Deaf since", r.deaf_since && html`<${Fact} at=${r.deaf_since} />`], ["Heard of", html`<${Fact} at=${r.last_seen} relative />`], ["Registered", html`<${Fact} at=${r.created_at} />`]]} />
      ${f ? html`<${Facts} title="Today" of=${[["Completed", f.jobs_completed_today], ["Failed", f.jobs_failed_today], ["On average", duration(f.avg_job_duration_ms) || "–"]]} />` : null}
      <${Card} title="Last commands"><${Told} of=${told} /><//></div></div>`;
}

const Told = ({ of }) => html`<${Trouble} error=${of.error} retry=${of.reload} />${of.data?.commands.length ? html`<ul class="told">${of.data.commands.slice(0, 10).map((c) => html`<li key=${c.command_id}><b>${COMMANDS[c.command]?.[0] ?? c.command.replace(/_/g, " ")}</b> <${Fact} at=${c.issued_at} /><p class="m s">${c.acknowledged_at ? html`taken <${Time} at=${c.acknowledged_at} />` : c.superseded_at ? "pointless before it was taken" : "not taken yet: robots ask at their next heartbeat"}${c.reason ? html` · <bdi>${c.reason}</bdi>` : null}</p></li>`)}</ul>` : of.loading ? html`<${Loading} />` : html`<${Empty}>Nobody has told it anything.<//>`}`;
