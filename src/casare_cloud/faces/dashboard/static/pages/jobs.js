// All jobs, newest first, live. The address holds the filter.
import { html, useEffect, useRef, useState } from "../core/ui.js";
import { get } from "../core/api.js";
import { go, route, setQuery, useTitle } from "../core/router.js";
import { can } from "../core/session.js";
import { useQuery } from "../core/query.js";
import { Time } from "../core/time.js";
import { Button, Empty, ENDED, Head, Loading, Trouble } from "../parts/basic.js";
import { toast } from "../parts/dialog.js";
import { actOnMany, follow, Row, runWorkflow } from "../parts/jobs.js";

const LIMIT = 50, MOST = 1000, LOOKS = 4;
const TABS = [["", "All"], ["pending", "Waiting"], ["claimed", "Claimed"], ["running", "Running"], ["completed", "Completed"], ["failed", "Failed"], ["timeout", "Timed out"], ["cancelled", "Cancelled"]];
const AGES = [["", "Any time"], ["1", "Last hour"], ["24", "Last 24 hours"], ["168", "Last 7 days"]];
const CAUSES = [["", "Any cause"], ["manual", "By hand"], ["scheduled", "Schedule"], ["retry", "Retry"], ["webhook", "Webhook"], ["workflow_call", "Another workflow"]];
// A job's id begins with the time of its making, in milliseconds.
const timeOf = (id) => new Date(parseInt(id.replace(/-/g, "").slice(0, 12), 16)).toISOString();

// A page by cursor. With a text or an error few may match: an answer looks through a part and says where to go on.
async function read(filter, limit, before, abort) {
  const found = { jobs: [], total: 0, next: before ?? null, total_is_capped: false };
  for (let look = 0; look < LOOKS; look++) {
    const page = await get("/jobs", { ...filter, limit: limit - found.jobs.length, before: found.next }, abort);
    found.jobs.push(...page.jobs);
    Object.assign(found, { total: look ? found.jobs.length : page.total, next: page.next, total_is_capped: page.total_is_capped });
    if (found.jobs.length >= limit || page.next === null) break;
  }
  return found;
}

const cut = (page) => (page.jobs.length > LIMIT ? { ...page, jobs: page.jobs.slice(0, LIMIT), next: page.jobs[LIMIT - 1].job_id } : page);

// A text that one writes: the address has it when one stops or leaves.
function Text({ name, label, value, set }) {
  const [text, setText] = useState(value ?? "");
  const timer = useRef(0);
  useEffect(() => setText(value ?? ""), [value]);
  const keep = (e) => { const now = e.target.value; setText(now); clearTimeout(timer.current); timer.current = setTimeout(() => set({ [name]: now.trim() }), e.type === "change" ? 0 : 500); };
  return html`<input type="search" aria-label=${label} placeholder=${label} maxlength="255" value=${text} onInput=${keep} onChange=${keep} />`;
}

export default function Jobs() {
  useTitle("Jobs");
  const query = Object.fromEntries(route.value.query);
  const after = query.hours ? new Date(Math.floor((Date.now() - query.hours * 3_600_000) / 60_000) * 60_000).toISOString() : undefined;
  const filter = { status: query.status, workflow_id: query.workflow, robot_id: query.robot, created_after: after, search: query.search, error_type: query.error, trigger_type: query.cause };
  const key = JSON.stringify([query.status, query.workflow, query.robot, query.hours, query.search, query.error, query.cause, query.before]);
  // The event of a new job does not say all that may be asked for.
  const isMine = query.before || query.robot || query.search || query.error || query.cause || (query.status ?? "pending") !== "pending" ? null : (e) => !query.workflow || e.workflow_id === query.workflow;
  const { data, error, loading, reload } = useQuery(key, (abort) => read(filter, LIMIT, query.before, abort), { on: (e) => e.event_type.startsWith("job."), apply: (page, events) => cut(follow(page, events, isMine)) });
  const flows = useQuery(can("workflows.read") ? "names" : null, (abort) => get("/workflows", { limit: 500 }, abort), { every: 300_000 });
  const robots = useQuery(can("robots.read") ? "names" : null, (abort) => get("/robots", { limit: 500 }, abort), { every: 300_000 });
  const [selected, select] = useState(new Set());
  useEffect(() => select(new Set()), [key]);
  const change = (changes) => setQuery({ before: "", ...changes });
  const isFiltered = Object.keys(query).some((k) => k !== "before" && query[k]);
  const jobs = data?.jobs ?? [];
  const toggle = (job) => { const next = new Set(selected); if (!next.delete(job.job_id)) next.add(job.job_id); select(next); };
  const selectAll = async () => {
    const ids = [];
    let before = query.before;
    do {
      const page = await read(filter, 500, before);
      ids.push(...page.jobs.map((j) => j.job_id));
      before = page.next;
    } while (before && ids.length < MOST);
    select(new Set(ids.slice(0, MOST)));
    if (before) toast(`The newest ${Math.min(ids.length, MOST).toLocaleString()} are selected; more are not selected at once.`);
  };
  const words = [TABS.find((t) => t[0] === (query.status ?? ""))?.[1].toLowerCase(), query.workflow && `of ${flows.data?.workflows.find((w) => w.workflow_id === query.workflow)?.workflow_name ?? "one workflow"}`, query.robot && `on ${query.robot}`, query.hours && AGES.find((a) => a[0] === query.hours)?.[1].toLowerCase(), query.search && `with “${query.search}”`, query.error && `with the error ${query.error}`, query.cause && `caused by: ${CAUSES.find((c) => c[0] === query.cause)?.[1].toLowerCase() ?? query.cause}`].filter(Boolean).join(", ");
  const act = async (what) => {
    const ids = [...selected];
    const one = what === "cancel"
      ? { title: `Cancel ${ids.length} job${ids.length === 1 ? "" : "s"}?`, text: `Selected from: ${words}. Those that wait end at once; robots are told to stop those that run. Jobs that have ended stay as they are.`, action: `Cancel ${ids.length}`, path: "/jobs/batch/cancel", danger: true, reason: true, words: (n) => `${n} cancelled or told to stop.` }
      : { title: `Run ${ids.length} job${ids.length === 1 ? "" : "s"} again?`, text: `Selected from: ${words}. A new job is made for each that failed, timed out or was cancelled, with the same input.`, action: `Run ${ids.length} again`, path: "/jobs/batch/retry", words: (n) => `${n} new jobs wait.` };
    if (await actOnMany({ ...one, ids })) { select(new Set()); reload(); }
  };
  const chosen = jobs.filter((j) => selected.has(j.job_id));
  const mayAct = can("jobs.cancel") || can("jobs.retry");
  // Each older page is an address of its own, so that the browser's way back is the way to the newer one.
  const older = query.before || data?.next ? html`<nav class="pager" aria-label="Pages">${query.before ? html`<${Button} onClick=${() => go(["jobs"], { ...query, before: "" })}>Newest<//>` : null}
    ${data?.next ? html`<span class="m s">${jobs.length < LIMIT ? html`looked through back to <${Time} at=${timeOf(data.next)} />` : ""}</span><${Button} onClick=${() => go(["jobs"], { ...query, before: data.next })}>Older<//>` : null}</nav>` : null;
  return html`<${Head} title="Jobs" note=${data ? html`<span class="m">${query.before ? html`before <${Time} at=${timeOf(query.before)} />` : `${data.total.toLocaleString()}${data.total_is_capped || data.next && data.total <= jobs.length ? "+" : ""} ${isFiltered ? "match" : "kept"}`}</span>` : null}>${can("jobs.create") ? html`<${Button} primary icon="bolt" onClick=${() => runWorkflow({})}>Run a workflow<//>` : null}<//>
    <section class="card" aria-label="Jobs">
    <div class="tool filters"><span class="chips" role="group" aria-label="State">${TABS.map(([k, word]) => html`<button type="button" class="chip" aria-pressed=${(query.status ?? "") === k ? "true" : "false"} onClick=${() => change({ status: k })}>${word}</button>`)}</span>
      <select aria-label="Workflow" value=${query.workflow ?? ""} onChange=${(e) => change({ workflow: e.target.value })}><option value="">All workflows</option>${(flows.data?.workflows ?? []).map((w) => html`<option value=${w.workflow_id}>${w.workflow_name}</option>`)}</select>
      <select aria-label="Robot" value=${query.robot ?? ""} onChange=${(e) => change({ robot: e.target.value })}><option value="">All robots</option>${(robots.data?.robots ?? []).map((r) => html`<option value=${r.robot_id}>${r.name}</option>`)}</select>
      <select aria-label="Created" value=${query.hours ?? ""} onChange=${(e) => change({ hours: e.target.value })}>${AGES.map(([k, word]) => html`<option value=${k}>${word}</option>`)}</select>
      <select aria-label="Cause" value=${query.cause ?? ""} onChange=${(e) => change({ cause: e.target.value })}>${CAUSES.map(([k, word]) => html`<option value=${k}>${word}</option>`)}</select>
      <${Text} name="error" label="Error type" value=${query.error} set=${change} /><${Text} name="search" label="Name, error or key" value=${query.search} set=${change} />
      ${isFiltered ? html`<${Button} quiet onClick=${() => change({ status: "", workflow: "", robot: "", hours: "", search: "", error: "", cause: "" })}>Clear<//>` : null}</div>
    ${selected.size ? html`<div class="tool picked" role="group" aria-label="With the selected jobs"><b>${selected.size.toLocaleString()} selected</b>
      ${can("jobs.cancel") ? html`<${Button} danger icon="ban" disabled=${chosen.length === selected.size && chosen.every((j) => ENDED.has(j.status))} onClick=${() => act("cancel")}>Cancel…<//>` : null}${can("jobs.retry") ? html`<${Button} icon="redo" onClick=${() => act("retry")}>Run again…<//>` : null}
      ${data?.next && selected.size >= jobs.length ? html`<${Button} onClick=${selectAll}>Select all that match<//>` : null}<${Button} quiet onClick=${() => select(new Set())}>Select none<//></div>` : null}
    <${Trouble} error=${error} retry=${reload} />
    ${loading ? html`<${Loading} rows=${8} />` : jobs.length ? html`<table class="tbl"><caption class="sr">Jobs, newest first</caption><thead><tr>${mayAct ? html`<th class="w-x"><input type="checkbox" aria-label="Select the jobs of this page" checked=${jobs.every((j) => selected.has(j.job_id))} onChange=${(e) => select(new Set(e.target.checked ? jobs.map((j) => j.job_id) : []))} /></th>` : null}
      <th class="w-st">State</th><th>Workflow</th><th class="w-rb">Robot</th><th class="w-pg">Progress</th><th class="w-at">Created</th><th class="num w-du">Ran for</th></tr></thead>
      <tbody>${jobs.map((j) => html`<${Row} key=${j.job_id} job=${j} selected=${selected.has(j.job_id)} onSelect=${mayAct ? toggle : null} />`)}</tbody></table>
      ${older}`
      : data?.next || query.before ? html`<${Empty}>${data?.next ? html`None of the jobs back to <${Time} at=${timeOf(data.next)} /> matches.` : "There are no older ones."}<//>${older}`
      : data ? html`<${Empty}>${isFiltered ? "No job matches. Take a part of the filter away." : html`Nobody has run anything yet. ${can("jobs.create") ? "Run a workflow with the button above, or " : "Somebody may "}submit one with <code>casare-cloud jobs submit FILE --watch</code>.`}<//>` : null}
    </section>`;
}
