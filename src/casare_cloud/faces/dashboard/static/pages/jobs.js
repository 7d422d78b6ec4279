// All jobs, newest first, live. The address holds the filter.
import { can, get, go, html, route, setQuery, Time, useEffect, useKeys, useQuery, useRef, useState, useTitle } from "../core/kit.js";
import { Button, Chips, ENDED, Find, Head, namesOf, Pick, Picked, plural } from "../parts/basic.js";
import { toast } from "../parts/dialog.js";
import { actOnMany, follow, Jobs as Table, runWorkflow, trail } from "../parts/jobs.js";

const LIMIT = 50, MOST = 1000, LOOKS = 4, DOWN = 140;
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

// While one has scrolled down or selected rows, the rows that were there (kept) stay, and new ones wait to be asked for.
function useStill(kept, key, jobs, busy) {
  const [down, setDown] = useState(false), [, draw] = useState(0);
  useEffect(() => { const look = () => setDown(scrollY > DOWN); addEventListener("scroll", look, { passive: true }); return () => removeEventListener("scroll", look); }, []);
  if (kept.key !== key || !kept.jobs.length || !(down || busy)) Object.assign(kept, { key, jobs });
  const now = new Map(jobs.map((j) => [j.job_id, j])), first = kept.jobs[0]?.job_id ?? "";
  kept.jobs = kept.jobs.map((j) => now.get(j.job_id) ?? j);
  return { jobs: kept.jobs, fresh: jobs.filter((j) => j.job_id > first).length, show: () => { kept.jobs = []; draw((n) => n + 1); scrollTo(0, 0); } };
}

export function Jobs() {
  useTitle("Jobs");
  const query = Object.fromEntries(route.value.query);
  const after = query.hours ? new Date(Math.floor((Date.now() - query.hours * 3_600_000) / 60_000) * 60_000).toISOString() : undefined;
  const filter = { status: query.status, workflow_id: query.workflow, robot_id: query.robot, created_after: after, search: query.search, error_type: query.error, trigger_type: query.cause };
  const key = JSON.stringify([query.status, query.workflow, query.robot, query.hours, query.search, query.error, query.cause, query.before]);
  // The event of a new job does not say all that may be asked for.
  const isMine = query.before || query.robot || query.search || query.error || query.cause || (query.status ?? "pending") !== "pending" ? null : (e) => !query.workflow || e.workflow_id === query.workflow;
  const kept = useRef({}).current;
  const apply = (page, events) => { if (kept.key === key) kept.jobs = follow(kept, events).jobs; return cut(follow(page, events, isMine)); };
  const list = useQuery(key, (abort) => read(filter, LIMIT, query.before, abort), { on: (e) => e.event_type.startsWith("job."), apply }), { data } = list;
  const flows = useQuery(can("workflows.read") ? "names" : null, (abort) => get("/workflows", { limit: 500 }, abort), { every: 300_000 });
  const robots = useQuery(can("robots.read") ? "names" : null, (abort) => get("/robots", { limit: 500 }, abort), { every: 300_000 });
  const [selected, select] = useState(new Set());
  useEffect(() => select(new Set()), [key]);
  const still = useStill(kept, key, data?.jobs ?? [], selected.size > 0), { jobs } = still;
  trail.ids = jobs.map((j) => j.job_id);
  const change = (changes) => setQuery({ before: "", ...changes });
  const isFiltered = Object.keys(query).some((k) => k !== "before" && query[k]);
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
  const act = async (what, ids = [...selected]) => {
    if (!ids.length || !can(`jobs.${what}`)) return;
    const one = what === "cancel"
      ? { title: `Cancel ${plural(ids.length, "job")}?`, text: `Selected from: ${words}. Those that wait end at once; robots are told to stop those that run. Jobs that have ended stay as they are.`, action: `Cancel ${ids.length}`, path: "/jobs/batch/cancel", danger: true, reason: true, words: (n) => `${n} cancelled or told to stop.` }
      : { title: `Run ${plural(ids.length, "job")} again?`, text: `Selected from: ${words}. A new job is made for each that failed, timed out or was cancelled, with the same input.`, action: `Run ${ids.length} again`, path: "/jobs/batch/retry", words: (n) => `${n} new jobs wait.` };
    if (await actOnMany({ ...one, ids })) { select(new Set()); list.reload(); }
  };
  // What is selected, else the row that has the focus.
  const byKey = (what) => (row) => act(what, selected.size ? [...selected] : row ? [row.split("/").at(-1)] : []);
  useKeys({ c: byKey("cancel"), r: byKey("retry") });
  const chosen = jobs.filter((j) => selected.has(j.job_id));
  const pick = can("jobs.cancel") || can("jobs.retry") ? { of: selected, set: select, id: (j) => j.job_id, name: (j) => `Select the job of ${j.workflow_name}, ${j.job_id}`, all: "Select the jobs of this page" } : null;
  // Each older page is an address of its own, so that the browser's way back is the way to the newer one.
  const older = query.before || data?.next ? html`<nav class="pager" aria-label="Pages">${query.before ? html`<${Button} onClick=${() => go(["jobs"], { ...query, before: "" })}>Newest<//>` : null}
    ${data?.next ? html`<span class="m s">${jobs.length < LIMIT ? html`looked through back to <${Time} at=${timeOf(data.next)} />` : ""}</span><${Button} onClick=${() => go(["jobs"], { ...query, before: data.next })}>Older<//>` : null}</nav>` : null;
  const none = data?.next ? html`None of the jobs back to <${Time} at=${timeOf(data.next)} /> matches.` : query.before ? "There are no older ones." : isFiltered ? "No job matches. Take a part of the filter away." : html`Nobody has run anything yet. ${can("jobs.create") ? "Run a workflow with the button above, or " : "Somebody may "}submit one with <code>casare-cloud jobs submit FILE --watch</code>.`;
  return html`<${Head} title="Jobs" note=${data ? html`<span class="m">${query.before ? html`before <${Time} at=${timeOf(query.before)} />` : `${data.total.toLocaleString()}${data.total_is_capped || data.next && data.total <= data.jobs.length ? "+" : ""} ${isFiltered ? "match" : "kept"}`}</span>` : null}>${can("jobs.create") ? html`<${Button} primary icon="bolt" onClick=${() => runWorkflow({})}>Run a workflow<//>` : null}<//>
    <section class="card" aria-label="Jobs">
    <div class="tool filters"><${Chips} label="State" of=${TABS} value=${query.status} set=${(status) => change({ status })} />
      <${Pick} label="Workflow" value=${query.workflow} set=${(workflow) => change({ workflow })} of=${[["", "All workflows"], ...namesOf(flows.data?.workflows ?? [])]} /><${Pick} label="Robot" value=${query.robot} set=${(robot) => change({ robot })} of=${[["", "All robots"], ...(robots.data?.robots ?? []).map((r) => [r.robot_id, r.name])]} />
      <${Pick} label="Created" value=${query.hours} set=${(hours) => change({ hours })} of=${AGES} /><${Pick} label="Cause" value=${query.cause} set=${(cause) => change({ cause })} of=${CAUSES} />
      <${Find} label="Error type" value=${query.error} set=${(error) => change({ error })} /><${Find} label="Name, error or key" value=${query.search} set=${(search) => change({ search })} />
      ${isFiltered ? html`<${Button} quiet onClick=${() => change({ status: "", workflow: "", robot: "", hours: "", search: "", error: "", cause: "" })}>Clear<//>` : null}</div>
    <${Picked} n=${selected.size} what="jobs" none=${() => select(new Set())}>${can("jobs.cancel") ? html`<${Button} danger icon="ban" disabled=${chosen.length === selected.size && chosen.every((j) => ENDED.has(j.status))} onClick=${() => act("cancel")}>Cancel…<//>` : null}${can("jobs.retry") ? html`<${Button} icon="redo" onClick=${() => act("retry")}>Run again…<//>` : null}
      ${data?.next && selected.size >= jobs.length ? html`<${Button} onClick=${selectAll}>Select all that match<//>` : null}<//>
    ${still.fresh && !query.before ? html`<button type="button" class="btn fresh" onClick=${still.show}>${still.fresh} new</button>` : null}
    <${Table} of=${list} rows=${jobs} pick=${pick} wait=${8} empty=${none} />${older}</section>`;
}
