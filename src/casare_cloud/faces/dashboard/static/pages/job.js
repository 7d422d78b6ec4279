// One job: where it stands and why, where its time went, its steps, its log, what went in and what came out, live.
import { apiUrl, call, can, duration, get, go, html, Icon, now, onEvents, route, Sentence, Time, toJson, useEffect, useKeys, useQuery, useRef, useTitle, watchJob } from "../core/kit.js";
import { Absent, Badge, Button, Card, copy, Crumb, Empty, ENDED, Fact, Facts, Foreign, Head, Progress, stateOf, To, Trouble, Whole } from "../parts/basic.js";
import { confirm, dialog, toast } from "../parts/dialog.js";
import { changed, runWorkflow, trail } from "../parts/jobs.js";
import { Log } from "../parts/log.js";
import { Tree, TreeCopy } from "../parts/tree.js";
import { Waterfall } from "../parts/waterfall.js";

export function Job({ id }) {
  const mine = (e) => e.job_id === id;
  const job = useQuery(`job ${id}`, (abort) => get(`/jobs/${id}`, {}, abort), { on: mine, distance: 400, every: 10_000 }); // a push of progress may be lost
  const why = useQuery(`why ${id}`, (abort) => get(`/jobs/${id}/explain`, {}, abort), { on: (e) => mine(e) || (job.data && !ENDED.has(job.data.status) && e.event_type.startsWith("robot.")), distance: 1200, every: 10_000 });
  const events = useQuery(can("events.read") ? `events ${id}` : null, (abort) => get(`/jobs/${id}/events`, { limit: 1000 }, abort), { on: mine, distance: 400 });
  const nodes = useQuery(`nodes ${id}`, (abort) => get(`/jobs/${id}/nodes`, {}, abort), { on: mine, distance: 1000 });
  const bell = useRef(null);
  useTitle(job.data ? job.data.workflow_name : "Job", !job.loading);
  useEffect(() => watchJob(id, {
    joined: () => { job.reload(); events.reload(); nodes.reload(); bell.current?.(); },
    push: (event, p) => {
      if (event === "job.progress") job.set((j) => (ENDED.has(j.status) ? j : { ...j, status: j.status === "claimed" ? "running" : j.status, progress: p.progress ?? j.progress, current_node: p.current_node ?? j.current_node, message: p.message ?? j.message }));
      else if (event === "job.log") bell.current?.();
      else if (event.startsWith("node.")) { if (event === "node.started") job.set((j) => ({ ...j, current_node: p.node_id ?? j.current_node })); nodes.reload(); }
    },
  }), [id]);
  useEffect(() => onEvents((all) => {
    const own = all.filter(mine);
    if (own.length) { job.set((j) => own.reduce(changed, j)); bell.current?.(); }
  }), [id]);
  // The job beside the one in the address, in the list that was shown last.
  const beside = (by) => { const at = trail.ids.indexOf(route.value.path[1]); return at < 0 ? undefined : trail.ids[at + by]; };
  const acts = job.data ? actsOn(job.data) : {};
  const step = (by) => () => beside(by) && go(["jobs", beside(by)]);
  useKeys({ c: () => acts.cancel?.(), r: () => acts.again?.(), e: () => acts.edited?.(), "[": step(-1), "]": step(1) });
  const next = (by, text) => (beside(by) ? html`<${To} path=${["jobs", beside(by)]} text=${text} />` : null);
  const crumb = html`<${Crumb} to="jobs" word="Jobs" id=${id} what="job"><span class="push">${next(-1, "Newer")} ${next(1, "Older")}</span><//>`;
  if (!job.data) return html`<${Absent} crumb=${crumb} what="job" of=${job} />`;
  const j = job.data, ended = ENDED.has(j.status);
  return html`<${Head} crumb=${crumb} title=${html`<${Foreign} text=${j.workflow_name} />`} note=${html`<${To} cls="m s" path=${["workflows", j.workflow_id]} query=${{ version: j.workflow_version }} text=${`version ${j.workflow_version}`} /><${Badge} big state=${j.status} word=${j.cancel_requested && !ended ? "Stopping" : undefined} />`}><${Acts} job=${j} acts=${acts} /><//>
    ${job.error ? html`<${Trouble} error=${job.error} retry=${job.reload} />` : null}
    ${why.data ? html`<${Explained} why=${why.data} />` : null}
    <div class="grid jg"><div class="stack"><${Life} job=${j} events=${events.data?.events ?? []} />
      ${j.error_message && j.status !== "completed" ? html`<${Failure} job=${j} />` : null}
      <${Trouble} error=${why.error ?? events.error ?? nodes.error} retry=${() => { why.reload(); events.reload(); nodes.reload(); }} /><${Waterfall} attempts=${nodes.data?.attempts ?? []} events=${events.data?.events ?? []} job=${j} />${can("logs.read") ? html`<${Log} id=${id} bell=${bell} live=${!ended} />` : null}</div>
    <div class="stack"><${JobFacts} job=${j} /><${Value} title="Input" value=${j.input} empty="The job has no input." />
      <${Value} title="Result" value=${j.result} empty=${ended ? "The job left no result." : "Comes when the job has completed."} /><${Files} job=${j} />${Object.keys(j.metadata ?? {}).length ? html`<${Value} title="Metadata" value=${j.metadata} />` : null}</div></div>`;
}

// What the viewer may do with it now, by its name.
function actsOn(job) {
  const ended = ENDED.has(job.status), acts = {};
  if (!ended && can("jobs.cancel")) acts.cancel = async () => {
    const waits = !["claimed", "running"].includes(job.status);
    const answer = await confirm({
      title: "Cancel this job?", action: "Cancel the job", reason: true,
      text: waits ? "It waits, so it ends at once and no robot gets it." : job.cancel_requested ? "Its robot was told to stop already. It stops at its next step." : "Its robot is told to stop; it does at its next step.",
      run: (reason) => call("POST", `/jobs/${job.job_id}/cancel`, { body: reason ? { reason } : {} }),
    });
    if (answer) toast(answer.message);
  };
  if (ended && can("jobs.retry") && (job.status !== "completed" || can("jobs.create"))) acts.again = async () => {
    // What has completed is repeated with its own input only when that is named.
    const body = job.status === "completed" ? { input: job.input } : undefined;
    const answer = await call("POST", `/jobs/${job.job_id}/retry`, { body, key: crypto.randomUUID?.() });
    toast("A new job waits.");
    go(["jobs", answer.new_job_id]);
  };
  if (can("jobs.create") && (!ended || can("jobs.retry"))) acts.edited = () => runWorkflow({ workflow: { workflow_id: job.workflow_id, workflow_name: job.workflow_name }, input: job.input, from: job });
  return acts;
}

const Acts = ({ job, acts: { cancel, again, edited } }) => html`${again ? html`<${Button} icon="redo" onClick=${again}>Run again<//>` : null}${edited ? html`<${Button} icon="edit" onClick=${edited}>Run with edited input<//>` : null}
    <${Button} icon="copy" onClick=${() => copyAs(job)}>Copy as…<//>${cancel ? html`<${Button} danger icon="ban" onClick=${cancel}>${job.cancel_requested ? "Stopping…" : "Cancel"}<//>` : null}`;

// A word of a shell. What a terminal would obey when it is pasted is written out.
const quoted = (text) => (/[\0-\x1f\x7f-\x9f]/.test(text) ? `$'${text.replace(/[\\']/g, "\\$&").replace(/[\0-\x1f\x7f-\x9f]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`)}'` : `'${text.replace(/'/g, `'\\''`)}'`);

function copyAs(job) {
  const python = JSON.stringify(toJson(job.input ?? {}));
  const body = toJson({ workflow_id: job.workflow_id, input: job.input ?? {}, priority: job.priority });
  const origin = apiUrl.replace(/\/api\/v1$/, "");
  const forms = [
    ["curl", `curl -X POST ${origin}/api/v1/jobs \\\n  -H "X-Api-Key: $CASARE_API_KEY" -H 'Content-Type: application/json' \\\n  -d ${quoted(body)}`],
    ["CLI: watch this job", `casare-cloud jobs watch ${job.job_id}`],
    ["CLI: run it again", `casare-cloud jobs retry ${job.job_id}`],
    ["Python", `import asyncio, json, os\nfrom casare_cloud.client import Client\n\nasync def main():\n    async with Client(${JSON.stringify(origin)}, api_key=os.environ["CASARE_API_KEY"]) as cloud:\n        job = await cloud.create_job(${JSON.stringify(job.workflow_id)}, json.loads(${python}))\n        print(await cloud.wait_for_job(job["job_id"]))\n\nasyncio.run(main())`],
  ];
  dialog("Copy as", () => html`<div>${forms.map(([name, text]) => html`<${Whole} name=${name} text=${text} />`)}</div>`, { wide: true });
}

const COLOUR = { ready: "wait", waiting: "wait", blocked: "warn", held: "run", finished: "off" };
function Explained({ why }) {
  const [colour, icon] = why.verdict === "finished" || why.verdict === "held" ? stateOf(why.state) : [COLOUR[why.verdict] ?? "wait", why.verdict === "blocked" ? "tri" : "clock"];
  const robots = why.robots ?? [];
  return html`<section class=${`card explain ${colour}`} aria-label="What happens now"><${Icon} name=${icon} /><p><b><${Sentence} text=${why.sentence} /></b></p>
    <p>${why.next_step === "Nothing." ? null : html`<bdi>${why.next_step}</bdi>`}${why.position ? html` It is number ${why.position} in its queue.` : null}</p>
    ${(why.notes ?? []).map((n) => html`<p class="m s note"><${Sentence} text=${n.sentence} /> <bdi>${n.next_step}</bdi></p>`)}
    ${robots.length > 1 ? html`<details class="note"><summary>What each of ${why.robots_total} robots lacks</summary><ul class="plainlist">${robots.map((r) => html`<li><${To} path=${["robots", r.external_id]} text=${r.external_id} />: <bdi>${r.sentence}</bdi></li>`)}</ul></details>` : null}</section>`;
}

// The parts of a job's life, from its events: waiting, each attempt, the time between two.
function parts(job, events) {
  const found = [];
  let at = Date.parse(job.created_at), kind = "wait", words = "waited", attempt = 0;
  const close = (end, colour) => { if (end > at || found.length === 0) found.push({ ms: Math.max(0, end - at), kind: colour ?? kind, words, attempt }); at = end; };
  for (const e of events) {
    const t = Date.parse(e.timestamp), status = e.data?.status;
    if (e.event_type === "job.claimed") { close(t); attempt = e.data?.attempt ?? attempt + 1; kind = "run"; words = `attempt ${attempt}${e.robot_external_id ? ` on ${e.robot_external_id}` : ""}`; }
    else if (kind === "run" && (ENDED.has(status) || e.event_type === "job.retrying" || status === "queued" || status === "scheduled" || status === "pending")) {
      close(t, status === "completed" ? "done" : "fail");
      kind = "delay"; words = "until the next attempt";
    }
  }
  if (!ENDED.has(job.status)) { if (kind === "run") words += ", still running"; found.push({ ms: Math.max(0, now.value - at), kind, words, attempt, open: true }); }
  else if (kind !== "delay" && job.completed_at) { close(Date.parse(job.completed_at), kind === "run" ? (job.status === "completed" ? "done" : "fail") : kind); }
  return found;
}

function Life({ job, events }) {
  const all = parts(job, events), whole = Math.max(1, all.reduce((sum, p) => sum + p.ms, 0));
  let x = 0;
  return html`<section class="card" aria-label="Where the time went"><div class="life"><svg viewBox="0 0 1000 8" preserveAspectRatio="none" aria-hidden="true">${all.map((p) => { const w = Math.max(4, (p.ms / whole) * 1000); const r = html`<rect class=${`lc-${p.kind}`} x=${x} width=${Math.max(1, w - 3)} height="8" rx="2" />`; x += w; return r; })}</svg>
    <ul>${all.map((p) => html`<li><i class=${`lc-${p.kind}`}></i><b>${duration(p.open ? Math.floor(p.ms / 1000) * 1000 : p.ms)}</b><bdi>${p.words}</bdi></li>`)}</ul></div></section>`;
}

const said = (value) => (typeof value === "string" ? value : toJson(value)); // robots tell what they like
function Failure({ job }) {
  const details = job.error_details ?? {};
  return html`<${Card} title=${ENDED.has(job.status) ? "Why it ended so" : "Why the last attempt failed"}><div class="errc"><b><${Foreign} text=${job.error_type ?? stateOf(job.status)[2]} /></b> <bdi>${job.error_message}</bdi>${job.error_type ? html` <${To} cls="l s" path=${["jobs"]} query=${{ error: job.error_type }} text="Others with this error" />` : null}
    ${details.failed_node ? html`<div class="m s">At the step <${Foreign} text=${said(details.failed_node)} />.</div>` : null}
    ${details.stack_trace ? html`<details><summary class="s">Stack trace</summary><pre><${Foreign} text=${said(details.stack_trace)} /></pre></details>` : null}</div><//>`;
}

function JobFacts({ job }) {
  const needs = [...job.required_capabilities, ...job.required_tags, ...(job.environment === "*" ? [] : [job.environment]), ...(job.execution_mode === "internet" ? ["internet"] : [])];
  const time = (at) => at && html`<${Fact} at=${at} />`;
  return html`<${Facts} of=${[
    ["Progress", html`<${Progress} percent=${job.progress} colour=${job.status === "completed" ? "done" : "run"} />`], ["At the step", job.current_node], ["It says", job.message],
    ["Robot", job.robot_id && html`<${To} path=${["robots", job.robot_id]} text=${job.robot_id} />`], ["Only for", job.target_robot_id],
    ["Attempt", `${job.attempts} of ${job.max_attempts}`], ["Ran for", duration(job.duration_ms)], ["Timeout", duration(job.timeout_seconds * 1000)],
    ["Holds until", time(job.lease_expires_at)], ["Priority", `${job.priority} (0 is the most urgent)`], ["Started by", job.trigger_type],
    ["Queued", html`${time(job.created_at)} <span class="m"><${Time} at=${job.created_at} relative /></span>`], ["Not before", time(job.run_at)], ["Started", time(job.started_at)], ["Ended", time(job.completed_at)],
    ["Needs", needs.join(" · ")], ["Key", job.concurrency_key], ["Not twice", job.dedupe_key], ["Retry of", job.retry_of && html`<${To} cls="l mono" path=${["jobs", job.retry_of]} text=${job.retry_of} />`],
  ]} />`;
}

// The files that it left. They stay on the machine of its robot for a week; the service knows their names.
function Files({ job }) {
  const names = Array.isArray(job.result?.files) ? job.result.files.filter((name) => typeof name === "string") : [], more = Number.isSafeInteger(job.result?.files_left_out) ? job.result.files_left_out : 0;
  const robot = useQuery(names.length && job.robot_id && can("robots.read") ? `host ${job.robot_id}` : null, (abort) => get(`/robots/${encodeURIComponent(job.robot_id)}`, {}, abort), { every: 300_000 });
  const host = robot.data?.hostname;
  const fetchIt = (name) => `casare-cloud jobs files ${job.job_id} --get ${quoted(name)}`;
  return html`<${Card} title="Files" note=${names.length ? (names.length + more).toLocaleString() : ""}>${names.length ? html`<ul class="files">${names.slice(0, 100).map((name) => html`<li><bdi>${name}</bdi><span class="m s">${/\.([a-z0-9]{1,6})$/i.exec(name)?.[1].toLowerCase() ?? "file"}</span><${Button} quiet icon="copy" label=${`Copy the command that fetches ${name}`} onClick=${() => copy(fetchIt(name), "Copied: the command that fetches it.")} /></li>`)}</ul><p class="empty s">They stay ${host ? html`on <bdi>${host}</bdi>` : "on the machine of its robot"} for a week and are not in the cloud: the copied command fetches one there.</p>`
    : html`<${Empty}>${ENDED.has(job.status) ? "It left no file." : "Named when the job has completed."} A workflow makes one with a node such as <code>WriteFileNode</code> or <code>WriteCSVNode</code>: what lies in the job's folder at its end is listed here.<//>`}<//>`;
}

function Value({ title, value, empty }) {
  const none = value === null || value === undefined || (typeof value === "object" && !Object.keys(value).length);
  return html`<${Card} title=${title} actions=${none ? null : html`<${TreeCopy} value=${value} label=${`Copy: ${title}`} />`}>${none ? html`<${Empty}>${empty}<//>` : html`<${Tree} value=${value} label=${title} />`}<//>`;
}
