// One workflow: its graph to look at, its jobs, its definition, its versions and their difference, and running it.
import { html } from "../core/ui.js";
import { call, get } from "../core/api.js";
import { go, link, route, setQuery, useTitle } from "../core/router.js";
import { can } from "../core/session.js";
import { useQuery } from "../core/query.js";
import { Time } from "../core/time.js";
import { Badge, Button, Card, CopyButton, Empty, Foreign, Head, Loading, Trouble } from "../parts/basic.js";
import { confirm, toast } from "../parts/dialog.js";
import { Row, runWorkflow } from "../parts/jobs.js";
import { Tree, TreeCopy } from "../parts/tree.js";
import { Difference, edgesOf, nodesOf } from "../parts/versions.js";

export default function Workflow({ id }) {
  const mine = (e) => e.workflow_id === id;
  const flow = useQuery(`flow ${id}`, (a) => get(`/workflows/${id}`, {}, a), { on: (e) => mine(e) && e.event_type.startsWith("workflow.") });
  const jobs = useQuery(can("jobs.read") ? `jobs ${id}` : null, (a) => get("/jobs", { workflow_id: id, limit: 10 }, a), { on: mine });
  const query = route.value.query, chosen = Number(query.get("version")) || null, other = Number(query.get("from")) || null;
  const versions = useQuery(`versions ${id}`, (a) => get(`/workflows/${id}/versions`, { limit: 100 }, a), { on: (e) => mine(e) && e.event_type.startsWith("workflow."), every: 60_000 });
  const one = (n) => useQuery(n && n !== flow.data?.version ? `version ${id} ${n}` : null, (a) => get(`/workflows/${id}/versions/${n}`, {}, a), { every: 3_600_000 });
  const shown = one(chosen), from = one(other);
  useTitle(flow.data?.workflow_name ?? "Workflow", !flow.loading);
  const crumb = html`<nav class="crumb" aria-label="Where you are"><a class="l" href="#/workflows">Workflows</a>/<span class="mono">${id}</span><${CopyButton} text=${id} label="Copy the workflow's id" /></nav>`;
  if (!flow.data) return html`<${Head} crumb=${crumb} title=${flow.error?.status === 404 ? "There is no such workflow" : "Workflow"} />${flow.error ? html`<${Trouble} error=${flow.error} retry=${flow.reload} />` : html`<${Loading} />`}`;
  const w = flow.data;
  const is = (n) => n === null || n === w.version;
  const definition = is(chosen) ? w.workflow_json : shown.data?.workflow_json, number = chosen ?? w.version;
  const before = other === null ? null : other === w.version ? w.workflow_json : from.data?.workflow_json;
  const remove = async () => {
    const answer = await confirm({ title: `Delete ${w.workflow_name}?`, text: "Its jobs that wait are cancelled, its schedules and triggers stop. Jobs that have ended stay to be read.", action: "Delete the workflow", run: () => call("DELETE", `/workflows/${id}`) });
    if (answer) { toast(answer.message); go(["workflows"]); }
  };
  return html`<${Head} crumb=${crumb} title=${html`<${Foreign} text=${w.workflow_name} />`} note=${html`<span class="m s">version ${w.version}</span><${Badge} big state=${w.is_enabled ? w.status : "disabled"} />`}>${can("jobs.create") ? html`<${Button} primary icon="bolt" onClick=${() => runWorkflow({ workflow: w })}>Run<//>` : null}${can("workflows.delete") ? html`<${Button} danger onClick=${remove}>Delete…<//>` : null}<//>
    ${w.description ? html`<p class="m lead"><bdi>${w.description}</bdi></p>` : null}
    <div class="grid jg"><div class="stack"><${Trouble} error=${shown.error ?? from.error} />${before && definition ? html`<${Difference} before=${before} after=${definition} from=${other} to=${number} />` : null}
      <${Card} title="Graph" note=${is(chosen) ? `${w.node_count} nodes` : `of version ${number}`}>${definition ? html`<${Graph} definition=${definition} />` : html`<${Loading} />`}<//>
      <${Card} title="Its jobs" actions=${html`<a class="l s" href=${link(["jobs"], { workflow: id })}>All</a>`}>${jobs.data?.jobs.length ? html`<table class="tbl"><caption class="sr">Jobs of this workflow</caption><thead><tr><th class="w-st">State</th><th>Workflow</th><th class="w-rb">Robot</th><th class="w-pg">Progress</th><th class="w-at">Created</th><th class="num w-du">Ran for</th></tr></thead><tbody>${jobs.data.jobs.map((j) => html`<${Row} key=${j.job_id} job=${j} />`)}</tbody></table>` : jobs.loading ? html`<${Loading} />` : html`<${Empty}>It has not run yet.<//>`}<//></div>
    <div class="stack"><${Card} title="Facts"><dl><dt>Version</dt><dd>${w.version}</dd><dt>Made</dt><dd><${Time} at=${w.created_at} /></dd><dt>Changed</dt><dd><${Time} at=${w.updated_at} /></dd></dl><//>
      <${Versions} list=${versions.data} number=${number} from=${other} set=${setQuery} />${definition ? html`<${Card} title="Definition" note=${is(chosen) ? "" : `of version ${number}`} actions=${html`<${TreeCopy} value=${definition} label="Copy the definition" />`}><${Tree} key=${number} value=${definition} label="Definition" /><//>` : null}</div></div>`;
}

function Versions({ list, number, from, set }) {
  if (!list) return html`<${Card} title="Versions"><${Loading} /><//>`;
  const newest = list.versions[0]?.version;
  return html`<${Card} title="Versions" note=${list.total}>${list.total < 2 ? html`<${Empty}>There is one. Another is made when the workflow is submitted again.<//>` : html`<table class="tbl free"><caption class="sr">Versions</caption><thead><tr><th class="w-s">Version</th><th>Made</th><th><span class="sr">Acts</span></th></tr></thead><tbody>${list.versions.map((v, i) => html`<tr key=${v.version} class=${v.version === number ? "sel" : ""}><td><a href=${link(route.value.path, { version: v.version === newest ? "" : v.version })} aria-current=${v.version === number ? "true" : null}>${v.version}</a> <span class="m s">${v.is_current ? "current" : ""}</span></td><td class="m"><${Time} at=${v.created_at} /></td><td class="acts-c">${i + 1 < list.versions.length ? html`<${Button} label=${`What version ${v.version} changed`} onClick=${() => set({ version: v.version === newest ? "" : v.version, from: from && v.version === number ? "" : list.versions[i + 1].version })}>${from && v.version === number ? "Hide changes" : "Changes"}<//>` : null}</td></tr>`)}</tbody></table>`}<//>`;
}

// Nodes in columns: each stands one after the furthest of those that lead to it.
const W = 170, H = 44, GAP_X = 46, GAP_Y = 16, MOST = 300;
function Graph({ definition }) {
  const nodes = nodesOf(definition).slice(0, MOST), edges = edgesOf(definition);
  const index = new Map(nodes.map((n, i) => [n.id, i]));
  const known = edges.filter(([a, b]) => index.has(a) && index.has(b) && index.get(a) < index.get(b)); // loops lead back: they are not drawn
  if (!nodes.length) return html`<${Empty}>The workflow has no nodes.<//>`;
  const column = nodes.map(() => 0), rows = [];
  for (const [a, b] of known.sort((x, y) => index.get(x[0]) - index.get(y[0]))) column[index.get(b)] = Math.max(column[index.get(b)], column[index.get(a)] + 1);
  const place = nodes.map((n, i) => { rows[column[i]] = (rows[column[i]] ?? -1) + 1; return [column[i] * (W + GAP_X), rows[column[i]] * (H + GAP_Y)]; });
  const width = Math.max(...place.map((p) => p[0])) + W + 2, height = Math.max(...place.map((p) => p[1])) + H + 2;
  const cut = (text) => (text.length > 22 ? text.slice(0, 21) + "…" : text);
  return html`<div class="graph" tabindex="0" role="img" aria-label=${`${nodes.length} nodes: ${nodes.slice(0, 30).map((n) => n.id).join(", ")}`}><svg width=${width} height=${height} viewBox=${`-1 -1 ${width} ${height}`}>${known.map(([a, b]) => { const [x, y] = place[index.get(a)], [u, v] = place[index.get(b)]; return html`<path d=${`M${x + W},${y + H / 2}C${x + W + GAP_X / 2},${y + H / 2} ${u - GAP_X / 2},${v + H / 2} ${u},${v + H / 2}`} />`; })}
    ${nodes.map((n, i) => html`<g><title>${n.id} ${n.type}</title><rect x=${place[i][0]} y=${place[i][1]} width=${W} height=${H} rx="7" /><text x=${place[i][0] + 10} y=${place[i][1] + 18}>${cut(n.id)}</text><text class="t" x=${place[i][0] + 10} y=${place[i][1] + 34}>${cut(n.type)}</text></g>`)}</svg></div>`;
}
