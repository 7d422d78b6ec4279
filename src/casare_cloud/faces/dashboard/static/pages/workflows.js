// Workflows: what can be run.
import { html, useEffect, useState } from "../core/ui.js";
import { call, get } from "../core/api.js";
import { go, link, route, setQuery, useTitle } from "../core/router.js";
import { can } from "../core/session.js";
import { useQuery } from "../core/query.js";
import { Time } from "../core/time.js";
import { Badge, Button, Empty, Foreign, Head, Loading, Pager, Trouble } from "../parts/basic.js";
import { ask, toast } from "../parts/dialog.js";
import { runWorkflow } from "../parts/jobs.js";

const LIMIT = 50;

export default function Workflows() {
  useTitle("Workflows");
  const q = Object.fromEntries(route.value.query), offset = Number(q.offset) || 0;
  const [text, setText] = useState(q.search ?? "");
  useEffect(() => { const t = setTimeout(() => { if (text !== (q.search ?? "")) setQuery({ search: text, offset: "" }); }, 250); return () => clearTimeout(t); }, [text]);
  const { data, error, loading, reload } = useQuery(JSON.stringify([q.search, offset]), (a) => get("/workflows", { search: q.search, limit: LIMIT, offset }, a), { on: (e) => e.event_type.startsWith("workflow.") });
  return html`<${Head} title="Workflows" note=${data ? html`<span class="m">${data.total.toLocaleString()}</span>` : null}>${can("workflows.write") && can("jobs.create") ? html`<${Button} primary onClick=${upload}>Upload…<//>` : null}<//><${Trouble} error=${error} retry=${reload} />
    <section class="card" aria-label="Workflows"><div class="tool"><input type="search" placeholder="Find by name" aria-label="Find workflows" value=${text} onInput=${(e) => setText(e.target.value)} /></div>
    ${loading ? html`<${Loading} rows=${6} />` : data?.workflows.length ? html`<table class="tbl free"><caption class="sr">Workflows</caption><thead><tr><th>Workflow</th><th class="w-m">State</th><th class="w-s">Version</th><th class="w-s">Nodes</th><th class="w-at">Changed</th><th class="w-b"><span class="sr">Acts</span></th></tr></thead><tbody>${data.workflows.map((w) => html`<tr key=${w.workflow_id}><td><a data-row href=${link(["workflows", w.workflow_id])}><${Foreign} text=${w.workflow_name} /></a> <span class="m s"><bdi>${w.description}</bdi></span></td><td><${Badge} state=${w.is_enabled ? w.status : "disabled"} /></td><td>${w.version}</td><td class="m">${w.node_count}</td><td class="m"><${Time} at=${w.updated_at} /></td><td class="acts-c">${can("jobs.create") ? html`<${Button} icon="bolt" label=${`Run ${w.workflow_name}`} onClick=${async () => runWorkflow({ workflow: await get(`/workflows/${w.workflow_id}`) })}>Run<//>` : null}</td></tr>`)}</tbody></table><${Pager} offset=${offset} limit=${LIMIT} total=${data.total} count=${data.workflows.length} onPage=${(o) => setQuery({ offset: o || "" })} />`
      : data ? html`<${Empty}>${q.search ? "No workflow has such a name." : html`There is no workflow yet. Upload one, or send it with <code>casare-cloud jobs submit FILE</code>.`}<//>` : null}</section>`;
}

async function upload() {
  const made = await ask("Upload a workflow", html`<label>File (JSON)<input name="file" type="file" accept=".json,application/json" required /></label><label>Name (else the file's own)<input name="name" maxlength="255" /></label><p class="m s">It is published and run once, with its own defaults as input.</p>`, "Upload and run", async ({ file, name }) => {
    const definition = JSON.parse(await file.text());
    return call("POST", "/workflows", { body: { workflow_name: name.trim() || definition.metadata?.name || file.name.replace(/\.json$/, ""), workflow_json: definition, trigger_type: "manual" }, key: crypto.randomUUID?.() });
  });
  if (!made) return;
  toast(made.message);
  for (const warning of made.warnings ?? []) toast(warning, "fail");
  go(made.job_id ? ["jobs", made.job_id] : ["workflows", made.workflow_id]);
}
