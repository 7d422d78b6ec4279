// What pages of jobs share: rows, how events change them, running a workflow, and acts on many jobs.
import { call, duration, fromJson, get, go, html, now, Time, toJson, useState } from "../core/kit.js";
import { Badge, Choice, ENDED, Field, Json, List, namesOf, Progress, To } from "./basic.js";
import { ask, dialog, toast } from "./dialog.js";

// The jobs of the list that was shown last, in its order: the job page goes from one to the next.
export const trail = { ids: [] };

const STATUS_OF = { "job.queued": "pending", "job.created": "pending", "job.claimed": "claimed", "job.started": "running", "job.completed": "completed", "job.failed": "failed", "job.timeout": "timeout", "job.cancelled": "cancelled" };

// The job after an event: the later transition counts, and what has ended stays so.
export function changed(job, event) {
  if (event.event_type === "job.cancel_requested") return { ...job, cancel_requested: true };
  const status = event.data?.status ?? STATUS_OF[event.event_type];
  if (!status || ENDED.has(job.status) || event.timestamp < (job.seen ?? job.started_at ?? "")) return job;
  const next = { ...job, status, seen: event.timestamp };
  if (event.data?.attempt) next.attempts = Math.max(job.attempts, event.data.attempt);
  if (["claimed", "running"].includes(status)) { next.robot_id = event.robot_external_id ?? job.robot_id; if (status === "running") next.started_at = event.timestamp; }
  if (ENDED.has(status)) { next.completed_at = event.timestamp; if (job.started_at) next.duration_ms = Date.parse(event.timestamp) - Date.parse(job.started_at); if (status === "completed") next.progress = 100; }
  return next;
}

// A list after events: its rows change, and new jobs come in front if isMine(event). One that is put back has a message.
export function follow(page, events, isMine) {
  const jobs = new Map(page.jobs.map((j) => [j.job_id, j]));
  for (const e of events) {
    const job = jobs.get(e.job_id) ?? (e.event_type === "job.queued" && !e.data.message && isMine?.(e) && { ...e.data, created_at: e.timestamp, attempts: 0 });
    if (job) jobs.set(e.job_id, changed(job, e));
  }
  return { ...page, total: page.total + jobs.size - page.jobs.length, jobs: [...jobs.values()].sort((a, b) => (a.job_id < b.job_id ? 1 : -1)) };
}

export function ranFor(job) {
  if (job.duration_ms !== null && job.duration_ms !== undefined) return duration(job.duration_ms);
  if (job.started_at && !ENDED.has(job.status)) return duration(Math.max(0, Math.floor((now.value - Date.parse(job.started_at)) / 1000) * 1000)).replace(/^0 ms/, "0 s").replace(/\.0 s/, " s");
  return "";
}

// The columns of jobs. short: as the pages of one robot, one workflow and the overview have it.
export const jobColumns = (short) => [
  ["State", "w-st", (j) => html`<${Badge} state=${j.status} word=${j.cancel_requested && !ENDED.has(j.status) ? "Stopping" : undefined} />`, "c-st"],
  ["Workflow", "", (j) => { const said = j.status === "completed" ? null : j.error_message || (j.status === "running" && j.message); return html`<${To} row path=${["jobs", j.job_id]} text=${j.workflow_name} />${said ? html`<span class="m s err"> <bdi>${said}</bdi></span>` : null}`; }, "c-wf"],
  short !== "robot" && ["Robot", "w-rb", (j) => (j.robot_id ? html`<${To} path=${["robots", j.robot_id]} text=${j.robot_id} cls="" />` : "–"), "c-rb m"],
  ["Progress", "w-pg", (j) => (j.status === "running" ? html`<${Progress} percent=${j.progress} />` : html`<span class="m s">${j.attempts > 1 ? `attempt ${j.attempts} of ${j.max_attempts}` : ""}</span>`), "c-pg"],
  short !== "now" && ["Created", "w-at", (j) => html`<${Time} at=${j.created_at} />`, "c-at m"],
  [short === "now" ? "For" : "Ran for", "num w-du", ranFor, "num m c-du"],
];
export const Jobs = ({ short, rows, ...more }) => html`<${List} cls="" caption="Jobs" id=${(j) => j.job_id} rows=${rows} cols=${jobColumns(short)} ...${more} />`;

// Acts on jobs in slices of 100, saying how far it is; answers what could not be done.
export async function many(path, ids, body, onProgress) {
  let done = 0;
  const failed = [];
  for (let at = 0; at < ids.length; at += 100) {
    const slice = ids.slice(at, at + 100);
    const answer = await call("POST", path, { body: { ...body, job_ids: slice }, key: crypto.randomUUID?.() });
    done += answer.succeeded;
    failed.push(...answer.results.filter((r) => r.error_code));
    onProgress?.(Math.min(ids.length, at + slice.length));
  }
  return { done, failed };
}

export function actOnMany({ title, text, action, path, ids, danger, words, reason }) {
  return dialog(title, ({ done }) => {
    const [at, setAt] = useState(null);
    const [result, setResult] = useState(null);
    const [error, setError] = useState("");
    const [why, setWhy] = useState("");
    const run = async (event) => {
      event.preventDefault();
      setAt(0);
      try { setResult(await many(path, ids, reason && why ? { reason: why } : {}, setAt)); } catch (problem) { setError(problem.message); setAt(null); }
    };
    if (result) return html`<div><p>${words(result.done)}${result.failed.length ? ` ${result.failed.length} could not be:` : ""}</p><ul class="plainlist">${result.failed.slice(0, 10).map((f) => html`<li><span class="mono">${f.job_id}</span> ${f.detail}</li>`)}</ul><div class="acts"><button type="button" class="btn p" onClick=${() => done(true)}>Done</button></div></div>`;
    return html`<form onSubmit=${run}><p>${text}</p>${reason ? html`<label>Reason (others see it)<input maxlength="500" value=${why} onInput=${(e) => setWhy(e.target.value)} /></label>` : null}
      ${at !== null ? html`<p role="status"><progress max=${ids.length} value=${at} aria-label="Progress"></progress> ${at} of ${ids.length}</p>` : null}${error ? html`<p class="bad" role="alert">${error}</p>` : null}
      <div class="acts"><button type="button" class="btn" onClick=${() => done()}>Leave it</button><button class=${danger ? "btn danger" : "btn p"} disabled=${at !== null}>${action}</button></div></form>`;
  });
}

// Asks for the input and makes a job; without a workflow, asks for that first.
export async function runWorkflow({ workflow, input, from }) {
  let flow = workflow;
  if (!flow) {
    const list = await get("/workflows", { limit: 500 });
    if (!list.workflows.length) { toast("There is no workflow yet. Upload one on the page Workflows.", "fail"); return; }
    const chosen = await ask("Run a workflow", html`<${Choice} label="Workflow" name="workflow" autofocus of=${namesOf(list.workflows)} />`, "Next", (f) => f.workflow);
    if (!chosen) return;
    flow = await get(`/workflows/${chosen}`);
  }
  const fields = declared(flow);
  // A job that has ended is repeated, and the new one says so; one that has not gets another beside it.
  const repeats = from && ENDED.has(from.status);
  const words = repeats ? "A new job is made, which names the one you came from; that stays as it is." : from ? "A new job is made; the one you came from goes on." : "Shown are the variables that the workflow declares, with their defaults.";
  const made = await ask(from ? "Run with edited input" : `Run ${flow.workflow_name}`, html`<${Input} fields=${from ? [] : fields} begin=${input ?? Object.fromEntries(fields)} /><p class="m s">${words}</p>`, "Run", (f) => {
    let value;
    try { value = fromJson(f.input || "{}"); } catch (problem) { throw new Error(`This is not JSON: ${problem.message}`); }
    if (value === null || typeof value !== "object" || Array.isArray(value)) throw new Error("The input must be an object: { … }.");
    const same = from ? { priority: from.priority, environment: from.environment, required_capabilities: from.required_capabilities, required_tags: from.required_tags, execution_mode: from.execution_mode, max_attempts: from.max_attempts, timeout_seconds: from.timeout_seconds, robot_id: from.target_robot_id ?? undefined, pool: from.pool_id ?? undefined, concurrency_key: from.concurrency_key ?? undefined, version: from.workflow_version } : {};
    return call("POST", repeats ? `/jobs/${from.job_id}/retry` : "/jobs", { body: repeats ? { input: value } : { ...same, workflow_id: flow.workflow_id, input: value }, key: crypto.randomUUID?.() });
  }, { wide: true });
  if (!made) return;
  if (made.warnings?.length) toast(made.warnings[0], "fail");
  go(["jobs", made.job_id]);
}

// A field for each variable that is a text, a number or a switch, and the whole as JSON; what is written in one stands in the other.
function Input({ fields, begin }) {
  const [text, setText] = useState(toJson(begin, 2));
  let now = null;
  try { now = fromJson(text || "{}"); } catch { /* said when it is sent */ }
  const set = (name, value) => setText(toJson({ ...(now ?? begin), [name]: value }, 2));
  const simple = fields.filter(([, v]) => ["string", "number", "boolean"].includes(typeof v)).slice(0, 20);
  const number = (t) => (t === "" || Number.isNaN(Number(t)) ? t : fromJson(t));
  return html`${simple.length ? html`<div class="two">${simple.map(([name, first]) => { const v = now?.[name]; return typeof first === "boolean" ? html`<label class="check" key=${name}><input type="checkbox" checked=${v === true} onChange=${(e) => set(name, e.target.checked)} /><bdi>${name}</bdi></label>` : html`<${Field} key=${name} label=${html`<bdi>${name}</bdi>`} type=${typeof first === "number" ? "number" : "text"} step="any" value=${v ?? ""} onInput=${(e) => set(name, typeof first === "number" ? number(e.target.value) : e.target.value)} />`; })}</div>` : null}
    <${Json} label="Input, as JSON" name="input" rows=${simple.length ? 6 : 12} autofocus=${!simple.length} value=${text} onInput=${(e) => setText(e.target.value)} />`;
}

// [[name, default]] of the variables that a workflow declares.
function declared(flow) {
  const variables = flow.workflow_json?.variables;
  if (!variables) return [];
  const pairs = Array.isArray(variables) ? variables.map((v) => [v.name, v.default ?? v.value ?? null]) : Object.entries(variables).map(([k, v]) => [k, v && typeof v === "object" && !Array.isArray(v) && ("default" in v || "default_value" in v || "value" in v) ? v.default ?? v.default_value ?? v.value : v]);
  return pairs.filter(([k]) => k);
}
