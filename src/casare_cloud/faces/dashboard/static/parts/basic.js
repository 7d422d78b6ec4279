// Small parts that every page is made of.
import { html, Icon, useEffect, useState } from "../core/ui.js";
import { dialog, toast } from "./dialog.js";

// status → (colour, icon, word)
export const STATES = {
  pending: ["wait", "clock", "Waiting"], queued: ["wait", "clock", "Waiting"], scheduled: ["wait", "clock", "Scheduled"], claimed: ["claim", "hand", "Claimed"], running: ["run", "play", "Running"],
  completed: ["done", "check", "Completed"], failed: ["fail", "cross", "Failed"], timeout: ["time", "glass", "Timed out"], cancelled: ["off", "ban", "Cancelled"],
  blocked: ["warn", "tri", "Blocked"], idle: ["done", "ring", "Idle"], busy: ["run", "play", "Busy"], offline: ["off", "dash", "Offline"], error: ["fail", "cross", "Error"],
  quarantined: ["fail", "shield", "Quarantined"], draining: ["warn", "pause", "Draining"], paused: ["warn", "pause", "Paused"], maintenance: ["warn", "pause", "Maintenance"], disabled: ["off", "ban", "Disabled"],
  deaf: ["warn", "ear", "Deaf"], active: ["done", "check", "Active"], enabled: ["done", "check", "Enabled"], revoked: ["off", "ban", "Revoked"], expired: ["warn", "clock", "Expired"],
  accepted: ["done", "check", "Accepted"], duplicate: ["off", "copy", "Duplicate"], filtered: ["off", "ban", "Filtered"], rejected: ["fail", "cross", "Rejected"], limited: ["warn", "pause", "Limited"],
  published: ["done", "check", "Published"], draft: ["wait", "edit", "Draft"], deprecated: ["warn", "tri", "Deprecated"], archived: ["off", "box", "Archived"],
  ready: ["done", "check", "Ready"], waiting: ["wait", "clock", "Waiting"], held: ["run", "play", "Held"], finished: ["off", "check", "Finished"],
  enqueued: ["done", "check", "Enqueued"], caught_up: ["done", "check", "Caught up"], missed: ["warn", "tri", "Missed"],
  run: ["done", "check", "Runs"], moved: ["claim", "hand", "Moved"], overlap: ["off", "ban", "Left out: overlap"], holiday: ["off", "ban", "Left out: holiday"], blackout: ["off", "ban", "Left out: blackout"],
};
export const stateOf = (name) => STATES[name] ?? ["off", "ring", String(name ?? "").replace(/_/g, " ")];
export const ENDED = new Set(["completed", "failed", "cancelled", "timeout"]);

export function Badge({ state, big, word }) {
  const [colour, icon, text] = stateOf(state);
  return html`<span class=${`b ${colour}${big ? " big" : ""}`}><${Icon} name=${icon} spin=${state === "running"} />${word ?? text}</span>`;
}

// Text of other people: kept apart, so that its direction does not turn the page's around.
export const Foreign = ({ text }) => html`<bdi>${String(text ?? "")}</bdi>`;

export function Button({ icon, onClick, primary, danger, quiet, label, busy, disabled, children, title, type = "button" }) {
  const [running, setRunning] = useState(false);
  const press = async (event) => {
    if (!onClick || running) return;
    setRunning(true);
    try { await onClick(event); } catch (error) { toast(error.message, "fail"); } finally { setRunning(false); }
  };
  return html`<button type=${type} class=${`btn${primary ? " p" : ""}${danger ? " danger" : ""}${quiet ? " q" : ""}`} onClick=${press} aria-label=${label} title=${title ?? label} aria-busy=${running || busy ? "true" : null} disabled=${disabled || running || busy}>${icon ? html`<${Icon} name=${icon} />` : null}${children}</button>`;
}

export const Card = ({ title, note, actions, children, id, cls = "" }) => html`<section class=${`card ${cls}`} aria-label=${id ? null : title} id=${id}>
  ${title ? html`<div class="ch"><h2>${title}</h2>${note ? html`<span class="m s">${note}</span>` : null}${actions ? html`<span class="push">${actions}</span>` : null}</div>` : null}${children}</section>`;

export const Empty = ({ children }) => html`<p class="empty">${children}</p>`;

export function Trouble({ error, retry }) {
  if (!error) return null;
  const text = error.status === 403 ? "You may not see this. Ask an administrator of your organization for the permission." : error.message;
  return html`<div class="card trouble" role="alert"><${Icon} name="tri" /><p>${text}${error.requestId ? html` <span class="m s">Request ${error.requestId}</span>` : null}</p>${retry ? html`<${Button} onClick=${retry}>Try again<//>` : null}</div>`;
}

// What stands for rows until they are there: not the same as "there are none". After a while it says that it takes long.
export function Loading({ rows = 3 }) {
  const [slow, setSlow] = useState(false);
  useEffect(() => { const t = setTimeout(() => setSlow(true), 4000); return () => clearTimeout(t); }, []);
  return html`<div class="loading" role="status"><span class="sr">Loading</span>${Array.from({ length: rows }, () => html`<i></i>`)}${slow ? html`<p class="m s">This takes longer than usual.</p>` : null}</div>`;
}

export const Bar = ({ percent, colour = "run" }) => html`<svg class=${`meter ${colour}`} viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true"><rect class="bg" width="100" height="4" /><rect class="fg" width=${Math.max(0, Math.min(100, percent || 0))} height="4" /></svg>`;
export const Progress = ({ percent, colour }) => html`<span class="pg"><${Bar} percent=${percent} colour=${colour} /><span class="s m">${percent ?? 0} %</span></span>`;

// A choice of a form that keeps what a person chose, whatever is drawn again around it.
export const Choice = ({ name, first, of }) => html`<select name=${name}>${of.map(([value, word]) => html`<option value=${value} selected=${value === first}>${word}</option>`)}</select>`;

export const Head = ({ title, note, children, crumb }) => html`${crumb}<div class="head"><div class="ttl"><h1 tabindex="-1">${title}</h1>${note}</div><div class="push">${children}</div></div>`;

export function Pager({ offset, limit, total, capped, count, onPage }) {
  if (!offset && count >= (total ?? 0)) return null;
  return html`<nav class="pager" aria-label="Pages"><${Button} disabled=${!offset} onClick=${() => onPage(Math.max(0, offset - limit))}>Newer<//>
    <span class="m s">${offset + 1}–${offset + count} of ${capped ? `${total.toLocaleString()}+` : (total ?? 0).toLocaleString()}</span>
    <${Button} disabled=${offset + count >= total && !capped} onClick=${() => onPage(offset + limit)}>Older<//></nav>`;
}

export async function copy(text, what = "Copied.") {
  try { await navigator.clipboard.writeText(text); }
  catch { // no HTTPS, or not allowed: the old way
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "sr";
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  toast(what);
}
export const CopyButton = ({ text, label }) => html`<${Button} quiet icon="copy" label=${label} onClick=${() => copy(text)} />`;

// What is shown once: addresses and secrets, each to copy.
export const showSecret = (title, pairs) => dialog(title, ({ done }) => html`<div>${pairs.filter(([, v]) => v).map(([k, v]) => html`<div><h3 class="s m">${k}</h3><div class="secret"><code>${v}</code><${CopyButton} text=${v} label=${`Copy: ${k}`} /></div></div>`)}<p>Keep it now: it is not shown again.</p><div class="acts"><button type="button" class="btn p" onClick=${() => done(true)}>I have kept it</button></div></div>`, { wide: true });
