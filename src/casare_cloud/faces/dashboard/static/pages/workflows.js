// Workflows: what can be run; and one workflow: its graph to look at, its jobs, its definition, its versions and their difference, and running it.
import { call, can, get, go, html, link, route, setQuery, Time, useQuery, useTitle } from "../core/kit.js";
import { Absent, Badge, Button, Card, Count, Crumb, Empty, Fact, Facts, Field, Find, Foreign, Head, List, Loading, Pager, To, Trouble } from "../parts/basic.js";
import { ask, confirm, toast } from "../parts/dialog.js";
import { Jobs, runWorkflow } from "../parts/jobs.js";
import { Tree, TreeCopy } from "../parts/tree.js";
import { Difference, edgesOf, nodesOf } from "../parts/versions.js";

const LIMIT = 50;
const stateOfOne = (w, big) => html`<${Badge} big=${big} state=${w.is_enabled ? w.status : "disabled"} />`;

export function Workflows() {
  useTitle("Workflows");
  const q = Object.fromEntries(route.value.query), offset = Number(q.offset) || 0;
  const of = useQuery(JSON.stringify([q.search, offset]), (a) => get("/workflows", { search: q.search, limit: LIMIT, offset }, a), { on: (e) => e.event_type.startsWith("workflow.") }), { data } = of;
  return html`<${Head} title="Workflows" note=${html`<${Count} n=${data?.total} />`}>${can("workflows.write") && can("jobs.create") ? html`<${Button} primary onClick=${() => upload()}>Upload…<//>` : null}<//>
    <section class="card" aria-label="Workflows"><div class="tool"><${Find} label="Find workflows" hint="Find by name" value=${q.search} set=${(search) => setQuery({ search, offset: "" })} /></div>
    <${List} caption="Workflows" of=${of} rows=${data?.workflows} id=${(w) => w.workflow_id} empty=${q.search ? "No workflow has such a name." : html`There is no workflow yet. Upload one, or send it with <code>casare-cloud jobs submit FILE</code>.`} cols=${[
      ["Workflow", "", (w) => html`<${To} row path=${["workflows", w.workflow_id]} text=${w.workflow_name} /> <span class="m s"><bdi>${w.description}</bdi></span>`], ["State", "w-m", (w) => stateOfOne(w)], ["Version", "w-s", (w) => w.version, "h"], ["Nodes", "w-s", (w) => w.node_count, "h"], ["Changed", "w-at", (w) => html`<${Time} at=${w.updated_at} />`, "m h"],
      can("jobs.create") && ["", "w-at", (w) => html`<${Button} icon="bolt" label=${`Run ${w.workflow_name}`} onClick=${async () => runWorkflow({ workflow: await get(`/workflows/${w.workflow_id}`) })}>Run<//>`, "acts-c"]]} />${data ? html`<${Pager} offset=${offset} limit=${LIMIT} total=${data.total} count=${data.workflows.length} onPage=${(o) => setQuery({ offset: o })} />` : null}</section>`;
}

// Stores a file: as the next version of `of`, or of the newest workflow of its name; as a new one when there is none, or when that is asked for.
async function upload(of) {
  const made = await ask(of ? `The next version of ${of.workflow_name}` : "Upload a workflow", html`<${Field} label="File (JSON)" name="file" type="file" accept=".json,application/json" required />${of ? null : html`<${Field} label="Name (else the file's own)" name="name" maxlength="255" /><label class="check"><input type="checkbox" name="next" defaultChecked />As the next version, if there is one of that name</label>`}<label class="check"><input type="checkbox" name="run" defaultChecked=${!of} />Run it once, with its own defaults as input</label>`, "Upload", async ({ file, name = "", next, run }) => {
    const definition = JSON.parse(await file.text());
    const wanted = of?.workflow_name ?? (name.trim() || definition.metadata?.name || file.name.replace(/\.json$/, ""));
    const same = of ?? (next && (await get("/workflows", { search: wanted, limit: 500 })).workflows.filter((w) => w.workflow_name === wanted).sort((a, b) => (a.workflow_id < b.workflow_id ? 1 : -1))[0]);
    return call("POST", "/workflows", { body: { workflow_id: same?.workflow_id, workflow_name: wanted, workflow_json: definition, trigger_type: "manual", run: Boolean(run) }, key: crypto.randomUUID?.() });
  });
  if (!made) return;
  toast(made.message);
  for (const warning of made.warnings ?? []) toast(warning, "fail");
  go(made.job_id ? ["jobs", made.job_id] : ["workflows", made.workflow_id]);
}

export function Workflow({ id }) {
  const mine = (e) => e.workflow_id === id;
  const flow = useQuery(`flow ${id}`, (a) => get(`/workflows/${id}`, {}, a), { on: (e) => mine(e) && e.event_type.startsWith("workflow.") });
  const jobs = useQuery(can("jobs.read") ? `jobs ${id}` : null, (a) => get("/jobs", { workflow_id: id, limit: 10 }, a), { on: mine });
  const query = route.value.query, chosen = Number(query.get("version")) || null, other = Number(query.get("from")) || null;
  const versions = useQuery(`versions ${id}`, (a) => get(`/workflows/${id}/versions`, { limit: 100 }, a), { on: (e) => mine(e) && e.event_type.startsWith("workflow."), every: 60_000 });
  const one = (n) => useQuery(n && n !== flow.data?.version ? `version ${id} ${n}` : null, (a) => get(`/workflows/${id}/versions/${n}`, {}, a), { every: 3_600_000 });
  const shown = one(chosen), from = one(other);
  useTitle(flow.data?.workflow_name ?? "Workflow", !flow.loading);
  const crumb = html`<${Crumb} to="workflows" word="Workflows" id=${id} what="workflow" />`;
  if (!flow.data) return html`<${Absent} crumb=${crumb} what="workflow" of=${flow} />`;
  const w = flow.data;
  const is = (n) => n === null || n === w.version;
  const definition = is(chosen) ? w.workflow_json : shown.data?.workflow_json, number = chosen ?? w.version;
  const before = other === null ? null : other === w.version ? w.workflow_json : from.data?.workflow_json;
  const remove = async () => {
    const answer = await confirm({ title: `Delete ${w.workflow_name}?`, text: "Its jobs that wait are cancelled, its schedules and triggers stop. Jobs that have ended stay to be read.", action: "Delete the workflow", run: () => call("DELETE", `/workflows/${id}`) });
    if (answer) { toast(answer.message); go(["workflows"]); }
  };
  return html`<${Head} crumb=${crumb} title=${html`<${Foreign} text=${w.workflow_name} />`} note=${html`<span class="m s">version ${w.version}</span>${stateOfOne(w, true)}`}>${can("jobs.create") ? html`<${Button} primary icon="bolt" onClick=${() => runWorkflow({ workflow: w })}>Run<//>` : null}${can("workflows.write") && can("jobs.create") ? html`<${Button} onClick=${() => upload(w).then(flow.reload).then(versions.reload)}>New version…<//>` : null}${can("workflows.delete") ? html`<${Button} danger onClick=${remove}>Delete…<//>` : null}<//>
    ${w.description ? html`<p class="m lead"><bdi>${w.description}</bdi></p>` : null}
    <div class="grid jg"><div class="stack"><${Trouble} error=${shown.error ?? from.error} />${before && definition ? html`<${Difference} before=${before} after=${definition} from=${other} to=${number} />` : null}
      <${Card} title="Graph" note=${is(chosen) ? `${w.node_count} nodes` : `of version ${number}`}>${definition ? html`<${Graph} definition=${definition} />` : html`<${Loading} />`}<//>
      <${Card} title="Its jobs" actions=${html`<${To} cls="l s" path=${["jobs"]} query=${{ workflow: id }} text="All" />`}><${Jobs} of=${jobs} rows=${jobs.data?.jobs} empty="It has not run yet." /><//></div>
    <div class="stack"><${Facts} of=${[["Version", w.version], ["Made", html`<${Fact} at=${w.created_at} />`], ["Changed", html`<${Fact} at=${w.updated_at} />`]]} />
      <${Versions} list=${versions.data} number=${number} from=${other} set=${setQuery} />${definition ? html`<${Card} title="Definition" note=${is(chosen) ? "" : `of version ${number}`} actions=${html`<${TreeCopy} value=${definition} label="Copy the definition" />`}><${Tree} key=${number} value=${definition} label="Definition" /><//>` : null}</div></div>`;
}

function Versions({ list, number, from, set }) {
  if (!list) return html`<${Card} title="Versions"><${Loading} /><//>`;
  const all = list.versions, newest = all[0]?.version, named = (v) => (v === newest ? "" : v), isShown = (v) => from && v === number;
  const turn = (v) => set({ version: named(v.version), from: isShown(v.version) ? "" : all[all.indexOf(v) + 1].version });
  return html`<${Card} title="Versions" note=${list.total}>${list.total < 2 ? html`<${Empty}>There is one. An uploaded file makes the next; then you see here what each changed.<//>` : html`<${List} caption="Versions" rows=${all} id=${(v) => v.version} mark=${(v) => v.version === number} cols=${[
    ["Version", "w-s", (v) => html`<a href=${link(route.value.path, { version: named(v.version) })} aria-current=${v.version === number ? "true" : null}>${v.version}</a> <span class="m s">${v.is_current ? "current" : ""}</span>`], ["Made", "", (v) => html`<${Time} at=${v.created_at} />`, "m"],
    ["", "", (v) => (v === all.at(-1) ? null : html`<${Button} label=${`What version ${v.version} changed`} onClick=${() => turn(v)}>${isShown(v.version) ? "Hide" : "Changes"}<//>`), "acts-c"]]} />`}<//>`;
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
