// How much may run at once, how workflows share robots, and pools that tenants share.
import { html, useState } from "../core/ui.js";
import { call, get } from "../core/api.js";
import { link, useTitle } from "../core/router.js";
import { can } from "../core/session.js";
import { ofJobs, useQuery } from "../core/query.js";
import { Time } from "../core/time.js";
import { Bar, Button, Card, Choice, Empty, Foreign, Head, Loading, Trouble } from "../parts/basic.js";
import { confirm, dialog, toast } from "../parts/dialog.js";

export default function Limits() {
  useTitle("Limits and pools");
  const limits = useQuery("limits", (a) => get("/limits", { limit: 200 }, a), { on: ofJobs, distance: 5000 });
  const shares = useQuery("shares", (a) => get("/shares", { limit: 200 }, a), { every: 30_000 });
  const pools = useQuery(can("robots.read") ? "pools" : null, (a) => get("/pools", {}, a), { every: 60_000 });
  const flows = useQuery(can("workflows.read") ? "flows" : null, (a) => get("/workflows", { limit: 500 }, a), { every: 300_000 });
  const name = (id) => flows.data?.workflows.find((w) => w.workflow_id === id)?.workflow_name ?? id;
  const write = can("settings.write");
  const set = async (old) => {
    const done = await dialog(old ? "Change the limit" : "New limit", ({ done: close }) => {
      const [scope, setScope] = useState(old?.scope ?? "tenant"), [problem, setProblem] = useState("");
      const submit = async (event) => {
        event.preventDefault();
        const f = Object.fromEntries(new FormData(event.target));
        const body = { scope, max_running: Number(f.most), on_collision: f.collision, workflow_id: scope === "workflow" ? old?.workflow_id ?? f.workflow : undefined, concurrency_key: scope === "key" ? old?.concurrency_key ?? f.key : undefined };
        try { close(await call("PUT", "/limits", { body })); } catch (e) { setProblem(e.message); }
      };
      return html`<form onSubmit=${submit}>${old ? null : html`<label>Of<select value=${scope} onChange=${(e) => setScope(e.target.value)}><option value="tenant">everything</option><option value="workflow">one workflow</option><option value="key">jobs with one key</option></select></label>`}
        ${!old && scope === "workflow" ? html`<label>Workflow<select name="workflow">${(flows.data?.workflows ?? []).map((w) => html`<option value=${w.workflow_id}>${w.workflow_name}</option>`)}</select></label>` : null}${!old && scope === "key" ? html`<label>Key<input name="key" required maxlength="255" /></label>` : null}
        <label>At most so many at once<input name="most" type="number" min="1" required defaultValue=${old?.max_running ?? 5} /></label><label>One more<${Choice} name="collision" first=${old?.on_collision ?? "queue"} of=${[["queue", "waits"], ["cancel_newest", "is cancelled"], ["cancel_running", "takes the place of one that runs"]]} /></label>${problem ? html`<p class="bad" role="alert">${problem}</p>` : null}<div class="acts"><button type="button" class="btn" onClick=${() => close()}>Leave it</button><button class="btn p">Keep</button></div></form>`;
    });
    if (done) limits.reload();
  };
  const drop = async (l) => { if (await confirm({ title: "Take the limit away?", text: "As many run at once as robots take.", action: "Take it away", run: () => call("DELETE", "/limits", { query: { scope: l.scope, workflow_id: l.workflow_id, concurrency_key: l.concurrency_key } }) })) { toast("The limit is gone."); limits.reload(); } };
  return html`<${Head} title="Limits and pools" /><div class="stack">
    <${Card} title="Limits" actions=${write ? html`<${Button} icon="gauge" onClick=${() => set()}>New limit<//>` : null}><${Trouble} error=${limits.error} retry=${limits.reload} />${limits.loading ? html`<${Loading} />` : limits.data?.limits.length ? html`<table class="tbl free"><caption class="sr">Limits</caption><thead><tr><th>Of</th><th class="w-m">Run now</th><th class="w-b">In use</th><th class="w-m">One more</th>${write ? html`<th class="w-b"><span class="sr">Acts</span></th>` : null}</tr></thead><tbody>${limits.data.limits.map((l) => html`<tr><td><${Foreign} text=${l.scope === "tenant" ? "everything" : l.scope === "workflow" ? name(l.workflow_id) : `key ${l.concurrency_key}`} /></td><td>${l.running} of ${l.max_running}</td><td><${Bar} percent=${(l.running / l.max_running) * 100} colour=${l.running >= l.max_running ? "warn" : "run"} /></td><td class="m">${l.on_collision.replace("_", " ")}</td>${write ? html`<td class="acts-c"><${Button} onClick=${() => set(l)}>Change<//> <${Button} danger onClick=${() => drop(l)}>Take away…<//></td>` : null}</tr>`)}</tbody></table>` : limits.data ? html`<${Empty}>There is no limit: as many jobs run at once as robots take.<//>` : null}<//>
    <${Card} title="Shares" note="how workflows share robots">${shares.data?.shares.length ? html`<table class="tbl free"><caption class="sr">Shares</caption><thead><tr><th>Workflow</th><th class="w-s">Weight</th><th class="w-s">Runs</th></tr></thead><tbody>${shares.data.shares.map((s) => html`<tr><td><a href=${link(["workflows", s.workflow_id])}><${Foreign} text=${s.workflow_name} /></a></td><td>${s.weight}</td><td>${s.running}</td></tr>`)}</tbody></table>` : html`<${Empty}>Every workflow weighs the same. <code>casare-cloud shares</code> changes that.<//>`}<//>
    <${Card} title="Pools" note="robots that several organizations use">${pools.data?.pools.length ? html`<table class="tbl free"><caption class="sr">Pools</caption><thead><tr><th>Pool</th><th class="w-m">You are</th><th class="w-s">Weight</th><th class="w-m">Since</th></tr></thead><tbody>${pools.data.pools.map((p) => html`<tr><td><${Foreign} text=${p.name} /></td><td>${p.standing}</td><td>${p.weight}</td><td class="m"><${Time} at=${p.accepted_at ?? p.invited_at} /></td></tr>`)}</tbody></table>` : html`<${Empty}>Your robots are yours alone. <code>casare-cloud pools</code> shares them.<//>`}<//></div>`;
}
