// Schedules, what they will start next, and making one after looking at what it would do.
import { html } from "../core/ui.js";
import { call, get } from "../core/api.js";
import { link, route, setQuery, useTitle } from "../core/router.js";
import { can } from "../core/session.js";
import { useQuery } from "../core/query.js";
import { ago, isToday, Time } from "../core/time.js";
import { Badge, Button, Card, Empty, Foreign, Head, Loading, Trouble } from "../parts/basic.js";
import { toast } from "../parts/dialog.js";
import { editSchedule, whenWords } from "../parts/schedules.js";

export default function Schedules() {
  useTitle("Schedules");
  const on = (e) => e.event_type.startsWith("schedule.");
  const { data, error, loading, reload } = useQuery("schedules", (a) => get("/schedules", { limit: 500 }, a), { on, distance: 1500 });
  const upcoming = useQuery("upcoming", (a) => get("/schedules/upcoming", { limit: 30 }, a), { on, distance: 3000, every: 20_000 });
  const text = (route.value.query.get("find") ?? "").toLowerCase();
  const shown = (data ?? []).filter((s) => !text || (s.schedule_name + s.workflow_name).toLowerCase().includes(text));
  const turn = (s) => call("PUT", `/schedules/${s.schedule_id}/${s.enabled ? "disable" : "enable"}`).then(() => { toast(`${s.schedule_name} is ${s.enabled ? "off" : "on"}.`); reload(); upcoming.reload(); });
  const days = new Map();
  for (const u of upcoming.data ?? []) { const d = new Date(u.next_run), k = d.toDateString(); days.set(k, [...(days.get(k) ?? []), u]); }
  return html`<${Head} title="Schedules" note=${data ? html`<span class="m">${data.length}</span>` : null}>${can("schedules.write") ? html`<${Button} primary icon="cal" onClick=${async () => { if (await editSchedule()) { reload(); upcoming.reload(); } }}>New schedule<//>` : null}<//><${Trouble} error=${error} retry=${reload} />
    <div class="grid jg"><section class="card" aria-label="Schedules">${data?.length ? html`<div class="tool"><input type="search" placeholder="Find by name" aria-label="Find schedules" value=${route.value.query.get("find") ?? ""} onInput=${(e) => setQuery({ find: e.target.value })} /></div>` : null}
      ${loading ? html`<${Loading} rows=${5} />` : shown.length ? html`<table class="tbl free"><caption class="sr">Schedules</caption><thead><tr><th class="w-st">State</th><th>Schedule</th><th>When</th><th class="w-m">Next</th>${can("schedules.write") ? html`<th class="w-s"><span class="sr">Acts</span></th>` : null}</tr></thead><tbody>${shown.map((s) => html`<tr key=${s.schedule_id}><td><${Badge} state=${s.enabled ? "enabled" : "disabled"} word=${s.auto_disabled_at ? "Switched off" : undefined} /></td><td><a data-row href=${link(["schedules", s.schedule_id])}><${Foreign} text=${s.schedule_name} /></a> <span class="m s"><bdi>${s.workflow_name}</bdi></span></td><td class="m"><${Foreign} text=${whenWords(s)} /></td><td class="m"><${Time} at=${s.enabled ? s.next_run : null} /></td>${can("schedules.write") ? html`<td class="acts-c"><${Button} label=${`${s.enabled ? "Disable" : "Enable"} ${s.schedule_name}`} onClick=${() => turn(s)}>${s.enabled ? "Disable" : "Enable"}<//></td>` : null}</tr>`)}</tbody></table>`
      : data ? html`<${Empty}>${data.length ? "No schedule has such a name." : "There is no schedule yet. A schedule starts a workflow at its times, also while nobody looks."}<//>` : null}</section>
    <${Card} title="What comes">${upcoming.data?.length ? html`<div class="agenda">${[...days].map(([k, list]) => html`<h3>${isToday(new Date(k)) ? "Today" : new Date(k).toLocaleDateString(undefined, { weekday: "long", day: "numeric", month: "long" })}</h3><ul>${list.map((u) => html`<li><${Time} at=${u.next_run} /><a href=${link(["schedules", u.schedule_id])}><${Foreign} text=${u.schedule_name} /></a><span class="m s">${ago(u.next_run)}</span></li>`)}</ul>`)}</div>` : upcoming.loading ? html`<${Loading} />` : html`<${Empty}>Nothing is to come.<//>`}<//></div>`;
}
