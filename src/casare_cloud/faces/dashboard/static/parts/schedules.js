// When a schedule fires, in words, and the form that shows what it would do before it is kept.
import { html, useEffect, useRef, useState } from "../core/ui.js";
import { call, fromJson, get, toJson } from "../core/api.js";
import { duration, localTime, Time } from "../core/time.js";
import { Badge, Choice } from "./basic.js";
import { dialog, toast } from "./dialog.js";

export const whenWords = (s) => ({ cron: `${s.cron_expression} · ${s.timezone}`, once: `once, ${s.run_at ? localTime(s.run_at) : ""}`, interval: `every ${duration((s.interval_seconds ?? 0) * 1000)}` })[s.frequency] ?? `${s.frequency}${s.cron_expression ? ` (${s.cron_expression})` : ""} · ${s.timezone}`;

export const Runs = ({ runs }) => html`<ul class="plainlist runs">${runs.map((r) => html`<li><${Time} at=${r.time} /> <${Badge} state=${r.verdict} />${r.reason ? html` <span class="m s"><bdi>${r.reason}</bdi></span>` : null}</li>`)}</ul>`;

const local = (text) => { const d = new Date(text); return new Date(d - d.getTimezoneOffset() * 60_000).toISOString().slice(0, 16); };

export async function editSchedule(old) {
  const list = (await get("/workflows", { limit: 500 })).workflows;
  if (!list.length) { toast("There is no workflow yet that could be started.", "fail"); return undefined; }
  return dialog(old ? "Change the schedule" : "New schedule", ({ done }) => {
    const form = useRef(null), timer = useRef(0);
    const [frequency, setFrequency] = useState(old?.frequency === "interval" || old?.frequency === "once" ? old.frequency : "cron");
    const [runs, setRuns] = useState(null);
    const [error, setError] = useState("");
    const body = () => {
      const f = Object.fromEntries(new FormData(form.current));
      const value = { workflow_id: f.workflow, schedule_name: f.name.trim(), frequency, timezone: f.timezone, overlap_policy: f.overlap, misfire_policy: f.misfire, priority: Number(f.priority) };
      if (frequency === "cron") value.cron_expression = f.cron.trim();
      if (frequency === "interval") value.interval_seconds = Math.round(Number(f.minutes) * 60);
      if (frequency === "once") value.run_at = f.at ? new Date(f.at).toISOString() : null;
      value.input = fromJson(f.input || "{}");
      return value;
    };
    const simulate = () => {
      clearTimeout(timer.current);
      timer.current = setTimeout(async () => {
        try { setRuns((await call("POST", "/schedules/simulate", { body: { ...body(), schedule_name: undefined, count: 8 } })).runs); setError(""); } catch (problem) { setRuns(null); setError(problem.message); }
      }, 350);
    };
    useEffect(simulate, [frequency]);
    const submit = async (event) => {
      event.preventDefault();
      try { done(await (old ? call("PUT", `/schedules/${old.schedule_id}`, { body: body() }) : call("POST", "/schedules", { body: body(), key: crypto.randomUUID?.() }))); } catch (problem) { setError(problem.message); }
    };
    const zone = old?.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone ?? "UTC";
    return html`<form ref=${form} onSubmit=${submit} onInput=${simulate}><div class="two"><label>Name<input name="name" required maxlength="255" defaultValue=${old?.schedule_name ?? ""} autofocus /></label><label>Workflow<select name="workflow">${list.map((w) => html`<option value=${w.workflow_id} selected=${w.workflow_id === old?.workflow_id}>${w.workflow_name}</option>`)}</select></label>
      <label>Kind<select value=${frequency} onChange=${(e) => setFrequency(e.target.value)}><option value="cron">At times (cron)</option><option value="interval">Every so often</option><option value="once">Once</option></select></label>
      ${frequency === "cron" ? html`<label>Minute, hour, day, month, weekday<input name="cron" class="mono" required defaultValue=${old?.cron_expression ?? "0 9 * * 1-5"} /></label>` : frequency === "interval" ? html`<label>Minutes between<input name="minutes" type="number" min="1" step="any" required defaultValue=${(old?.interval_seconds ?? 3600) / 60} /></label>` : html`<label>At (your time)<input name="at" type="datetime-local" required defaultValue=${old?.run_at ? local(old.run_at) : ""} /></label>`}
      <label>Time zone<input name="timezone" required defaultValue=${zone} list="zones" /></label><label>Priority (0 is the best)<input name="priority" type="number" min="0" max="20" defaultValue=${old?.priority ?? 10} /></label>
      <label>While the last one still runs<${Choice} name="overlap" first=${old?.overlap_policy ?? "skip"} of=${[["skip", "Leave it out"], ["queue", "Wait for it"], ["allow", "Start it beside"], ["cancel_previous", "Cancel the one before"]]} /></label>
      <label>Times that were missed<${Choice} name="misfire" first=${old?.misfire_policy ?? "once"} of=${[["once", "Start once"], ["all", "Start all"], ["skip", "Start none"]]} /></label></div>
      <datalist id="zones">${(Intl.supportedValuesOf?.("timeZone") ?? []).map((z) => html`<option value=${z}></option>`)}</datalist>
      <label>Input, as JSON<textarea name="input" class="mono" rows="3" spellcheck="false" defaultValue=${toJson(old?.input ?? {}, 2)}></textarea></label>
      <div aria-live="polite">${runs ? html`<p class="m s">It would fire:</p><${Runs} runs=${runs} />` : null}${error ? html`<p class="bad" role="alert">${error}</p>` : null}</div>
      <div class="acts"><button type="button" class="btn" onClick=${() => done()}>Leave it</button><button class="btn p">Keep</button></div></form>`;
  }, { wide: true });
}
