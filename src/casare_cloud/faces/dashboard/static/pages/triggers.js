// Triggers: what starts workflows from outside.
import { html } from "../core/ui.js";
import { call, get } from "../core/api.js";
import { go, link, useTitle } from "../core/router.js";
import { can } from "../core/session.js";
import { useQuery } from "../core/query.js";
import { Time } from "../core/time.js";
import { Badge, Button, Choice, Empty, Foreign, Head, Loading, Trouble, showSecret } from "../parts/basic.js";
import { ask, toast } from "../parts/dialog.js";

export default function Triggers() {
  useTitle("Triggers");
  const { data, error, loading, reload } = useQuery("triggers", (a) => get("/triggers", { limit: 200 }, a), { on: (e) => e.event_type.startsWith("trigger."), distance: 2000 });
  return html`<${Head} title="Triggers" note=${data ? html`<span class="m">${data.total}</span>` : null}>${can("triggers.write") ? html`<${Button} primary icon="bolt" onClick=${create}>New webhook<//>` : null}<//><${Trouble} error=${error} retry=${reload} />
    <section class="card" aria-label="Triggers">${loading ? html`<${Loading} rows=${5} />` : data?.triggers.length ? html`<table class="tbl free"><caption class="sr">Triggers</caption><thead><tr><th class="w-m">State</th><th>Trigger</th><th class="w-m">Kind</th><th class="w-s">Fired</th><th class="w-m">Last</th></tr></thead><tbody>${data.triggers.map((t) => html`<tr key=${t.trigger_id}><td><${Badge} state=${t.is_enabled ? "enabled" : "disabled"} word=${t.disabled_reason ? "Switched off" : undefined} /></td><td><a data-row href=${link(["triggers", t.trigger_id])}><${Foreign} text=${t.name} /></a> <span class="m s"><bdi>${t.workflow_name}</bdi>${t.error_message ? html` · <bdi>${t.error_message}</bdi>` : null}</span></td><td class="m">${t.trigger_type}</td><td>${t.trigger_count.toLocaleString()}</td><td class="m"><${Time} at=${t.last_triggered_at} /></td></tr>`)}</tbody></table>`
      : data ? html`<${Empty}>There is no trigger yet. A webhook starts a workflow when another service sends something to its address.<//>` : null}</section>`;
}

async function create() {
  const list = (await get("/workflows", { limit: 500 })).workflows;
  if (!list.length) { toast("There is no workflow yet that it could start.", "fail"); return; }
  const made = await ask("New webhook", html`<label>Name<input name="name" required maxlength="255" autofocus /></label><label>Starts<${Choice} name="workflow" of=${list.map((w) => [w.workflow_id, w.workflow_name])} /></label>
    <label>How the sender proves who it is<${Choice} name="auth" of=${[["secret", "A secret in a header"], ["bearer", "A bearer token"], ["standard", "Standard Webhooks"], ["github", "GitHub's signature"], ["none", "Not at all"]]} /></label>`, "Make it",
    (f) => call("POST", "/triggers", { body: { workflow_id: f.workflow, name: f.name.trim(), trigger_type: "webhook", config: { auth: f.auth } }, key: crypto.randomUUID?.() }));
  if (!made) return;
  await showSecret("The webhook is there", [["Address", made.webhook_url], ["Secret", made.secret]]);
  go(["triggers", made.trigger_id]);
}
