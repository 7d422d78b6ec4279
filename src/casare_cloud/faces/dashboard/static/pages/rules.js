// What the organization decides itself and what its plan allows; how much may run at once, how workflows share robots, and pools.
import { call, can, get, html, ofJobs, Time, useQuery, useState, useTitle } from "../core/kit.js";
import { Bar, Button, Card, Choice, Field, Foreign, Head, List, namesOf, To } from "../parts/basic.js";
import { ask, confirm, toast } from "../parts/dialog.js";

const shown = (s) => (s.value === null || s.value === undefined ? "–" : typeof s.value === "boolean" ? (s.value ? "on" : "off") : `${s.value}${s.unit ? ` ${s.unit}` : ""}`);

export function Settings() {
  useTitle("Settings");
  const of = useQuery("settings", (a) => get("/settings", {}, a), { every: 120_000 });
  const quotas = useQuery("quotas", (a) => get("/settings/quotas", {}, a), { every: 60_000 });
  const set = async (s) => {
    const send = (value) => call("PATCH", "/settings", { body: { settings: { [s.name]: value } } });
    const choices = s.type === "boolean" ? [["true", "on"], ["false", "off"]] : s.choices?.map((c) => [c, c]), label = `Value${s.unit ? ` (${s.unit})` : ""}`;
    const warns = s.name.startsWith("retention.") ? " What is older than a shorter time is deleted for good." : "";
    const done = await ask(s.name, html`<p><bdi>${s.meaning}</bdi>${warns}</p>${choices ? html`<${Choice} label=${label} name="value" first=${String(s.value)} of=${choices} />` : html`<${Field} label=${label} name="value" required autofocus type=${s.type === "integer" ? "number" : "text"} min=${s.minimum} max=${s.maximum} defaultValue=${s.value ?? ""} />`}`, "Keep",
      ({ value }) => send(s.type === "integer" ? Number(value) : s.type === "boolean" ? value === "true" : value), s.is_default ? {} : { more: { label: "Default", send: () => send(null) } });
    if (done) { toast(`${s.name} is set.`); of.reload(); }
  };
  return html`<${Head} title="Settings" note=${of.data ? html`<span class="m">plan ${of.data.plan}</span>` : null} /><div class="stack">
    <${Card} title="Decided here"><${List} caption="Settings" of=${of} rows=${of.data?.settings} id=${(s) => s.name} empty="Nothing is decided here." cols=${[
      ["Setting", "w-w", (s) => html`<span title=${s.name}>${s.name}</span>`, "mono s"], ["Value", "w-m", (s) => html`<${Foreign} text=${shown(s)} />${s.is_default ? html` <span class="m s">default</span>` : null}`], ["Meaning", "", (s) => html`<bdi>${s.meaning}</bdi>`, "m s wrap"],
      can("settings.write") && ["", "w-at", (s) => (s.is_changeable ? html`<${Button} label=${`Change ${s.name}`} onClick=${() => set(s)}>Change…<//>` : null), "acts-c"]]} /><//>
    <${Card} title="Allowed by the plan"><${List} caption="Quotas" of=${quotas} rows=${quotas.data?.quotas} id=${(q) => q.name} empty="The plan sets no bound." cols=${[
      ["What", "", (q) => html`<bdi>${q.meaning}</bdi>`, "wrap"], ["Used", "w-m", (q) => `${q.used.toLocaleString()}${q.most === null ? "" : ` of ${q.most.toLocaleString()}`}`], ["Of what is allowed", "w-b", (q) => (q.most === null ? html`<span class="m s">any number</span>` : html`<${Bar} percent=${(q.used / Math.max(1, q.most)) * 100} colour=${q.used >= q.most ? "warn" : "run"} />`)]]} /><//></div>`;
}

export function Limits() {
  useTitle("Limits and pools");
  const limits = useQuery("limits", (a) => get("/limits", { limit: 200 }, a), { on: ofJobs, distance: 5000 });
  const shares = useQuery("shares", (a) => get("/shares", { limit: 200 }, a), { every: 30_000 });
  const pools = useQuery(can("robots.read") ? "pools" : null, (a) => get("/pools", {}, a), { every: 60_000 });
  const flows = useQuery(can("workflows.read") ? "flows" : null, (a) => get("/workflows", { limit: 500 }, a), { every: 300_000 });
  const list = flows.data?.workflows ?? [], write = can("settings.write");
  const nameOf = (l) => (l.scope === "tenant" ? "everything" : l.scope === "workflow" ? list.find((w) => w.workflow_id === l.workflow_id)?.workflow_name ?? l.workflow_id : `key ${l.concurrency_key}`);
  const set = async (old) => {
    const done = await ask(old ? "Change the limit" : "New limit", html`${old ? null : html`<${Scope} list=${list} />`}<${Field} label="At most so many at once" name="most" type="number" min="1" required defaultValue=${old?.max_running ?? 5} /><${Choice} label="A job beyond it" name="collision" first=${old?.on_collision ?? "queue"} of=${[["queue", "waits"], ["cancel_newest", "is cancelled"], ["cancel_running", "takes the place of one that runs"]]} />`, "Keep",
      (f) => call("PUT", "/limits", { body: { scope: old?.scope ?? f.scope, max_running: Number(f.most), on_collision: f.collision, workflow_id: old?.workflow_id ?? f.workflow, concurrency_key: old?.concurrency_key ?? f.key } }));
    if (done) limits.reload();
  };
  const drop = async (l) => { if (await confirm({ title: "Take the limit away?", text: "As many run at once as robots take.", action: "Take it away", run: () => call("DELETE", "/limits", { query: { scope: l.scope, workflow_id: l.workflow_id, concurrency_key: l.concurrency_key } }) })) { toast("The limit is gone."); limits.reload(); } };
  return html`<${Head} title="Limits and pools" /><div class="stack">
    <${Card} title="Limits" actions=${write ? html`<${Button} icon="gauge" onClick=${() => set()}>New limit<//>` : null}><${List} caption="Limits" of=${limits} rows=${limits.data?.limits} id=${(l) => `${l.scope} ${l.workflow_id} ${l.concurrency_key}`} empty="There is no limit: as many jobs run at once as robots take." cols=${[
      ["Of", "", (l) => html`<${Foreign} text=${nameOf(l)} />`], ["Run now", "w-m", (l) => `${l.running} of ${l.max_running}`], ["In use", "w-b", (l) => html`<${Bar} percent=${(l.running / l.max_running) * 100} colour=${l.running >= l.max_running ? "warn" : "run"} />`], ["One more", "w-m", (l) => l.on_collision.replace("_", " "), "m"],
      write && ["", "w-b", (l) => html`<${Button} label=${`Change the limit of ${nameOf(l)}`} onClick=${() => set(l)}>Change<//> <${Button} danger label=${`Take the limit of ${nameOf(l)} away`} onClick=${() => drop(l)}>Take away…<//>`, "acts-c"]]} /><//>
    <${Card} title="Shares" note="how workflows share robots"><${List} caption="Shares" of=${shares} rows=${shares.data?.shares} id=${(s) => s.workflow_id} empty=${html`Every workflow weighs the same. <code>casare-cloud shares</code> changes that.`} cols=${[["Workflow", "", (s) => html`<${To} cls="" path=${["workflows", s.workflow_id]} text=${s.workflow_name} />`], ["Weight", "w-s", (s) => s.weight, "h"], ["Runs", "w-s", (s) => s.running, "h"]]} /><//>
    <${Card} title="Pools" note="robots that several organizations use"><${List} caption="Pools" of=${pools} rows=${pools.data?.pools} empty=${html`Your robots are yours alone. <code>casare-cloud pools</code> shares them.`} cols=${[["Pool", "", (p) => html`<${Foreign} text=${p.name} />`], ["You are", "w-m", (p) => p.standing], ["Weight", "w-s", (p) => p.weight, "h"], ["Since", "w-m", (p) => html`<${Time} at=${p.accepted_at ?? p.invited_at} />`, "m h"]]} /><//></div>`;
}
function Scope({ list }) {
  const [scope, setScope] = useState("tenant");
  return html`<${Choice} label="Counts" name="scope" first=${scope} onChange=${(e) => setScope(e.target.value)} of=${[["tenant", "all jobs"], ["workflow", "jobs of one workflow"], ["key", "jobs with one key"]]} />${scope === "workflow" ? html`<${Choice} label="Workflow" name="workflow" of=${namesOf(list)} />` : scope === "key" ? html`<${Field} label="Key" name="key" required maxlength="255" />` : null}`;
}
