// Times in the viewer's zone, with UTC beside them, and durations in words that fit a table.
import { html, signal } from "./ui.js";

export const now = signal(Date.now());
setInterval(() => { if (!document.hidden) now.value = Date.now(); }, 1000);
document.addEventListener("visibilitychange", () => { now.value = Date.now(); });

// Whether times are shown in UTC instead of the viewer's zone; a key turns that.
export const inUtc = signal(false);
const formats = (options) => { const made = [undefined, "UTC"].map((timeZone) => new Intl.DateTimeFormat(undefined, { ...options, timeZone })); return (date) => made[Number(inUtc.value)].format(new Date(date)); };
const day = formats({ day: "numeric", month: "short" }), year = formats({ day: "numeric", month: "short", year: "numeric" });
const clock = formats({ hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
export const isToday = (date) => year(date) === year(Date.now());

export function localTime(text) {
  if (isToday(text)) return clock(text);
  return `${(String(text).slice(0, 4) === String(new Date().getFullYear()) ? day : year)(text)}, ${clock(text).slice(0, 5)}`;
}
export const dayTime = (text) => day(text);
export const clockTime = (text, millis) => clock(text) + (millis ? "." + String(new Date(text).getMilliseconds()).padStart(3, "0") : "");
const utc = (text) => new Date(text).toISOString().replace("T", " ").replace(/\.\d+Z/, "") + " UTC";

export function duration(ms) {
  if (ms === null || ms === undefined || Number.isNaN(ms)) return "";
  const s = Math.max(0, ms) / 1000;
  if (s < 1) return `${Math.round(ms)} ms`;
  if (s < 10) return `${s.toFixed(1)} s`;
  if (s < 60) return `${Math.floor(s)} s`;
  const m = Math.floor(s / 60), h = Math.floor(m / 60), d = Math.floor(h / 24);
  if (m < 60) return `${m} m ${String(Math.floor(s % 60)).padStart(2, "0")} s`;
  if (h < 48) return `${h} h ${String(m % 60).padStart(2, "0")} m`;
  return `${d} days`;
}
export const since = (text) => now.value - Date.parse(text);
export function ago(text) {
  const ms = since(text);
  if (ms < -1500) return "in " + duration(-ms);
  return ms < 1500 ? "just now" : duration(Math.floor(ms / 1000) * 1000).replace(/\.0 s/, " s") + " ago";
}

// The time of day; UTC is on the hover, of a fact on the focus too, and `u` shows all times in it.
export const Time = ({ at, relative, fact, short }) => (at ? html`<time datetime=${at} title=${utc(at)} tabindex=${fact ? 0 : null} data-utc=${fact ? utc(at) : null}>${relative ? ago(at) : (short ? clock(at).slice(0, 5) : localTime(at)) + (inUtc.value ? " UTC" : "")}</time>` : html`<span class="m">–</span>`);
// A sentence of the service, with the moments in it shown in the viewer's zone.
const MOMENT = /(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC)/;
export const Sentence = ({ text }) => html`<bdi>${String(text ?? "").split(MOMENT).map((part) => (MOMENT.test(part) ? html`<${Time} at=${part.replace(" UTC", "Z").replace(" ", "T")} />` : part))}</bdi>`;
