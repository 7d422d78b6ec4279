// Jobs that ended over time, from the sums that the service keeps: bars of the last hour, of a day, of weeks. The address holds which.
import { html } from "../core/ui.js";
import { get } from "../core/api.js";
import { route, setQuery } from "../core/router.js";
import { useQuery } from "../core/query.js";
import { clockTime, dayTime } from "../core/time.js";
import { Card, Loading, Trouble } from "./basic.js";
import { Bars } from "./chart.js";

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
    actions=${html`<span class="chips" role="group" aria-label="Time">${spans.map((s) => html`<button type="button" class="chip" aria-pressed=${s === span ? "true" : "false"} onClick=${() => setQuery({ span: s === spans[0] ? "" : s })}>${SPANS[s][0]}</button>`)}</span>`}>
    ${error ? html`<${Trouble} error=${error} retry=${reload} />` : loading ? html`<${Loading} />` : html`<${Bars} rows=${rows} sentence=${`Jobs ended per ${unit} in the ${words}: ${sum("done")} completed, ${sum("failed")} failed.`} />`}<//>`;
}

// A line without numbers, beside a figure.
export function Spark({ values, colour }) {
  if (values.length < 2) return null;
  const top = Math.max(1, ...values);
  return html`<svg class="sp" viewBox="0 0 84 34" preserveAspectRatio="none" aria-hidden="true"><path d=${"M" + values.map((v, i) => `${((i / (values.length - 1)) * 84).toFixed(1)},${(32 - (v / top) * 30).toFixed(1)}`).join("L")} fill="none" stroke=${`var(--c-${colour})`} stroke-width="1.6" vector-effect="non-scaling-stroke" /></svg>`;
}
