// One trigger: its address, its deliveries with what became of them, sending one again, trying it.
import { html } from "../core/ui.js";
import { call, fromJson, get } from "../core/api.js";
import { go, link, route, setQuery, useTitle } from "../core/router.js";
import { can } from "../core/session.js";
import { useQuery } from "../core/query.js";
import { Time } from "../core/time.js";
import { Badge, Button, Card, CopyButton, Empty, Foreign, Head, Loading, Pager, Trouble, showSecret } from "../parts/basic.js";
import { ask, confirm, dialog, toast } from "../parts/dialog.js";
import { Tree } from "../parts/tree.js";

const LIMIT = 50, OUTCOMES = ["accepted", "duplicate", "filtered", "rejected", "limited"];

export default function Trigger({ id }) {
  const q = Object.fromEntries(route.value.query), offset = Number(q.offset) || 0;
  const on = (e) => e.event_type.startsWith("trigger.");
  const one = useQuery(`trigger ${id}`, (a) => get(`/triggers/${id}`, {}, a), { on, distance: 1500 });
  const stats = useQuery(`stats ${id}`, (a) => get(`/triggers/${id}/stats`, {}, a), { on, distance: 3000 });
  const list = useQuery(`deliveries ${id} ${q.outcome} ${offset}`, (a) => get(`/triggers/${id}/deliveries`, { outcome: q.outcome, limit: LIMIT, offset }, a), { on, distance: 2000, every: 10_000 });
  useTitle(one.data?.name ?? "Trigger", !one.loading);
  const crumb = html`<nav class="crumb" aria-label="Where you are"><a class="l" href="#/triggers">Triggers</a>/</nav>`;
  if (!one.data) return html`<${Head} crumb=${crumb} title=${one.error?.status === 404 ? "There is no such trigger" : "Trigger"} />${one.error ? html`<${Trouble} error=${one.error} retry=${one.reload} />` : html`<${Loading} />`}`;
  const t = one.data, fired = (a) => { toast(a.message); list.reload(); if (a.job_id) go(["jobs", a.job_id]); };
  const turn = async () => { await call("PUT", `/triggers/${id}/${t.is_enabled ? "disable" : "enable"}`); one.reload(); };
  const rotate = async () => {
    const answer = await confirm({ title: "Make a new secret?", text: "The old one counts for another day, so that the sender can change over.", action: "New secret", danger: false, run: () => call("POST", `/triggers/${id}/rotate-secret`, { body: { overlap_seconds: 86_400 } }) });
    if (answer?.secret) showSecret("The new secret", [["Secret", answer.secret]]);
  };
  const remove = async () => { if (await confirm({ title: `Delete ${t.name}?`, text: "Its address answers 404 from then on.", action: "Delete the trigger", run: () => call("DELETE", `/triggers/${id}`) })) { toast("Deleted."); go(["triggers"]); } };
  const fire = () => ask("Fire it by hand", html`<label>Payload, as JSON<textarea name="payload" rows="8" class="mono" autofocus>{}</textarea></label>`, "Fire", (f) => call("POST", `/triggers/${id}/fire`, { body: { payload: fromJson(f.payload || "{}") } })).then((a) => a && fired(a));
  const look = async (d) => {
    const whole = await get(`/triggers/${id}/deliveries/${d.delivery_id}`);
    dialog("Delivery", () => html`<div><p><${Badge} state=${d.outcome} /> <bdi>${d.reason ?? ""}</bdi></p><h3 class="s m">Request</h3><${Tree} value=${whole.request} label="Request" /><h3 class="s m">Payload</h3><${Tree} value=${whole.payload} label="Payload" /></div>`, { wide: true });
  };
  return html`<${Head} crumb=${crumb} title=${html`<${Foreign} text=${t.name} />`} note=${html`<${Badge} big state=${t.is_enabled ? "enabled" : "disabled"} word=${t.disabled_reason ? "Switched off" : undefined} />`}>${can("triggers.fire") ? html`<${Button} icon="bolt" onClick=${fire}>Fire…<//>` : null}${can("triggers.write") ? html`<${Button} onClick=${turn}>${t.is_enabled ? "Disable" : "Enable"}<//>${t.trigger_type === "webhook" ? html`<${Button} icon="key" onClick=${rotate}>New secret…<//>` : null}<${Button} danger onClick=${remove}>Delete…<//>` : null}<//>
    <div class="grid jg"><${Card} title="Deliveries" note=${list.data ? list.data.total.toLocaleString() : ""}><div class="tool"><span class="chips" role="group" aria-label="Outcome"><button type="button" class="chip" aria-pressed=${q.outcome ? "false" : "true"} onClick=${() => setQuery({ outcome: "", offset: "" })}>All</button>${OUTCOMES.map((o) => html`<button type="button" class="chip" aria-pressed=${q.outcome === o ? "true" : "false"} onClick=${() => setQuery({ outcome: o, offset: "" })}>${o} ${stats.data?.[o] ?? ""}</button>`)}</span></div>
      ${list.data?.deliveries.length ? html`<table class="tbl free"><caption class="sr">Deliveries</caption><thead><tr><th class="w-m">Outcome</th><th class="w-at">Came</th><th>Why</th><th class="w-s">Job</th><th class="w-b"><span class="sr">Acts</span></th></tr></thead><tbody>${list.data.deliveries.map((d) => html`<tr key=${d.delivery_id}><td><${Badge} state=${d.outcome} /></td><td><${Time} at=${d.received_at} /></td><td class="m"><bdi>${d.reason ?? `${d.status_code} from ${d.source}`}</bdi></td><td>${d.job_id ? html`<a class="l" data-row href=${link(["jobs", d.job_id])}>Job</a>` : "–"}</td><td class="acts-c"><${Button} label="Look at the delivery" onClick=${() => look(d)}>Look<//> ${can("triggers.fire") ? html`<${Button} label="Send the delivery again" onClick=${async () => fired(await call("POST", `/triggers/${id}/deliveries/${d.delivery_id}/replay`))}>Again<//>` : null}</td></tr>`)}</tbody></table><${Pager} offset=${offset} limit=${LIMIT} total=${list.data.total} count=${list.data.deliveries.length} onPage=${(o) => setQuery({ offset: o || "" })} />` : list.loading ? html`<${Loading} />` : html`<${Empty}>${q.outcome ? "No delivery had this outcome." : "Nothing was delivered yet. Fire it by hand to try it."}<//>`}<//>
    <div class="stack"><${Card} title="Facts"><dl><dt>Starts</dt><dd><a class="l" href=${link(["workflows", t.workflow_id])}><${Foreign} text=${t.workflow_name} /></a></dd><dt>Kind</dt><dd>${t.trigger_type}</dd>${t.webhook_url ? html`<dt>Address</dt><dd><span class="mono">${t.webhook_url}</span> <${CopyButton} text=${t.webhook_url} label="Copy the address" /></dd>` : null}<dt>Fired</dt><dd>${t.trigger_count.toLocaleString()}</dd><dt>Last</dt><dd><${Time} at=${t.last_triggered_at} /></dd>${t.error_message ? html`<dt>Trouble</dt><dd><bdi>${t.error_message}</bdi></dd>` : null}${t.disabled_reason ? html`<dt>Off because</dt><dd><bdi>${t.disabled_reason}</bdi></dd>` : null}</dl><//><${Card} title="Settings"><${Tree} value=${t.config} label="Settings" /><//></div></div>`;
}
