// Bars of what ended: completed above the line, failed below it. A sentence and a table say the same.
import { html } from "../core/ui.js";

const W = 720, H = 184, BASE = 150;

// rows: [{ label, done, failed, other, created }]; other: cancelled.
export function Bars({ rows, sentence }) {
  const top = nice(Math.max(1, ...rows.map((r) => r.done)));
  const scale = (BASE - 12) / top, below = Math.min(scale, (H - BASE - 4) / Math.max(1, ...rows.map((r) => r.failed))), w = W / Math.max(1, rows.length);
  const marks = [0, top / 2, top];
  const every = Math.max(1, Math.ceil(rows.length / 5));
  return html`<div class="chart"><span class="yl" aria-hidden="true">${marks.map((v) => html`<span style=${{ top: `${((BASE - v * scale) / H) * 100}%` }}>${short(v)}</span>`)}</span>
    <svg viewBox=${`0 0 ${W} ${H}`} preserveAspectRatio="none" role="img" aria-label=${sentence}>${marks.map((v) => html`<line x1="0" x2=${W} y1=${BASE - v * scale} y2=${BASE - v * scale} class="gl" vector-effect="non-scaling-stroke" />`)}
      ${rows.map((r, i) => html`<g key=${i}><title>${`${r.label}: ${r.done.toLocaleString()} completed, ${r.failed.toLocaleString()} failed${r.other ? `, ${r.other.toLocaleString()} cancelled` : ""}${r.created ? `; ${r.created.toLocaleString()} began` : ""}`}</title><rect class="hit" x=${i * w} y="0" width=${w} height=${H} />
        ${r.done ? html`<rect class="c-done" x=${i * w + w * 0.12} width=${w * 0.76} y=${BASE - Math.max(1.5, r.done * scale)} height=${Math.max(1.5, r.done * scale)} rx="1.5" />` : null}
        ${r.failed ? html`<rect class="c-fail" x=${i * w + w * 0.12} width=${w * 0.76} y=${BASE + 2} height=${Math.max(3, r.failed * below)} rx="1.5" />` : null}</g>`)}</svg>
    <div class="xl" aria-hidden="true">${rows.filter((_, i) => i % every === 0).map((r) => html`<span>${r.label}</span>`)}</div>
    <table class="sr"><caption>${sentence}</caption><thead><tr><th>Time</th><th>Completed</th><th>Failed</th></tr></thead><tbody>${rows.filter((r) => r.done || r.failed).map((r) => html`<tr><td>${r.label}</td><td>${r.done}</td><td>${r.failed}</td></tr>`)}</tbody></table></div>`;
}
const nice = (v) => { const p = 10 ** Math.floor(Math.log10(v)); return [1, 2, 4, 5, 10].map((x) => x * p).find((x) => x >= v && x >= 2) ?? Math.max(2, v); };
const short = (v) => (v >= 1e6 ? `${v / 1e6}M` : v >= 1e3 ? `${v / 1e3}k` : v);
