// Triggers: what starts workflows from outside; and one trigger: its address, its deliveries with what became of them, sending one again, trying it.
import { call, can, fromJson, get, go, html, route, setQuery, Time, useQuery, useTitle } from "../core/kit.js";
import { Absent, Badge, Button, Card, Chips, Choice, CopyButton, Count, Crumb, Fact, Facts, Field, Foreign, Head, Json, List, namesOf, Pager, showSecret, stateOf, To } from "../parts/basic.js";
import { ask, confirm, dialog, toast } from "../parts/dialog.js";
import { Tree } from "../parts/tree.js";

const on = (e) => e.event_type.startsWith("trigger.");
const stateOfOne = (t, big) => html`<${Badge} big=${big} state=${t.is_enabled ? "enabled" : "disabled"} word=${t.disabled_reason ? "Switched off" : undefined} />`;

export function Triggers() {
  useTitle("Triggers");
  const of = useQuery("triggers", (a) => get("/triggers", { limit: 200 }, a), { on, distance: 2000 });
  return html`<${Head} title="Triggers" note=${html`<${Count} n=${of.data?.total} />`}>${can("triggers.write") ? html`<${Button} primary icon="bolt" onClick=${create}>New webhook<//>` : null}<//>
    <section class="card" aria-label="Triggers"><${List} caption="Triggers" of=${of} rows=${of.data?.triggers} id=${(t) => t.trigger_id} empty="There is no trigger yet. A webhook starts a workflow when another service sends something to its address." cols=${[
      ["State", "w-m", (t) => stateOfOne(t)], ["Trigger", "", (t) => html`<${To} row path=${["triggers", t.trigger_id]} text=${t.name} /> <span class="m s"><bdi>${t.workflow_name}</bdi>${t.error_message ? html` · <bdi>${t.error_message}</bdi>` : null}</span>`], ["Kind", "w-m", (t) => t.trigger_type, "m"], ["Fired", "w-s", (t) => t.trigger_count.toLocaleString(), "h"], ["Last", "w-m", (t) => html`<${Time} at=${t.last_triggered_at} />`, "m h"]]} /></section>`;
}

// A line that sends something, where the proof is no signature; the least that the service takes is an event_type.
const PROOF = { secret: (s) => ` -H 'X-Webhook-Secret: ${s}'`, bearer: (s) => ` -H 'Authorization: Bearer ${s}'`, none: () => "" };
const tryIt = (t, secret) => t.webhook_url && !t.config?.header && PROOF[t.config?.auth] && `curl ${t.webhook_url}${PROOF[t.config.auth](secret)} -H 'Content-Type: application/json' -d '{"event_type": "test"}'`;

async function create() {
  const list = (await get("/workflows", { limit: 500 })).workflows;
  if (!list.length) { toast("There is no workflow yet that it could start.", "fail"); return; }
  const made = await ask("New webhook", html`<${Field} label="Name" name="name" required maxlength="255" autofocus /><${Choice} label="Starts" name="workflow" of=${namesOf(list)} />
    <${Choice} label="How the sender proves who it is" name="auth" of=${[["secret", "A secret in a header"], ["bearer", "A bearer token"], ["standard", "Standard Webhooks"], ["github", "GitHub's signature"], ["none", "Not at all"]]} />`, "Make it",
    (f) => call("POST", "/triggers", { body: { workflow_id: f.workflow, name: f.name.trim(), trigger_type: "webhook", config: { auth: f.auth } }, key: crypto.randomUUID?.() }));
  if (!made) return;
  await showSecret("The webhook is there", [["Address", made.webhook_url], ["Secret", made.secret], ["Try it", tryIt(made, made.secret)]]);
  go(["triggers", made.trigger_id]);
}

const LIMIT = 50, OUTCOMES = ["accepted", "duplicate", "filtered", "rejected", "limited"];
export function Trigger({ id }) {
  const q = Object.fromEntries(route.value.query), offset = Number(q.offset) || 0;
  const one = useQuery(`trigger ${id}`, (a) => get(`/triggers/${id}`, {}, a), { on, distance: 1500 });
  const stats = useQuery(`stats ${id}`, (a) => get(`/triggers/${id}/stats`, {}, a), { on, distance: 3000, every: 10_000 });
  const list = useQuery(`deliveries ${id} ${q.outcome} ${offset}`, (a) => get(`/triggers/${id}/deliveries`, { outcome: q.outcome, limit: LIMIT, offset }, a), { on, distance: 2000, every: 10_000 });
  useTitle(one.data?.name ?? "Trigger", !one.loading);
  const crumb = html`<${Crumb} to="triggers" word="Triggers" />`;
  if (!one.data) return html`<${Absent} crumb=${crumb} what="trigger" of=${one} />`;
  const t = one.data, fired = (a) => { toast(a.message); list.reload(); if (a.job_id) go(["jobs", a.job_id]); };
  const turn = async () => { await call("PUT", `/triggers/${id}/${t.is_enabled ? "disable" : "enable"}`); one.reload(); };
  const rotate = async () => {
    const answer = await confirm({ title: "Make a new secret?", text: "The old one counts for another day, so that the sender can change over.", action: "New secret", danger: false, run: () => call("POST", `/triggers/${id}/rotate-secret`, { body: { overlap_seconds: 86_400 } }) });
    if (answer?.secret) showSecret("The new secret", [["Secret", answer.secret]]);
  };
  const remove = async () => { if (await confirm({ title: `Delete ${t.name}?`, text: "Its address answers 404 from then on.", action: "Delete the trigger", run: () => call("DELETE", `/triggers/${id}`) })) { toast("Deleted."); go(["triggers"]); } };
  const fire = () => ask("Fire it by hand", html`<${Json} label="Payload, as JSON" name="payload" rows="8" autofocus defaultValue="{}" />`, "Fire", (f) => call("POST", `/triggers/${id}/fire`, { body: { payload: fromJson(f.payload || "{}") } })).then((a) => a && fired(a));
  const look = async (d) => {
    const whole = await get(`/triggers/${id}/deliveries/${d.delivery_id}`);
    dialog("Delivery", () => html`<div><p><${Badge} state=${d.outcome} /> <bdi>${d.reason ?? ""}</bdi></p><h3 class="s m">Request</h3><${Tree} value=${whole.request} label="Request" /><h3 class="s m">Payload</h3><${Tree} value=${whole.payload} label="Payload" /></div>`, { wide: true });
  };
  const again = async (d) => fired(await call("POST", `/triggers/${id}/deliveries/${d.delivery_id}/replay`));
  return html`<${Head} crumb=${crumb} title=${html`<${Foreign} text=${t.name} />`} note=${stateOfOne(t, true)}>${can("triggers.fire") ? html`<${Button} icon="bolt" onClick=${fire}>Fire…<//>` : null}${can("triggers.write") ? html`<${Button} onClick=${turn}>${t.is_enabled ? "Disable" : "Enable"}<//>${t.trigger_type === "webhook" ? html`<${Button} icon="key" onClick=${rotate}>New secret…<//>` : null}<${Button} danger onClick=${remove}>Delete…<//>` : null}<//>
    <div class="grid jg"><${Card} title="Deliveries" note=${list.data?.total.toLocaleString()}><div class="tool"><${Chips} label="Outcome" value=${q.outcome} set=${(outcome) => setQuery({ outcome, offset: "" })} of=${[["", "All"], ...OUTCOMES.map((o) => [o, `${stateOf(o)[2]} ${stats.data?.[o] ?? ""}`])]} /></div>
      <${List} caption="Deliveries" of=${list} rows=${list.data?.deliveries} id=${(d) => d.delivery_id} empty=${q.outcome ? "No delivery had this outcome." : html`Nothing was delivered yet. Fire it by hand to try it${tryIt(t, "SECRET") ? html`, or: <code>${tryIt(t, "SECRET")}</code>` : "."}`} cols=${[
        ["Outcome", "w-m", (d) => html`<${Badge} state=${d.outcome} />`], ["Came", "w-at", (d) => html`<${Time} at=${d.received_at} />`], ["Why", "", (d) => html`<bdi>${d.reason ?? `${d.status_code} from ${d.source}`}</bdi>`, "m"], ["Job", "w-s", (d) => (d.job_id ? html`<${To} row cls="l" path=${["jobs", d.job_id]} text="Job" />` : "–")],
        ["", "w-m", (d) => html`<${Button} label="Look at the delivery" onClick=${() => look(d)}>Look<//> ${can("triggers.fire") && d.outcome !== "rejected" ? html`<${Button} label="Send the delivery again" onClick=${() => again(d)}>Again<//>` : null}`, "acts-c"]]} />${list.data ? html`<${Pager} offset=${offset} limit=${LIMIT} total=${list.data.total} count=${list.data.deliveries.length} onPage=${(o) => setQuery({ offset: o })} />` : null}<//>
    <div class="stack"><${Facts} of=${[["Starts", html`<${To} path=${["workflows", t.workflow_id]} text=${t.workflow_name} />`], ["Kind", t.trigger_type], ["Address", t.webhook_url && html`<span class="mono">${t.webhook_url}</span> <${CopyButton} text=${t.webhook_url} label="Copy the address" />`], ["Fired", t.trigger_count.toLocaleString()], ["Last", html`<${Fact} at=${t.last_triggered_at} />`], ["Trouble", t.error_message], ["Off because", t.disabled_reason]]} /><${Card} title="Settings"><${Tree} value=${t.config} label="Settings" /><//></div></div>`;
}
