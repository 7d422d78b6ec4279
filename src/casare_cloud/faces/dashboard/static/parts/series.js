// Jobs that ended over time, from the sums that the service keeps: bars of the last hour, of a day, of weeks. The address holds which.
import { clockTime, dayTime, get, html, route, serviceTime, setQuery, Time, useQuery, useState } from "../core/kit.js";
import { Card, Chips, Empty, Loading, Trouble } from "./basic.js";

// word, unit, how many, in words, the least milliseconds between two readings
const SPANS = { "1h": ["1 h", "minute", 60, "last hour", 5000], "24h": ["24 h", "hour", 24, "last 24 hours", 20_000], "30d": ["30 d", "day", 30, "last 30 days", 60_000], "90d": ["90 d", "day", 90, "last 90 days", 60_000] };
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const labelOf = (unit, at) => (unit === "day" ? dayTime(at) : clockTime(at).slice(0, 5));

// The points of a span; days are the viewer's, or the organization's when the service does not know the viewer's zone.
export const useSeries = (path, span, on) => {
  const [, interval, count, , distance] = SPANS[span];
  return useQuery(path && `${path} ${span}`, async (abort) => {
    try { return (await get(path, { interval, count, timezone: interval === "day" ? zone : undefined }, abort)).points; }
    catch (error) { if (error.status !== 400) throw error; return (await get(path, { interval, count }, abort)).points; }
  }, { on, distance, every: Math.max(30_000, distance) });
};

export function Ended({ path, on, spans = ["1h", "24h", "90d"], title = "Jobs ended" }) {
  const asked = route.value.query.get("span"), span = spans.includes(asked) ? asked : spans[0];
  const [, unit, , words] = SPANS[span];
  const { data, error, loading, reload } = useSeries(path, span, on);
  const rows = (data ?? []).map((p) => ({ label: labelOf(unit, p.starts_at), done: p.completed, failed: p.failed + p.timed_out, other: p.cancelled, created: p.created }));
  const sum = (name) => rows.reduce((n, r) => n + r[name], 0).toLocaleString();
  return html`<${Card} title=${title} cls="chc" note=${html`<span class="leg"><span><i class="done"></i>completed</span><span><i class="failed"></i>failed (below the line)</span></span>`}
    actions=${html`<${Chips} label="Time" value=${span} set=${(s) => setQuery({ span: s === spans[0] ? "" : s })} of=${spans.map((s) => [s, SPANS[s][0]])} />`}>
    ${error ? html`<${Trouble} error=${error} retry=${reload} />` : loading ? html`<${Loading} />` : html`<${Bars} rows=${rows} sentence=${`Jobs ended per ${unit} in the ${words}: ${sum("done")} completed, ${sum("failed")} failed.`} />`}<//>`;
}

// How the machine of a robot was: the last figures, and lines of the averages and highest of each step; a gap is a time without a heartbeat.
const DAYS = { "1": "24 h", "7": "7 d", "30": "30 d" };
const FIGURES = [["cpu_percent", "Processor", "run"], ["memory_percent", "Memory", "done"], ["disk_percent", "Disk", "wait"]];
export function Machine({ robot, now }) {
  const [days, setDays] = useState("1");
  const of = useQuery(`machine ${robot.robot_uuid} ${days}`, (abort) => get(`/metrics/robots/${robot.robot_uuid}/measurements`, { since: new Date(Math.floor(serviceTime() / 60_000) * 60_000 - days * 86_400_000).toISOString() }, abort), { every: 60_000 });
  const points = of.data?.points ?? [], at = now?.last_heartbeat_at ?? robot.last_heartbeat, last = { ...robot.metrics, ...(now?.cpu_percent !== undefined && { cpu_percent: now.cpu_percent, memory_percent: now.memory_percent }) };
  const known = FIGURES.filter(([k]) => typeof last[k] === "number" || points.some((p) => p[k] !== null && p[k] !== undefined));
  return html`<${Card} title="Its machine" note=${at ? html`as of <${Time} at=${at} />` : ""} actions=${html`<${Chips} label="Time of its machine" value=${days} set=${setDays} of=${Object.entries(DAYS)} />`}><${Trouble} error=${of.error} retry=${of.reload} />${known.length ? html`<ul class="machine">${known.map(([k, word, colour]) => html`<li><span class="m">${word}</span><b>${typeof last[k] === "number" ? `${Math.round(last[k])} %` : "–"}</b><${Line} points=${points} figure=${k} word=${word} colour=${colour} minutes=${of.data?.step_minutes} /></li>`)}</ul>` : of.loading ? html`<${Loading} />` : html`<${Empty}>It has not told how its machine is: robots tell it with each heartbeat.<//>`}<//>`;
}
function Line({ points, figure, word, colour, minutes }) {
  const x = (i) => ((i / Math.max(1, points.length - 1)) * W).toFixed(1), y = (v) => (60 - Math.min(100, v) * 0.58).toFixed(1);
  const path = (key) => points.map((p, i) => (p[key] === null || p[key] === undefined ? "" : `${typeof points[i - 1]?.[key] === "number" ? "L" : "M"}${x(i)},${y(p[key])}${typeof points[i - 1]?.[key] === "number" || typeof points[i + 1]?.[key] === "number" ? "" : "h-4"}`)).join("");
  const told = points.filter((p) => typeof p[figure] === "number"), high = told.reduce((most, p) => (p[`${figure}_max`] > (most?.[`${figure}_max`] ?? -1) ? p : most), null);
  const mean = told.reduce((n, p) => n + p[figure], 0) / told.length, percent = (v) => `${Math.round(v)} %`;
  const sentence = told.length ? `${word} in steps of ${minutes} minutes: ${percent(mean)} on average, ${percent(high[`${figure}_max`])} at most.` : `${word}: nothing was told in this time.`;
  return html`<div><svg viewBox=${`0 0 ${W} 62`} preserveAspectRatio="none" role="img" aria-label=${sentence}>${[0, 50, 100].map((v) => html`<line class="gl" x1="0" x2=${W} y1=${y(v)} y2=${y(v)} vector-effect="non-scaling-stroke" />`)}<path d=${path(`${figure}_max`)} class="max" stroke=${`var(--c-${colour})`} vector-effect="non-scaling-stroke" /><path d=${path(figure)} stroke=${`var(--c-${colour})`} vector-effect="non-scaling-stroke" /></svg>
    <p class="m s">${told.length ? html`${percent(mean)} on average, at most ${percent(high[`${figure}_max`])} at <${Time} at=${high.starts_at} />` : "Nothing was told in this time."}</p></div>`;
}

// A line without numbers, beside a figure.
export function Spark({ values, colour }) {
  if (values.length < 2) return null;
  const top = Math.max(1, ...values);
  return html`<svg class="sp" viewBox="0 0 84 34" preserveAspectRatio="none" aria-hidden="true"><path d=${"M" + values.map((v, i) => `${((i / (values.length - 1)) * 84).toFixed(1)},${(32 - (v / top) * 30).toFixed(1)}`).join("L")} fill="none" stroke=${`var(--c-${colour})`} stroke-width="1.6" vector-effect="non-scaling-stroke" /></svg>`;
}

const W = 720, H = 184;

// Completed above the line, failed below it, in one scale; a sentence and a table say the same. rows: [{ label, done, failed, other, created }]; other: cancelled.
function Bars({ rows, sentence }) {
  const top = nice(Math.max(1, ...rows.map((r) => r.done)));
  const low = Math.max(0, ...rows.map((r) => r.failed)), scale = Math.min(138 / top, (H - 18) / (top + low)), base = 12 + top * scale, w = W / Math.max(1, rows.length);
  const marks = [...(low * scale > 40 ? [-low] : []), 0, ...(top * scale > 60 ? [top / 2] : []), ...(top * scale > 16 ? [top] : [])];
  const every = Math.max(1, Math.ceil(rows.length / 5));
  return html`<div class="chart"><span class="yl" aria-hidden="true">${marks.map((v) => html`<span style=${{ top: `${((base - v * scale) / H) * 100}%` }}>${short(Math.abs(v))}</span>`)}</span>
    <svg viewBox=${`0 0 ${W} ${H}`} preserveAspectRatio="none" role="img" aria-label=${sentence}>${marks.map((v) => html`<line x1="0" x2=${W} y1=${base - v * scale} y2=${base - v * scale} class="gl" vector-effect="non-scaling-stroke" />`)}
      ${rows.map((r, i) => html`<g key=${i}><title>${`${r.label}: ${r.done.toLocaleString()} completed, ${r.failed.toLocaleString()} failed${r.other ? `, ${r.other.toLocaleString()} cancelled` : ""}${r.created ? `; ${r.created.toLocaleString()} began` : ""}`}</title><rect class="hit" x=${i * w} y="0" width=${w} height=${H} />
        ${r.done ? html`<rect class="c-done" x=${i * w + w * 0.12} width=${w * 0.76} y=${base - Math.max(1.5, r.done * scale)} height=${Math.max(1.5, r.done * scale)} rx="1.5" />` : null}
        ${r.failed ? html`<rect class="c-fail" x=${i * w + w * 0.12} width=${w * 0.76} y=${base + 2} height=${Math.max(3, r.failed * scale - 2)} rx="1.5" />` : null}</g>`)}</svg>
    <div class="xl" aria-hidden="true">${rows.filter((_, i) => i % every === 0).map((r) => html`<span>${r.label}</span>`)}</div>
    <table class="sr"><caption>${sentence}</caption><thead><tr><th>Time</th><th>Completed</th><th>Failed</th></tr></thead><tbody>${rows.filter((r) => r.done || r.failed).map((r) => html`<tr><td>${r.label}</td><td>${r.done}</td><td>${r.failed}</td></tr>`)}</tbody></table></div>`;
}
const nice = (v) => { const p = 10 ** Math.floor(Math.log10(v)); return [1, 2, 4, 5, 10].map((x) => x * p).find((x) => x >= v && x >= 2) ?? Math.max(2, v); };
const short = (v) => (v >= 1e6 ? `${v / 1e6}M` : v >= 1e3 ? `${v / 1e3}k` : v);
