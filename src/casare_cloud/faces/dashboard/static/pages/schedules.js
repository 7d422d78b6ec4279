// Schedules, what they will start next, and making one after looking at what it would do; and one schedule with its fires and why.
import { ago, call, can, get, go, html, isToday, route, setQuery, Time, useQuery, useTitle } from "../core/kit.js";
import { Absent, Badge, Button, Card, Count, Crumb, Empty, Fact, Facts, Find, Foreign, Head, List, Loading, Pager, To } from "../parts/basic.js";
import { confirm, toast } from "../parts/dialog.js";
import { editSchedule, Month, Runs, whenWords } from "../parts/schedules.js";
import { Tree } from "../parts/tree.js";

const on = (e) => e.event_type.startsWith("schedule.");
const stateOfOne = (s, big) => html`<${Badge} big=${big} state=${s.enabled ? "enabled" : "disabled"} word=${s.auto_disabled_at ? "Switched off" : undefined} />`;

export function Schedules() {
  useTitle("Schedules");
  const of = useQuery("schedules", (a) => get("/schedules", { limit: 500 }, a), { on, distance: 1500 }), { data } = of;
  const upcoming = useQuery("upcoming", (a) => get("/schedules/upcoming", { limit: 100 }, a), { on, distance: 3000, every: 20_000 });
  const find = route.value.query.get("find") ?? "", text = find.toLowerCase(), write = can("schedules.write");
  const shown = (data ?? []).filter((s) => !text || (s.schedule_name + s.workflow_name).toLowerCase().includes(text));
  const reload = () => { of.reload(); upcoming.reload(); };
  const turn = (s) => call("PUT", `/schedules/${s.schedule_id}/${s.enabled ? "disable" : "enable"}`).then(() => { toast(`${s.schedule_name} is ${s.enabled ? "off" : "on"}.`); reload(); });
  const days = new Map();
  for (const u of (upcoming.data ?? []).slice(0, 15)) { const k = new Date(u.next_run).toDateString(); days.set(k, [...(days.get(k) ?? []), u]); }
  return html`<${Head} title="Schedules" note=${html`<${Count} n=${data?.length} />`}>${write ? html`<${Button} primary icon="cal" onClick=${async () => { if (await editSchedule()) reload(); }}>New schedule<//>` : null}<//>
    <div class="grid jg"><section class="card" aria-label="Schedules">${data?.length ? html`<div class="tool"><${Find} label="Find schedules" hint="Find by name" value=${find} set=${(v) => setQuery({ find: v })} /></div>` : null}
      <${List} caption="Schedules" of=${of} rows=${shown} id=${(s) => s.schedule_id} empty=${data?.length ? "No schedule has such a name." : "There is no schedule yet. A schedule starts a workflow at its times, also while nobody looks."} cols=${[
        ["State", "w-st", (s) => stateOfOne(s)], ["Schedule", "", (s) => html`<${To} row path=${["schedules", s.schedule_id]} text=${s.schedule_name} /> <span class="m s"><bdi>${s.workflow_name}</bdi></span>`], ["When", "", (s) => html`<${Foreign} text=${whenWords(s)} />`, "m"], ["Next", "w-m", (s) => html`<${Time} at=${s.enabled ? s.next_run : null} />`, "m h"],
        write && ["", "w-at", (s) => html`<${Button} label=${`${s.enabled ? "Disable" : "Enable"} ${s.schedule_name}`} onClick=${() => turn(s)}>${s.enabled ? "Disable" : "Enable"}<//>`, "acts-c"]]} /></section>
    <div class="stack"><${Card} title="What comes">${upcoming.data?.length ? html`<${Month} runs=${upcoming.data.map((u) => ({ time: u.next_run, name: u.schedule_name }))} capped=${upcoming.data.length === 100} /><div class="agenda">${[...days].map(([k, list]) => html`<h3>${isToday(new Date(k)) ? "Today" : new Date(k).toLocaleDateString(undefined, { weekday: "long", day: "numeric", month: "long" })}</h3><ul>${list.map((u) => html`<li><${Time} at=${u.next_run} short /><${To} cls="" path=${["schedules", u.schedule_id]} text=${u.schedule_name} /><span class="m s">${ago(u.next_run)}</span></li>`)}</ul>`)}</div>` : upcoming.loading ? html`<${Loading} />` : html`<${Empty}>Nothing is to come.<//>`}<//></div></div>`;
}

const LIMIT = 50;
export function Schedule({ id }) {
  const offset = Number(route.value.query.get("offset")) || 0;
  const one = useQuery(`schedule ${id}`, (a) => get(`/schedules/${id}`, {}, a), { on, distance: 1500 });
  const fires = useQuery(`fires ${id} ${offset}`, (a) => get(`/schedules/${id}/fires`, { limit: LIMIT, offset }, a), { on, distance: 1500 });
  const s = one.data;
  const runs = useQuery(s ? `runs ${id} ${s.updated_at}` : null, () => call("POST", "/schedules/simulate", { body: { workflow_id: s.workflow_id, frequency: s.frequency, cron_expression: s.cron_expression ?? undefined, run_at: s.run_at ?? undefined, interval_seconds: s.interval_seconds ?? undefined, timezone: s.timezone, starts_at: s.starts_at ?? undefined, ends_at: s.ends_at ?? undefined, calendar_id: s.calendar_id ?? undefined, on_closed_day: s.on_closed_day, overlap_policy: s.overlap_policy, count: 60 } }), { every: 120_000 });
  useTitle(s?.schedule_name ?? "Schedule", !one.loading);
  const crumb = html`<${Crumb} to="schedules" word="Schedules" />`;
  if (!s) return html`<${Absent} crumb=${crumb} what="schedule" of=${one} />`;
  const act = async (verb) => { const answer = await call("PUT", `/schedules/${id}/${verb}`); toast(answer.message ?? `It is ${verb}d.`); if (answer.job_id) go(["jobs", answer.job_id]); else one.reload(); };
  const remove = async () => { if (await confirm({ title: `Delete ${s.schedule_name}?`, text: "It fires no more. Jobs that it started stay.", action: "Delete the schedule", run: () => call("DELETE", `/schedules/${id}`) })) { toast("Deleted."); go(["schedules"]); } };
  const coming = runs.data?.runs ?? [];
  return html`<${Head} crumb=${crumb} title=${html`<${Foreign} text=${s.schedule_name} />`} note=${stateOfOne(s, true)}>${can("schedules.write") ? html`<${Button} icon="bolt" onClick=${() => act("trigger")}>Start now<//><${Button} onClick=${() => act(s.enabled ? "disable" : "enable")}>${s.enabled ? "Disable" : "Enable"}<//><${Button} icon="edit" onClick=${async () => { if (await editSchedule(s)) one.reload(); }}>Change<//><${Button} danger onClick=${remove}>Delete…<//>` : null}<//>
    ${s.auto_disabled_at ? html`<section class="card explain warn" aria-label="Why it is off"><p></p><p><b>It was switched off after ${s.consecutive_failures} runs in a row failed, <${Time} at=${s.auto_disabled_at} />.</b></p><p>Look at its last jobs, mend what fails, and enable it.</p></section>` : null}
    <div class="grid jg"><${Card} title="Its fires" note=${fires.data?.total.toLocaleString()}><${List} caption="Fires" of=${fires} rows=${fires.data?.fires} empty="It has not fired yet." cols=${[
        ["Time", "w-m", (f) => html`<${Time} at=${f.fire_time} />`], ["Outcome", "w-m", (f) => html`<${Badge} state=${f.outcome} />`], ["Why", "", (f) => html`<bdi>${f.reason ?? (f.manual ? "started by a person" : "")}</bdi>`, "m"], ["Job", "w-s", (f) => (f.job_id ? html`<${To} row cls="l" path=${["jobs", f.job_id]} text="Job" />` : "–")]]} />${fires.data ? html`<${Pager} offset=${offset} limit=${LIMIT} total=${fires.data.total} count=${fires.data.fires.length} onPage=${(o) => setQuery({ offset: o })} />` : null}<//>
    <div class="stack"><${Facts} of=${[["Workflow", html`<${To} path=${["workflows", s.workflow_id]} text=${s.workflow_name} />`], ["When", whenWords(s)], ["Next", html`<${Fact} at=${s.enabled ? s.next_run : null} />`], ["Last", html`<${Fact} at=${s.last_run} />`], ["Fired", `${s.run_count.toLocaleString()}, ${s.failure_count} failed`], ["Overlap", s.overlap_policy.replace("_", " ")], ["Missed", s.misfire_policy], ["Closed days", s.calendar_id ? s.on_closed_day : "no calendar"]]} />
      <${Card} title="What comes">${coming.length ? html`<${Month} runs=${coming} capped=${coming.length === 60} /><${Runs} runs=${coming.slice(0, 12)} />` : html`<${Empty}>${runs.error ? runs.error.message : "Nothing is to come."}<//>`}<//><${Card} title="Input"><${Tree} value=${s.input} label="Input" /><//></div></div>`;
}
