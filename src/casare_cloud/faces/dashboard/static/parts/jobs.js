// What pages of jobs share: rows, how events change them, running a workflow, and acts on many jobs.
import { html, useState } from "../core/ui.js";
import { call, fromJson, get, toJson } from "../core/api.js";
import { go, link } from "../core/router.js";
import { duration, now, Time } from "../core/time.js";
import { Badge, ENDED, Foreign, Progress } from "./basic.js";
import { ask, dialog, toast } from "./dialog.js";

export const STATUS_OF = { "job.queued": "pending", "job.created": "pending", "job.claimed": "claimed", "job.started": "running", "job.completed": "completed", "job.failed": "failed", "job.timeout": "timeout", "job.cancelled": "cancelled" };

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

// short: as the pages of one robot, one workflow and the overview have it.
export const Row = ({ job, selected, onSelect, short }) => html`<tr class=${selected ? "sel" : ""}>
  ${onSelect ? html`<td class="c-x"><input type="checkbox" checked=${selected} onChange=${(e) => onSelect(job, e)} aria-label=${`Select the job of ${job.workflow_name}, ${job.job_id}`} /></td>` : null}
  <td class="c-st"><${Badge} state=${job.status} word=${job.cancel_requested && !ENDED.has(job.status) ? "Stopping" : undefined} /></td>
  <td class="c-wf"><a data-row href=${link(["jobs", job.job_id])}><${Foreign} text=${job.workflow_name} /></a>${job.error_message && job.status !== "completed" ? html`<span class="m s err"> <bdi>${job.error_message}</bdi></span>` : job.message && job.status === "running" ? html`<span class="m s err"> <bdi>${job.message}</bdi></span>` : null}</td>
  ${short === "robot" ? null : html`<td class="c-rb m">${job.robot_id ? html`<a href=${link(["robots", job.robot_id])}><${Foreign} text=${job.robot_id} /></a>` : "–"}</td>`}
  <td class="c-pg">${job.status === "running" ? html`<${Progress} percent=${job.progress} />` : html`<span class="m s">${job.attempts > 1 ? `attempt ${job.attempts} of ${job.max_attempts}` : ""}</span>`}</td>
  ${short === "now" ? null : html`<td class="c-at m"><${Time} at=${job.created_at} /></td>`}<td class="num m c-du">${ranFor(job)}</td></tr>`;

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
    const chosen = await ask("Run a workflow", html`<label>Workflow<select name="workflow" autofocus>${list.workflows.map((w) => html`<option value=${w.workflow_id}>${w.workflow_name}</option>`)}</select></label>`, "Next", (f) => f.workflow);
    if (!chosen) return;
    flow = await get(`/workflows/${chosen}`);
  }
  const begin = input ?? declared(flow);
  // A job that has ended is repeated, and the new one says so; one that has not gets another beside it.
  const repeats = from && ENDED.has(from.status);
  const made = await dialog(from ? "Run with edited input" : `Run ${flow.workflow_name}`, ({ done }) => {
    const [text, setText] = useState(toJson(begin, 2));
    const [error, setError] = useState("");
    const [busy, setBusy] = useState(false);
    const submit = async (event) => {
      event.preventDefault();
      let value;
      try { value = fromJson(text || "{}"); } catch (problem) { setError(`This is not JSON: ${problem.message}`); return; }
      if (value === null || typeof value !== "object" || Array.isArray(value)) { setError("The input must be an object: { … }."); return; }
      setBusy(true);
      const same = from ? { priority: from.priority, environment: from.environment, required_capabilities: from.required_capabilities, required_tags: from.required_tags, execution_mode: from.execution_mode, max_attempts: from.max_attempts, timeout_seconds: from.timeout_seconds, robot_id: from.target_robot_id ?? undefined, pool: from.pool_id ?? undefined, concurrency_key: from.concurrency_key ?? undefined, version: from.workflow_version } : {};
      try { done(await call("POST", repeats ? `/jobs/${from.job_id}/retry` : "/jobs", { body: repeats ? { input: value } : { ...same, workflow_id: flow.workflow_id, input: value }, key: crypto.randomUUID?.() })); }
      catch (problem) { setError(problem.message); setBusy(false); }
    };
    return html`<form onSubmit=${submit}><label>Input, as JSON<textarea class="mono" rows="12" spellcheck="false" autofocus value=${text} onInput=${(e) => setText(e.target.value)}></textarea></label>
      <p class="m s">${repeats ? "A new job is made, which names the one you came from; that stays as it is." : from ? "A new job is made; the one you came from goes on." : "Shown are the variables that the workflow declares, with their defaults."}</p>${error ? html`<p class="bad" role="alert">${error}</p>` : null}
      <div class="acts"><button type="button" class="btn" onClick=${() => done()}>Leave it</button><button class="btn p" disabled=${busy}>Run</button></div></form>`;
  }, { wide: true });
  if (!made) return;
  if (made.warnings?.length) toast(made.warnings[0], "fail");
  go(["jobs", made.job_id]);
}

function declared(flow) {
  const variables = flow.workflow_json?.variables;
  if (!variables) return {};
  const pairs = Array.isArray(variables) ? variables.map((v) => [v.name, v.default ?? v.value ?? null]) : Object.entries(variables).map(([k, v]) => [k, v && typeof v === "object" && !Array.isArray(v) && ("default" in v || "default_value" in v || "value" in v) ? v.default ?? v.default_value ?? v.value : v]);
  return Object.fromEntries(pairs.filter(([k]) => k));
}
