// What happened: jobs that no attempt is left for, events as they come, and who changed what.
import { call, can, get, go, html, link, ofJobs, onEvents, route, setQuery, Time, useEffect, useKeys, useQuery, useState, useTitle } from "../core/kit.js";
import { Button, Chips, Foreign, Head, List, Pager, Pick, Picked, plural, To, unnamed } from "../parts/basic.js";
import { toast } from "../parts/dialog.js";
import { actOnMany } from "../parts/jobs.js";
import { Tree } from "../parts/tree.js";

// --- dead letters, by workflow and reason: look, run again, delete ---
const LIMIT = 50;
const WORDS = { attempts_exhausted: "every attempt failed", not_retryable: "cannot be mended by another try", lease_lost: "its robots went away", timeout: "took too long", no_progress: "did not move", poison: "ended its robots' programs" };

export function DeadLetters() {
  useTitle("Dead letters");
  const q = Object.fromEntries(route.value.query), offset = Number(q.offset) || 0, key = JSON.stringify([q.workflow, q.reason, offset]);
  const on = (e) => e.event_type.startsWith("dead_letter.") || ofJobs(e);
  const stats = useQuery("stats", (a) => get("/dlq/stats", {}, a), { on, distance: 4000 }), sums = stats.data;
  const of = useQuery(key, (a) => get("/dlq", { workflow_id: q.workflow, reason: q.reason, resolved: false, limit: LIMIT, offset }, a), { on, distance: 4000 });
  const [selected, select] = useState(new Set());
  useEffect(() => select(new Set()), [key]);
  const letters = of.data?.dead_letters ?? [];
  const act = async (what, ids = [...selected]) => {
    if (!ids.length || !can(`jobs.${what}`)) return;
    const n = plural(ids.length, "dead letter");
    const done = await actOnMany(what === "retry" ? { title: `Run ${n} again?`, text: "A new job is made for each, with the same input and all its attempts.", action: `Run ${ids.length} again`, path: "/dlq/retry", ids, words: (k) => `${k} new jobs wait.` } : { title: `Delete ${n}?`, text: "The dead letters are taken away; their jobs, logs and results stay until their retention ends.", action: `Delete ${ids.length}`, danger: true, path: "/dlq/delete", ids, words: (k) => `${k} deleted.` });
    if (done) { select(new Set()); of.reload(); stats.reload(); }
  };
  useKeys({ r: (row) => act("retry", selected.size ? [...selected] : row ? [row.split("/").at(-1)] : []) });
  const again = async (l) => { const a = await call("POST", `/dlq/${l.job_id}/retry`); toast("A new job waits."); go(["jobs", a.new_job_id]); };
  const pick = can("jobs.retry") || can("jobs.delete") ? { of: selected, set: select, id: (l) => l.job_id, name: (l) => `Select the dead letter ${l.job_id}`, all: "Select the dead letters of this page" } : null;
  return html`<${Head} title="Dead letters" note=${sums ? html`<span class="m">${sums.open.toLocaleString()} open, ${sums.resolved.toLocaleString()} done</span>` : null} />
    <section class="card" aria-label="Dead letters">${sums?.open || q.workflow || q.reason ? html`<div class="tool"><${Pick} label="Workflow" value=${q.workflow} set=${(workflow) => setQuery({ workflow, offset: "" })} of=${[["", "All workflows"], ...(sums?.by_workflow ?? []).map((w) => [w.workflow_id, `${w.workflow_name ?? w.workflow_id} (${w.letters})`])]} /><${Chips} label="Reason" value=${q.reason} set=${(reason) => setQuery({ reason, offset: "" })} of=${[["", "All"], ...Object.entries(sums?.by_reason ?? {}).map(([r, n]) => [r, `${WORDS[r] ?? r} ${n}`])]} /></div>` : null}
    <${Picked} n=${selected.size} what="dead letters" none=${() => select(new Set())}>${can("jobs.retry") ? html`<${Button} icon="redo" onClick=${() => act("retry")}>Run again…<//>` : null}${can("jobs.delete") ? html`<${Button} danger onClick=${() => act("delete")}>Delete…<//>` : null}<//>
    <${List} caption="Dead letters, newest first" of=${of} rows=${letters} id=${(l) => l.job_id} pick=${pick} empty=${q.workflow || q.reason ? "No dead letter matches." : "No dead letter. A job comes here when it failed and no attempt is left; nothing to do."} cols=${[
      ["Workflow", "w-b", (l) => html`<${To} row path=${["jobs", l.job_id]} text=${l.workflow_name ?? unnamed()} />`], ["What failed", "", (l) => html`<b><bdi>${l.error_type ?? ""}</bdi></b> <bdi>${l.error_message ?? ""}</bdi>`, "m"], ["Why no more", "w-b", (l) => `${WORDS[l.reason] ?? l.reason} (${l.attempts})`, "m"], ["Since", "w-at", (l) => html`<${Time} at=${l.dead_lettered_at} />`, "m h"],
      can("jobs.retry") && ["", "w-m", (l) => html`<${Button} icon="redo" label=${`Run ${l.job_id} again`} onClick=${() => again(l)}>Again<//>`, "acts-c"]]} />${of.data ? html`<${Pager} offset=${offset} limit=${LIMIT} total=${of.data.total} count=${letters.length} onPage=${(o) => setQuery({ offset: o })} />` : null}</section>`;
}

// --- events, the newest first, live ---
const HELD = 500, KINDS = [["", "All"], ["job", "Jobs"], ["robot", "Robots"], ["schedule", "Schedules"], ["trigger", "Triggers"], ["workflow", "Workflows"]];

export function Events() {
  useTitle("Events");
  const kind = route.value.query.get("kind") ?? "";
  const of = useQuery("activity", (a) => get("/metrics/activity", { limit: 100 }, a), { every: 300_000 });
  const [fresh, setFresh] = useState([]);
  useEffect(() => onEvents((events) => setFresh((before) => [...events.slice(-HELD).reverse(), ...before].slice(0, HELD))), []);
  const seen = new Set(fresh.map((e) => e.seq));
  const old = (of.data?.events ?? []).filter((e) => !seen.has(e.seq)).map((e) => ({ ...e, event_type: e.type.replace("_", ".") }));
  const shown = [...fresh, ...old].filter((e) => !kind || e.event_type.startsWith(kind + "."));
  const name = (e) => e.data?.workflow_name ?? e.data?.schedule_name ?? e.data?.name ?? e.title;
  return html`<${Head} title="Events" note=${html`<span class="m">newest first</span>`} />
    <section class="card" aria-label="Events"><div class="tool"><${Chips} label="Kind" value=${kind} set=${(k) => setQuery({ kind: k })} of=${KINDS} /></div>
    <${List} caption="Events" of=${of} rows=${shown} id=${(e) => e.seq} empty="Nothing has happened yet. What happens appears here at once." cols=${[
      ["Number", "w-s", (e) => e.seq, "m"], ["Time", "w-at", (e) => html`<${Time} at=${e.timestamp} />`], ["What", "w-m", (e) => e.event_type], ["Of", "", (e) => html`${e.job_id ? html`<${To} row path=${["jobs", e.job_id]} text=${name(e) ?? e.job_id} />` : html`<${Foreign} text=${name(e)} />`} <span class="m s"><bdi>${e.data?.error_message ?? e.details ?? ""}</bdi></span>`], ["Robot", "w-m", (e) => (e.robot_external_id ? html`<a href=${link(["robots", e.robot_external_id])}><${Foreign} text=${e.robot_external_id} /></a>` : "–"), "m"]]} /></section>`;
}

// --- audit, the newest first ---
const OF = [["", "Everything"], ["workflows", "Workflows"], ["schedules", "Schedules"], ["triggers", "Triggers"], ["robots", "Robots"], ["limits", "Limits"], ["api_keys", "Keys"], ["memberships", "Members"], ["member_roles", "Roles of members"], ["roles", "Roles"], ["invitations", "Invitations"], ["tenants", "Settings"]];

export function Audit() {
  useTitle("Audit");
  const kind = route.value.query.get("of") ?? "";
  // The pages that one has gone back through, which stay as they were read: else rows would fall between them.
  const [read, setRead] = useState({});
  useEffect(() => setRead({}), [kind]);
  const of = useQuery(`audit ${kind}`, (a) => get("/audit", { resource_type: kind, limit: LIMIT }, a), { every: 60_000 });
  const isBack = read.of === kind, pages = isBack ? read.pages : of.data ? [of.data] : [], next = pages.at(-1)?.next;
  const more = async () => { const page = await get("/audit", { resource_type: kind, limit: LIMIT, before: next }); setRead({ of: kind, pages: [...pages, page] }); };
  return html`<${Head} title="Audit" note=${html`<span class="m">who changed what</span>`} />
    <section class="card" aria-label="Changes"><div class="tool"><${Pick} label="Of" value=${kind} set=${(k) => setQuery({ of: k })} of=${OF} /></div>
    <${List} caption="Changes, newest first" of=${of} rows=${pages.flatMap((p) => p.entries)} id=${(e) => e.audit_id} empty=${next || isBack ? html`No change of these since <${Time} at=${pages.at(-1).looked_back_to} />.` : kind ? "No change of these." : "Nobody has changed anything yet."} cols=${[
      ["Time", "w-at", (e) => html`<${Time} at=${e.created_at} />`], ["Who", "w-b", (e) => html`<${Foreign} text=${e.actor ?? e.principal ?? "the service"} />`], ["Did", "w-m", (e) => html`${e.action} <span class="m s">${e.resource_type.replace(/_/g, " ")}</span>`],
      ["What", "", (e) => html`<details><summary class="whole"><${Foreign} text=${e.new_values?.name ?? e.old_values?.name ?? e.new_values?.email ?? e.resource_id} /></summary><${Tree} value=${{ id: e.resource_id, before: e.old_values, after: e.new_values, address: e.ip_address }} label="Before and after" /></details>`]]} />
    ${next || isBack ? html`<nav class="pager" aria-label="Pages">${isBack ? html`<${Button} onClick=${() => setRead({})}>Newest<//>` : null}${next ? html`<${Button} onClick=${more}>Older<//>` : null}</nav>` : null}</section>`;
}
