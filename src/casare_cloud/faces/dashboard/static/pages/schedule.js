// One schedule: when it fires, what became of it, and why.
import { html } from "../core/ui.js";
import { call, get } from "../core/api.js";
import { go, link, route, setQuery, useTitle } from "../core/router.js";
import { can } from "../core/session.js";
import { useQuery } from "../core/query.js";
import { Time } from "../core/time.js";
import { Badge, Button, Card, Empty, Foreign, Head, Loading, Pager, Trouble } from "../parts/basic.js";
import { confirm, toast } from "../parts/dialog.js";
import { editSchedule, Runs, whenWords } from "../parts/schedules.js";
import { Tree } from "../parts/tree.js";

const LIMIT = 50;

export default function Schedule({ id }) {
  const offset = Number(route.value.query.get("offset")) || 0;
  const on = (e) => e.event_type.startsWith("schedule.");
  const one = useQuery(`schedule ${id}`, (a) => get(`/schedules/${id}`, {}, a), { on, distance: 1500 });
  const fires = useQuery(`fires ${id} ${offset}`, (a) => get(`/schedules/${id}/fires`, { limit: LIMIT, offset }, a), { on, distance: 1500 });
  const s = one.data;
  const runs = useQuery(s ? `runs ${id} ${s.updated_at}` : null, () => call("POST", "/schedules/simulate", { body: { workflow_id: s.workflow_id, frequency: s.frequency, cron_expression: s.cron_expression ?? undefined, run_at: s.run_at ?? undefined, interval_seconds: s.interval_seconds ?? undefined, timezone: s.timezone, starts_at: s.starts_at ?? undefined, ends_at: s.ends_at ?? undefined, calendar_id: s.calendar_id ?? undefined, on_closed_day: s.on_closed_day, overlap_policy: s.overlap_policy, count: 12 } }), { every: 120_000 });
  useTitle(s?.schedule_name ?? "Schedule", !one.loading);
  const crumb = html`<nav class="crumb" aria-label="Where you are"><a class="l" href="#/schedules">Schedules</a>/</nav>`;
  if (!s) return html`<${Head} crumb=${crumb} title=${one.error?.status === 404 ? "There is no such schedule" : "Schedule"} />${one.error ? html`<${Trouble} error=${one.error} retry=${one.reload} />` : html`<${Loading} />`}`;
  const act = async (verb) => { const answer = await call("PUT", `/schedules/${id}/${verb}`); toast(answer.message ?? `It is ${verb}d.`); if (answer.job_id) go(["jobs", answer.job_id]); else one.reload(); };
  const remove = async () => { if (await confirm({ title: `Delete ${s.schedule_name}?`, text: "It fires no more. Jobs that it started stay.", action: "Delete the schedule", run: () => call("DELETE", `/schedules/${id}`) })) { toast("Deleted."); go(["schedules"]); } };
  return html`<${Head} crumb=${crumb} title=${html`<${Foreign} text=${s.schedule_name} />`} note=${html`<${Badge} big state=${s.enabled ? "enabled" : "disabled"} word=${s.auto_disabled_at ? "Switched off" : undefined} />`}>${can("schedules.write") ? html`<${Button} icon="bolt" onClick=${() => act("trigger")}>Start now<//><${Button} onClick=${() => act(s.enabled ? "disable" : "enable")}>${s.enabled ? "Disable" : "Enable"}<//><${Button} icon="edit" onClick=${async () => { if (await editSchedule(s)) one.reload(); }}>Change<//><${Button} danger onClick=${remove}>Delete…<//>` : null}<//>
    ${s.auto_disabled_at ? html`<section class="card explain warn" aria-label="Why it is off"><p></p><p><b>It was switched off after ${s.consecutive_failures} runs in a row failed, <${Time} at=${s.auto_disabled_at} />.</b></p><p>Look at its last jobs, mend what fails, and enable it.</p></section>` : null}
    <div class="grid jg"><${Card} title="Its fires" note=${fires.data ? fires.data.total.toLocaleString() : ""}>${fires.data?.fires.length ? html`<table class="tbl free"><caption class="sr">Fires</caption><thead><tr><th class="w-m">Time</th><th class="w-m">Outcome</th><th>Why</th><th class="w-s">Job</th></tr></thead><tbody>${fires.data.fires.map((f) => html`<tr><td><${Time} at=${f.fire_time} /></td><td><${Badge} state=${f.outcome} /></td><td class="m"><bdi>${f.reason ?? (f.manual ? "started by a person" : "")}</bdi></td><td>${f.job_id ? html`<a class="l" data-row href=${link(["jobs", f.job_id])}>Job</a>` : "–"}</td></tr>`)}</tbody></table><${Pager} offset=${offset} limit=${LIMIT} total=${fires.data.total} count=${fires.data.fires.length} onPage=${(o) => setQuery({ offset: o || "" })} />` : fires.loading ? html`<${Loading} />` : html`<${Empty}>It has not fired yet.<//>`}<//>
    <div class="stack"><${Card} title="Facts"><dl><dt>Workflow</dt><dd><a class="l" href=${link(["workflows", s.workflow_id])}><${Foreign} text=${s.workflow_name} /></a></dd><dt>When</dt><dd><${Foreign} text=${whenWords(s)} /></dd><dt>Next</dt><dd><${Time} at=${s.enabled ? s.next_run : null} /></dd><dt>Last</dt><dd><${Time} at=${s.last_run} /></dd><dt>Fired</dt><dd>${s.run_count.toLocaleString()}, ${s.failure_count} failed</dd><dt>Overlap</dt><dd>${s.overlap_policy.replace("_", " ")}</dd><dt>Missed</dt><dd>${s.misfire_policy}</dd><dt>Closed days</dt><dd>${s.calendar_id ? s.on_closed_day : "no calendar"}</dd></dl><//>
      <${Card} title="What comes">${runs.data?.runs.length ? html`<${Runs} runs=${runs.data.runs} />` : html`<${Empty}>${runs.error ? runs.error.message : "Nothing is to come."}<//>`}<//><${Card} title="Input"><${Tree} value=${s.input} label="Input" /><//></div></div>`;
}
