// Jobs that no attempt is left for, by workflow: look, run again, delete.
import { html, useEffect, useState } from "../core/ui.js";
import { call, get } from "../core/api.js";
import { go, link, route, setQuery, useTitle } from "../core/router.js";
import { can } from "../core/session.js";
import { ofJobs, useQuery } from "../core/query.js";
import { Time } from "../core/time.js";
import { Button, Empty, Foreign, Head, Loading, Pager, Trouble } from "../parts/basic.js";
import { toast } from "../parts/dialog.js";
import { actOnMany } from "../parts/jobs.js";

const LIMIT = 50;
const WORDS = { attempts_exhausted: "every attempt failed", not_retryable: "cannot be mended by another try", lease_lost: "its robots went away", timeout: "took too long", no_progress: "did not move", poison: "ended its robots' programs" };

export default function DeadLetters() {
  useTitle("Dead letters");
  const q = Object.fromEntries(route.value.query), offset = Number(q.offset) || 0, key = JSON.stringify([q.workflow, q.reason, offset]);
  const on = (e) => e.event_type.startsWith("dead_letter.") || ofJobs(e);
  const stats = useQuery("stats", (a) => get("/dlq/stats", {}, a), { on, distance: 4000 });
  const { data, error, loading, reload } = useQuery(key, (a) => get("/dlq", { workflow_id: q.workflow, reason: q.reason, resolved: false, limit: LIMIT, offset }, a), { on, distance: 4000 });
  const [selected, select] = useState(new Set());
  useEffect(() => select(new Set()), [key]);
  const letters = data?.dead_letters ?? [], after = () => { select(new Set()); reload(); stats.reload(); };
  const act = async (what) => {
    const ids = [...selected], n = `${ids.length} dead letter${ids.length === 1 ? "" : "s"}`;
    const done = await actOnMany(what === "retry" ? { title: `Run ${n} again?`, text: "A new job is made for each, with the same input and all its attempts.", action: `Run ${ids.length} again`, path: "/dlq/retry", ids, words: (k) => `${k} new jobs wait.` } : { title: `Delete ${n}?`, text: "The dead letters are taken away; their jobs, logs and results stay until their retention ends.", action: `Delete ${ids.length}`, danger: true, path: "/dlq/delete", ids, words: (k) => `${k} deleted.` });
    if (done) after();
  };
  const again = async (l) => { const a = await call("POST", `/dlq/${l.job_id}/retry`); toast("A new job waits."); go(["jobs", a.new_job_id]); };
  const mayAct = can("jobs.retry") || can("jobs.delete");
  return html`<${Head} title="Dead letters" note=${stats.data ? html`<span class="m">${stats.data.open.toLocaleString()} open, ${stats.data.resolved.toLocaleString()} done</span>` : null} /><${Trouble} error=${error} retry=${reload} />
    <section class="card" aria-label="Dead letters">${stats.data?.open || q.workflow || q.reason ? html`<div class="tool"><select aria-label="Workflow" value=${q.workflow ?? ""} onChange=${(e) => setQuery({ workflow: e.target.value, offset: "" })}><option value="">All workflows</option>${(stats.data?.by_workflow ?? []).map((w) => html`<option value=${w.workflow_id}>${w.workflow_name ?? w.workflow_id} (${w.letters})</option>`)}</select><span class="chips" role="group" aria-label="Reason"><button type="button" class="chip" aria-pressed=${q.reason ? "false" : "true"} onClick=${() => setQuery({ reason: "", offset: "" })}>All</button>${Object.entries(stats.data?.by_reason ?? {}).map(([r, n]) => html`<button type="button" class="chip" aria-pressed=${q.reason === r ? "true" : "false"} onClick=${() => setQuery({ reason: r, offset: "" })}>${WORDS[r] ?? r} ${n}</button>`)}</span></div>` : null}
    ${selected.size ? html`<div class="tool picked" role="group" aria-label="With the selected dead letters"><b>${selected.size} selected</b>${can("jobs.retry") ? html`<${Button} icon="redo" onClick=${() => act("retry")}>Run again…<//>` : null}${can("jobs.delete") ? html`<${Button} danger onClick=${() => act("delete")}>Delete…<//>` : null}<${Button} quiet onClick=${() => select(new Set())}>Select none<//></div>` : null}
    ${loading ? html`<${Loading} rows=${5} />` : letters.length ? html`<table class="tbl free"><caption class="sr">Dead letters, newest first</caption><thead><tr>${mayAct ? html`<th class="w-x"><input type="checkbox" aria-label="Select the dead letters of this page" checked=${letters.every((l) => selected.has(l.job_id))} onChange=${(e) => select(new Set(e.target.checked ? letters.map((l) => l.job_id) : []))} /></th>` : null}<th>Workflow</th><th>What failed</th><th class="w-b">Why no more</th><th class="w-at">Since</th><th class="w-m"><span class="sr">Acts</span></th></tr></thead><tbody>${letters.map((l) => html`<tr key=${l.job_id}>${mayAct ? html`<td class="c-x"><input type="checkbox" aria-label=${`Select the dead letter ${l.job_id}`} checked=${selected.has(l.job_id)} onChange=${() => { const next = new Set(selected); if (!next.delete(l.job_id)) next.add(l.job_id); select(next); }} /></td>` : null}<td><a data-row href=${link(["jobs", l.job_id])}><${Foreign} text=${l.workflow_name ?? "a deleted workflow"} /></a></td><td class="m"><b><bdi>${l.error_type ?? ""}</bdi></b> <bdi>${l.error_message ?? ""}</bdi></td><td class="m">${WORDS[l.reason] ?? l.reason} (${l.attempts})</td><td class="m"><${Time} at=${l.dead_lettered_at} /></td><td class="acts-c">${can("jobs.retry") ? html`<${Button} icon="redo" label=${`Run ${l.job_id} again`} onClick=${() => again(l)}>Again<//>` : null}</td></tr>`)}</tbody></table><${Pager} offset=${offset} limit=${LIMIT} total=${data.total} count=${letters.length} onPage=${(o) => setQuery({ offset: o || "" })} />`
      : data ? html`<${Empty}>${q.workflow || q.reason ? "No dead letter matches." : "No dead letter. A job comes here when it failed and no attempt is left; nothing to do."}<//>` : null}</section>`;
}
