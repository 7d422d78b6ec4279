// When a schedule fires, in words and on a calendar, and the form that shows what it would do before it is kept.
import { call, duration, fromJson, get, html, localTime, Time, toJson, useEffect, useRef, useState } from "../core/kit.js";
import { Badge, Choice, Field, Json, namesOf, plural } from "./basic.js";
import { ask, toast } from "./dialog.js";

export const whenWords = (s) => ({ cron: `${s.cron_expression} · ${s.timezone}`, once: `once, ${s.run_at ? localTime(s.run_at) : ""}`, interval: `every ${duration((s.interval_seconds ?? 0) * 1000)}` })[s.frequency] ?? `${s.frequency}${s.cron_expression ? ` (${s.cron_expression})` : ""} · ${s.timezone}`;

export const Runs = ({ runs }) => html`<ul class="plainlist runs">${runs.map((r) => html`<li><${Time} at=${r.time} /> <${Badge} state=${r.verdict} />${r.reason ? html` <span class="m s"><bdi>${r.reason}</bdi></span>` : null}</li>`)}</ul>`;

// Four weeks from this one on: how much starts on which day. runs: [{ time, verdict, name }]; capped: more may come behind the last.
const LEFT_OUT = new Set(["overlap", "holiday", "blackout"]);
export function Month({ runs, capped }) {
  const first = new Date(), byDay = new Map();
  first.setHours(12, 0, 0, 0);
  const today = first.toDateString();
  first.setDate(first.getDate() - ((first.getDay() + 6) % 7));
  for (const r of runs) { const k = new Date(r.time).toDateString(); byDay.set(k, [...(byDay.get(k) ?? []), r]); }
  const end = capped && runs.length ? Date.parse(runs.at(-1).time) : Infinity;
  const days = Array.from({ length: 28 }, (_, i) => { const d = new Date(first); d.setDate(d.getDate() + i); return d; });
  return html`<table class="cal"><caption class="sr">How much starts on which day</caption><thead><tr>${days.slice(0, 7).map((d) => html`<th scope="col">${d.toLocaleDateString(undefined, { weekday: "short" })}</th>`)}</tr></thead><tbody>${[0, 7, 14, 21].map((w) => html`<tr>${days.slice(w, w + 7).map((d) => {
    const all = byDay.get(d.toDateString()) ?? [], out = all.filter((r) => LEFT_OUT.has(r.verdict)).length, n = all.length - out, beyond = !all.length && d > end;
    return html`<td class=${`${d.toDateString() === today ? "now" : ""}${n ? " run" : out ? " warn" : ""}`} title=${all.slice(0, 12).map((r) => `${localTime(r.time)} ${r.name ?? r.verdict ?? ""}`).join("\n") || null}><span class="m s">${d.getDate()}</span>${n ? html`<b>${n}${d.setHours(24) > end ? "+" : ""}</b>` : out ? html`<b>–</b>` : beyond ? html`<span class="m push" aria-hidden="true">…</span>` : null}<span class="sr">${n ? plural(n, "run") : out ? `${out} left out` : beyond ? "not looked at" : "none"}</span></td>`;
  })}</tr>`)}</tbody></table>`;
}

export async function editSchedule(old) {
  const [{ workflows: list }, { calendars }] = await Promise.all([get("/workflows", { limit: 500 }), get("/calendars")]);
  if (!list.length) { toast("There is no workflow yet that could be started.", "fail"); return undefined; }
  return ask(old ? "Change the schedule" : "New schedule", html`<${Fields} old=${old} list=${list} calendars=${calendars} />`, "Keep", (f) => (old ? call("PUT", `/schedules/${old.schedule_id}`, { body: bodyOf(f) }) : call("POST", "/schedules", { body: bodyOf(f), key: crypto.randomUUID?.() })), { wide: true });
}

const local = (text) => { const d = new Date(text); return new Date(d - d.getTimezoneOffset() * 60_000).toISOString().slice(0, 16); };
function bodyOf(f) {
  const value = { workflow_id: f.workflow, schedule_name: f.name.trim(), frequency: f.frequency, timezone: f.timezone, overlap_policy: f.overlap, misfire_policy: f.misfire, priority: Number(f.priority), calendar_id: f.calendar || null };
  if (f.frequency === "cron") value.cron_expression = f.cron?.trim();
  if (f.frequency === "interval") value.interval_seconds = Math.round(Number(f.minutes) * 60);
  if (f.frequency === "once") value.run_at = f.at ? new Date(f.at).toISOString() : null;
  value.input = fromJson(f.input || "{}");
  return value;
}

function Fields({ old, list, calendars }) {
  const box = useRef(null), timer = useRef(0), turn = useRef(0);
  const [frequency, setFrequency] = useState(old?.frequency === "interval" || old?.frequency === "once" ? old.frequency : "cron");
  const [runs, setRuns] = useState(null), [error, setError] = useState("");
  const simulate = () => {
    clearTimeout(timer.current);
    timer.current = setTimeout(async () => {
      if (!box.current) return;
      const mine = ++turn.current, say = (found, problem) => { if (mine === turn.current) { setRuns(found); setError(problem); } };
      const body = () => ({ ...bodyOf(Object.fromEntries(new FormData(box.current.closest("form")))), schedule_name: undefined, count: 8 });
      try { say((await call("POST", "/schedules/simulate", { body: body() })).runs, ""); } catch (problem) { say(null, problem.message); }
    }, 350);
  };
  useEffect(simulate, [frequency]);
  const zone = old?.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone ?? "UTC";
  return html`<div class="fields" ref=${box} onInput=${simulate}><div class="two"><${Field} label="Name" name="name" required maxlength="255" defaultValue=${old?.schedule_name ?? ""} autofocus /><${Choice} label="Workflow" name="workflow" first=${old?.workflow_id} of=${namesOf(list)} />
      <${Choice} label="Kind" name="frequency" first=${frequency} onChange=${(e) => setFrequency(e.target.value)} of=${[["cron", "At times (cron)"], ["interval", "Every so often"], ["once", "Once"]]} />
      ${frequency === "cron" ? html`<${Field} key="cron" label="Minute, hour, day, month, weekday" name="cron" class="mono" required defaultValue=${old?.cron_expression ?? "0 9 * * 1-5"} />` : frequency === "interval" ? html`<${Field} key="minutes" label="Minutes between" name="minutes" type="number" min="1" step="any" required defaultValue=${(old?.interval_seconds ?? 3600) / 60} />` : html`<${Field} key="at" label="At (your time)" name="at" type="datetime-local" required defaultValue=${old?.run_at ? local(old.run_at) : ""} />`}
      <${Field} label="Time zone" name="timezone" required defaultValue=${zone} list="zones" /><${Field} label="Priority (0 is the most urgent)" name="priority" type="number" min="0" max="20" defaultValue=${old?.priority ?? 10} />
      <${Choice} label="While the last one still runs" name="overlap" first=${old?.overlap_policy ?? "skip"} of=${[["skip", "Leave it out"], ["queue", "Wait for it"], ["allow", "Start it beside"], ["cancel_previous", "Cancel the one before"]]} />
      <${Choice} label="Times that were missed" name="misfire" first=${old?.misfire_policy ?? "once"} of=${[["once", "Start once"], ["all", "Start all"], ["skip", "Start none"]]} />
      <${Choice} label="Calendar of closed days" name="calendar" first=${old?.calendar_id ?? ""} of=${[["", calendars.length ? "None: every day counts" : "None yet: casare-cloud calendars create"], ...calendars.map((c) => [c.calendar_id, c.name])]} /></div>
    <datalist id="zones">${(Intl.supportedValuesOf?.("timeZone") ?? []).map((z) => html`<option value=${z}></option>`)}</datalist>
    <${Json} label="Input, as JSON" name="input" rows="3" defaultValue=${toJson(old?.input ?? {}, 2)} />
    <div aria-live="polite">${runs ? html`<p class="m s">It would fire:</p><${Runs} runs=${runs} />` : null}${error ? html`<p class="bad" role="alert">${error}</p>` : null}</div></div>`;
}
