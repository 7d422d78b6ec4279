// What the organization decides itself, and what its plan allows.
import { html, useState } from "../core/ui.js";
import { call, get } from "../core/api.js";
import { useTitle } from "../core/router.js";
import { can } from "../core/session.js";
import { useQuery } from "../core/query.js";
import { Bar, Button, Card, Foreign, Head, Loading, Trouble } from "../parts/basic.js";
import { dialog, toast } from "../parts/dialog.js";

const shown = (s) => (s.value === null || s.value === undefined ? "–" : typeof s.value === "boolean" ? (s.value ? "on" : "off") : `${s.value}${s.unit ? ` ${s.unit}` : ""}`);

export default function Settings() {
  useTitle("Settings");
  const { data, error, loading, reload } = useQuery("settings", (a) => get("/settings", {}, a), { every: 120_000 });
  const quotas = useQuery("quotas", (a) => get("/settings/quotas", {}, a), { every: 60_000 });
  const write = can("settings.write");
  const set = async (s) => {
    const done = await dialog(s.name, ({ done: close }) => {
      const [problem, setProblem] = useState("");
      const send = async (value) => { try { close(await call("PATCH", "/settings", { body: { settings: { [s.name]: value } } })); } catch (e) { setProblem(e.message); } };
      const submit = (event) => { event.preventDefault(); const text = new FormData(event.target).get("value"); send(s.type === "integer" ? Number(text) : s.type === "boolean" ? text === "true" : text); };
      const choices = s.type === "boolean" ? [["true", "on"], ["false", "off"]] : s.choices?.map((c) => [c, c]);
      const warns = s.name.startsWith("retention.") ? " What is older than a shorter time is deleted for good." : "";
      return html`<form onSubmit=${submit}><p><bdi>${s.meaning}</bdi>${warns}</p><label>Value${s.unit ? ` (${s.unit})` : ""}${choices ? html`<select name="value">${choices.map(([v, w]) => html`<option value=${v} selected=${v === String(s.value)}>${w}</option>`)}</select>` : html`<input name="value" required autofocus type=${s.type === "integer" ? "number" : "text"} min=${s.minimum} max=${s.maximum} defaultValue=${s.value ?? ""} />`}</label>
        ${problem ? html`<p class="bad" role="alert">${problem}</p>` : null}<div class="acts">${s.is_default ? null : html`<button type="button" class="btn" onClick=${() => send(null)}>Default</button>`}<button type="button" class="btn" onClick=${() => close()}>Leave it</button><button class="btn p">Keep</button></div></form>`;
    });
    if (done) { toast(`${s.name} is set.`); reload(); }
  };
  return html`<${Head} title="Settings" note=${data ? html`<span class="m">plan ${data.plan}</span>` : null} /><${Trouble} error=${error} retry=${reload} /><div class="stack">
    <${Card} title="Decided here">${loading ? html`<${Loading} rows=${6} />` : html`<table class="tbl free"><caption class="sr">Settings</caption><thead><tr><th class="w-b">Setting</th><th class="w-m">Value</th><th>Meaning</th>${write ? html`<th class="w-m"><span class="sr">Acts</span></th>` : null}</tr></thead><tbody>${(data?.settings ?? []).map((s) => html`<tr key=${s.name}><td class="mono s" title=${s.name}>${s.name}</td><td><${Foreign} text=${shown(s)} />${s.is_default ? html` <span class="m s">default</span>` : null}</td><td class="m s" title=${s.meaning}><bdi>${s.meaning}</bdi></td>${write ? html`<td class="acts-c">${s.is_changeable ? html`<${Button} label=${`Change ${s.name}`} onClick=${() => set(s)}>Change…<//>` : null}</td>` : null}</tr>`)}</tbody></table>`}<//>
    <${Card} title="Allowed by the plan">${quotas.data ? html`<table class="tbl free"><caption class="sr">Quotas</caption><thead><tr><th>What</th><th class="w-m">Used</th><th class="w-b">Of what is allowed</th></tr></thead><tbody>${quotas.data.quotas.map((q) => html`<tr key=${q.name}><td><bdi>${q.meaning}</bdi></td><td>${q.used.toLocaleString()}${q.most === null ? "" : ` of ${q.most.toLocaleString()}`}</td><td>${q.most === null ? html`<span class="m s">any number</span>` : html`<${Bar} percent=${(q.used / Math.max(1, q.most)) * 100} colour=${q.used >= q.most ? "warn" : "run"} />`}</td></tr>`)}</tbody></table>` : html`<${Loading} />`}<//></div>`;
}
