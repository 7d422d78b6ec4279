// Triggers: what starts workflows from outside.
import { html, useState } from "../core/ui.js";
import { call, get } from "../core/api.js";
import { go, link, useTitle } from "../core/router.js";
import { can } from "../core/session.js";
import { useQuery } from "../core/query.js";
import { Time } from "../core/time.js";
import { Badge, Button, Empty, Foreign, Head, Loading, Trouble } from "../parts/basic.js";
import { dialog } from "../parts/dialog.js";
import { showSecret } from "../parts/secret.js";

export default function Triggers() {
  useTitle("Triggers");
  const { data, error, loading, reload } = useQuery("triggers", (a) => get("/triggers", { limit: 200 }, a), { on: (e) => e.event_type.startsWith("trigger."), distance: 2000 });
  return html`<${Head} title="Triggers" note=${data ? html`<span class="m">${data.total}</span>` : null}>${can("triggers.write") ? html`<${Button} primary icon="bolt" onClick=${create}>New webhook<//>` : null}<//><${Trouble} error=${error} retry=${reload} />
    <section class="card" aria-label="Triggers">${loading ? html`<${Loading} rows=${5} />` : data?.triggers.length ? html`<table class="tbl free"><caption class="sr">Triggers</caption><thead><tr><th class="w-m">State</th><th>Trigger</th><th class="w-m">Kind</th><th class="w-s">Fired</th><th class="w-m">Last</th></tr></thead><tbody>${data.triggers.map((t) => html`<tr key=${t.trigger_id}><td><${Badge} state=${t.is_enabled ? "enabled" : "disabled"} word=${t.disabled_reason ? "Switched off" : undefined} /></td><td><a data-row href=${link(["triggers", t.trigger_id])}><${Foreign} text=${t.name} /></a> <span class="m s"><bdi>${t.workflow_name}</bdi>${t.error_message ? html` · <bdi>${t.error_message}</bdi>` : null}</span></td><td class="m">${t.trigger_type}</td><td>${t.trigger_count.toLocaleString()}</td><td class="m"><${Time} at=${t.last_triggered_at} /></td></tr>`)}</tbody></table>`
      : data ? html`<${Empty}>There is no trigger yet. A webhook starts a workflow when another service sends something to its address.<//>` : null}</section>`;
}

async function create() {
  const list = (await get("/workflows", { limit: 500 })).workflows;
  const made = await dialog("New webhook", ({ done }) => {
    const [error, setError] = useState("");
    const submit = async (event) => {
      event.preventDefault();
      const f = Object.fromEntries(new FormData(event.target));
      try { done(await call("POST", "/triggers", { body: { workflow_id: f.workflow, name: f.name.trim(), trigger_type: "webhook", config: { auth: f.auth } }, key: crypto.randomUUID?.() })); } catch (problem) { setError(problem.message); }
    };
    return html`<form onSubmit=${submit}><label>Name<input name="name" required maxlength="255" autofocus /></label><label>Starts<select name="workflow" required>${list.map((w) => html`<option value=${w.workflow_id}>${w.workflow_name}</option>`)}</select></label>
      <label>How the sender proves who it is<select name="auth"><option value="secret">A secret in a header</option><option value="bearer">A bearer token</option><option value="standard">Standard Webhooks</option><option value="github">GitHub's signature</option><option value="none">Not at all</option></select></label>${list.length ? null : html`<p class="bad">There is no workflow yet that it could start.</p>`}${error ? html`<p class="bad" role="alert">${error}</p>` : null}<div class="acts"><button type="button" class="btn" onClick=${() => done()}>Leave it</button><button class="btn p" disabled=${!list.length}>Make it</button></div></form>`;
  });
  if (!made) return;
  await showSecret("The webhook is there", [["Address", made.webhook_url], ["Secret", made.secret]]);
  go(["triggers", made.trigger_id]);
}
