// All jobs, newest first, live. The address holds the filter.
import { html, useEffect, useState } from "../core/ui.js";
import { get } from "../core/api.js";
import { route, setQuery, useTitle } from "../core/router.js";
import { onEvents } from "../core/live.js";
import { can } from "../core/session.js";
import { useQuery } from "../core/query.js";
import { Button, Empty, ENDED, Head, Loading, Pager, Trouble } from "../parts/basic.js";
import { toast } from "../parts/dialog.js";
import { actOnMany, changed, Row, runWorkflow } from "../parts/jobs.js";

const LIMIT = 50, MOST = 1000;
const TABS = [["", "All"], ["pending", "Waiting"], ["claimed", "Claimed"], ["running", "Running"], ["completed", "Completed"], ["failed", "Failed"], ["timeout", "Timed out"], ["cancelled", "Cancelled"]];
const AGES = [["", "Any time"], ["1", "Last hour"], ["24", "Last 24 hours"], ["168", "Last 7 days"]];

export default function Jobs() {
  useTitle("Jobs");
  const query = Object.fromEntries(route.value.query);
  const offset = Number(query.offset) || 0;
  const after = query.hours ? new Date(Math.floor((Date.now() - query.hours * 3_600_000) / 60_000) * 60_000).toISOString() : undefined;
  const filter = { status: query.status, workflow_id: query.workflow, robot_id: query.robot, created_after: after };
  const key = JSON.stringify([query.status, query.workflow, query.robot, query.hours, offset]);
  const { data, error, loading, reload, set } = useQuery(key, (abort) => get("/jobs", { ...filter, limit: LIMIT, offset }, abort), { on: (e) => e.event_type.startsWith("job.") });
  const flows = useQuery(can("workflows.read") ? "names" : null, (abort) => get("/workflows", { limit: 500 }, abort), { every: 300_000 });
  const robots = useQuery(can("robots.read") ? "names" : null, (abort) => get("/robots", { limit: 500 }, abort), { every: 300_000 });
  const [selected, select] = useState(new Set());
  useEffect(() => select(new Set()), [key]);
  useEffect(() => onEvents((events) => {
    const byJob = new Map();
    for (const e of events) if (e.job_id) byJob.set(e.job_id, [...(byJob.get(e.job_id) ?? []), e]);
    if (byJob.size) set((page) => ({ ...page, jobs: page.jobs.map((j) => (byJob.get(j.job_id) ?? []).reduce(changed, j)) }));
  }), [key]);
  const change = (changes) => setQuery({ offset: "", ...changes });
  const isFiltered = Object.keys(query).some((k) => k !== "offset" && query[k]);
  const jobs = data?.jobs ?? [];
  const toggle = (job) => { const next = new Set(selected); if (!next.delete(job.job_id)) next.add(job.job_id); select(next); };
  const selectAll = async () => {
    const ids = [];
    for (let at = 0; at < MOST; at += 500) {
      const page = await get("/jobs", { ...filter, limit: 500, offset: at });
      ids.push(...page.jobs.map((j) => j.job_id));
      if (page.jobs.length < 500) break;
    }
    select(new Set(ids));
    if (ids.length >= MOST) toast(`The newest ${MOST.toLocaleString()} are selected; more are not selected at once.`);
  };
  const words = [TABS.find((t) => t[0] === (query.status ?? ""))?.[1].toLowerCase(), query.workflow && `of ${flows.data?.workflows.find((w) => w.workflow_id === query.workflow)?.workflow_name ?? "one workflow"}`, query.robot && `on ${query.robot}`, query.hours && AGES.find((a) => a[0] === query.hours)?.[1].toLowerCase()].filter(Boolean).join(", ");
  const act = async (what) => {
    const ids = [...selected];
    const one = what === "cancel"
      ? { title: `Cancel ${ids.length} job${ids.length === 1 ? "" : "s"}?`, text: `Selected from: ${words}. Those that wait end at once; robots are told to stop those that run. Jobs that have ended stay as they are.`, action: `Cancel ${ids.length}`, path: "/jobs/batch/cancel", danger: true, reason: true, words: (n) => `${n} cancelled or told to stop.` }
      : { title: `Run ${ids.length} job${ids.length === 1 ? "" : "s"} again?`, text: `Selected from: ${words}. A new job is made for each that failed, timed out or was cancelled, with the same input.`, action: `Run ${ids.length} again`, path: "/jobs/batch/retry", words: (n) => `${n} new jobs wait.` };
    if (await actOnMany({ ...one, ids })) { select(new Set()); reload(); }
  };
  const chosen = jobs.filter((j) => selected.has(j.job_id));
  const mayAct = can("jobs.cancel") || can("jobs.retry");
  return html`<${Head} title="Jobs" note=${data ? html`<span class="m">${data.total.toLocaleString()}${data.total_is_capped ? "+" : ""} ${isFiltered ? "match" : "kept"}</span>` : null}>${can("jobs.create") ? html`<${Button} primary icon="bolt" onClick=${() => runWorkflow({})}>Run a workflow<//>` : null}<//>
    <section class="card" aria-label="Jobs">
    <div class="tool filters"><span class="chips" role="group" aria-label="State">${TABS.map(([k, word]) => html`<button type="button" class="chip" aria-pressed=${(query.status ?? "") === k ? "true" : "false"} onClick=${() => change({ status: k })}>${word}</button>`)}</span>
      <select aria-label="Workflow" value=${query.workflow ?? ""} onChange=${(e) => change({ workflow: e.target.value })}><option value="">All workflows</option>${(flows.data?.workflows ?? []).map((w) => html`<option value=${w.workflow_id}>${w.workflow_name}</option>`)}</select>
      <select aria-label="Robot" value=${query.robot ?? ""} onChange=${(e) => change({ robot: e.target.value })}><option value="">All robots</option>${(robots.data?.robots ?? []).map((r) => html`<option value=${r.robot_id}>${r.name}</option>`)}</select>
      <select aria-label="Created" value=${query.hours ?? ""} onChange=${(e) => change({ hours: e.target.value })}>${AGES.map(([k, word]) => html`<option value=${k}>${word}</option>`)}</select>
      ${isFiltered ? html`<${Button} quiet onClick=${() => change({ status: "", workflow: "", robot: "", hours: "" })}>Clear<//>` : null}</div>
    ${selected.size ? html`<div class="tool picked" role="group" aria-label="With the selected jobs"><b>${selected.size.toLocaleString()} selected</b>
      ${can("jobs.cancel") ? html`<${Button} danger icon="ban" disabled=${chosen.length === selected.size && chosen.every((j) => ENDED.has(j.status))} onClick=${() => act("cancel")}>Cancel…<//>` : null}${can("jobs.retry") ? html`<${Button} icon="redo" onClick=${() => act("retry")}>Run again…<//>` : null}
      ${data && data.total > jobs.length && selected.size >= jobs.length ? html`<${Button} onClick=${selectAll}>Select all that match<//>` : null}<${Button} quiet onClick=${() => select(new Set())}>Select none<//></div>` : null}
    <${Trouble} error=${error} retry=${reload} />
    ${loading ? html`<${Loading} rows=${8} />` : jobs.length ? html`<table class="tbl"><caption class="sr">Jobs, newest first</caption><thead><tr>${mayAct ? html`<th class="w-x"><input type="checkbox" aria-label="Select the jobs of this page" checked=${jobs.every((j) => selected.has(j.job_id))} onChange=${(e) => select(new Set(e.target.checked ? jobs.map((j) => j.job_id) : []))} /></th>` : null}
      <th class="w-st">State</th><th>Workflow</th><th class="w-rb">Robot</th><th class="w-pg">Progress</th><th class="w-at">Created</th><th class="num w-du">Ran for</th></tr></thead>
      <tbody>${jobs.map((j) => html`<${Row} key=${j.job_id} job=${j} selected=${selected.has(j.job_id)} onSelect=${mayAct ? toggle : null} />`)}</tbody></table>
      <${Pager} offset=${offset} limit=${LIMIT} total=${data.total} capped=${data.total_is_capped} count=${jobs.length} onPage=${(o) => setQuery({ offset: o || "" })} />`
      : data ? html`<${Empty}>${isFiltered ? "No job matches. Take a part of the filter away." : html`Nobody has run anything yet. ${can("jobs.create") ? "Run a workflow with the button above, or " : "Somebody may "}submit one with <code>casare-cloud jobs submit FILE --watch</code>.`}<//>` : null}
    </section>`;
}
