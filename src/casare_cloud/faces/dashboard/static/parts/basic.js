// Small parts that every page is made of.
import { can, html, Icon, link, Time, useEffect, useRef, useState } from "../core/kit.js";
import { dialog, toast } from "./dialog.js";

// status → (colour, icon, word); a word that is not there is the status itself, with a capital.
const done = ["done", "check"], wait = ["wait", "clock"], fail = ["fail", "cross"], off = ["off", "ban"], pause = ["warn", "pause"], warn = ["warn", "tri"], run = ["run", "play"];
export const STATES = {
  __proto__: null,
  pending: [...wait, "Waiting"], queued: [...wait, "Waiting"], scheduled: wait, claimed: ["claim", "hand"], running: run, completed: done, failed: fail, timeout: ["time", "glass", "Timed out"], cancelled: off,
  blocked: warn, idle: ["done", "ring"], busy: run, offline: ["off", "dash"], error: fail, quarantined: ["fail", "shield"], draining: pause, paused: pause, maintenance: pause, disabled: off,
  deaf: ["warn", "ear"], active: done, enabled: done, revoked: off, expired: ["warn", "clock"], accepted: done, duplicate: ["off", "copy"], filtered: off, rejected: fail, limited: pause,
  published: done, draft: ["wait", "edit"], deprecated: warn, archived: ["off", "box"], ready: done, waiting: wait, held: run, finished: ["off", "check"], enqueued: done, caught_up: done, missed: warn,
  run: [...done, "Runs"], moved: ["claim", "hand"], overlap: [...off, "Left out: overlap"], holiday: [...off, "Left out: holiday"], blackout: [...off, "Left out: blackout"],
};
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1).replace(/_/g, " ");
export const stateOf = (name) => { const [colour, icon, word] = STATES[name] ?? ["off", "ring"]; return [colour, icon, word ?? capital(String(name ?? ""))]; };
export const ENDED = new Set(["completed", "failed", "cancelled", "timeout"]);
export const plural = (n, one, many = one + "s") => `${n.toLocaleString()} ${n === 1 ? one : many}`;

export function Badge({ state, big, word }) {
  const [colour, icon, text] = stateOf(state);
  return html`<span class=${`b ${colour}${big ? " big" : ""}`}><${Icon} name=${icon} spin=${state === "running"} />${word ?? text}</span>`;
}

// Text of other people: kept apart, so that its direction does not turn the page's around.
export const Foreign = ({ text }) => html`<bdi>${String(text ?? "")}</bdi>`;
// A link to a page of a thing; in a row, what the keys go to.
export const To = ({ path, query, row, text, cls }) => html`<a class=${cls ?? (row ? null : "l")} data-row=${row} href=${link(path, query)}><${Foreign} text=${text} /></a>`;

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

// --- forms and filters ---
export const Field = ({ label, ...more }) => html`<label>${label}<input ...${more} /></label>`;
export const Json = ({ label, ...more }) => html`<label>${label}<textarea class="mono" spellcheck="false" ...${more}></textarea></label>`;
// A choice of a form that keeps what a person chose, whatever is drawn again around it.
export const Choice = ({ label, first, of, ...more }) => html`<label>${label}<select ...${more}>${of.map(([value, word]) => html`<option value=${value} selected=${value === first}>${word}</option>`)}</select></label>`;
export const namesOf = (workflows) => workflows.map((w) => [w.workflow_id, w.workflow_name]);
export const Pick = ({ label, of, value = "", set }) => html`<select aria-label=${label} value=${value} onChange=${(e) => set(e.target.value)}>${of.map(([k, word]) => html`<option value=${k}>${word}</option>`)}</select>`;
export const Chips = ({ label, of, value = "", set }) => html`<span class="chips" role="group" aria-label=${label}>${of.map(([k, word]) => html`<button type="button" class="chip" aria-pressed=${String(value === k)} onClick=${() => set(k)}>${word}</button>`)}</span>`;
// A text that one writes: it counts when one stops or leaves.
export function Find({ label, hint = label, value = "", set }) {
  const [text, setText] = useState(value), timer = useRef(0), own = useRef(value);
  useEffect(() => { if (value !== own.current) setText((own.current = value)); }, [value]); // not what was written here: one may have gone on
  useEffect(() => () => clearTimeout(timer.current), []);
  const keep = (e) => { const now = e.target.value; setText(now); clearTimeout(timer.current); timer.current = setTimeout(() => set((own.current = now.trim())), e.type === "change" ? 0 : 350); };
  return html`<input type="search" aria-label=${label} placeholder=${hint} maxlength="255" value=${text} onInput=${keep} onChange=${keep} />`;
}

// --- pages ---
export const Head = ({ title, note, children, crumb }) => html`${crumb}<div class="head"><div class="ttl"><h1 tabindex="-1">${title}</h1>${note}</div><div class="push">${children}</div></div>`;
export const Count = ({ n }) => (n === undefined || n === null ? null : html`<span class="m">${n.toLocaleString()}</span>`);
export const Crumb = ({ to, word, id, what, children }) => html`<nav class="crumb" aria-label="Where you are"><a class="l" href=${link([to])}>${word}</a>${id ? "/" : null}${id ? html`<span class="mono"><bdi>${id}</bdi></span><${CopyButton} text=${id} label=${`Copy the ${what}'s id`} />` : null}${children}</nav>`;
// The page of a thing that is not there yet, or not at all.
export const Absent = ({ crumb, what, of }) => html`<${Head} crumb=${crumb} title=${of.error?.status === 404 ? `There is no such ${what}` : capital(what)} />${of.error ? html`<${Trouble} error=${of.error} retry=${of.reload} />` : html`<${Loading} rows=${6} />`}`;
export const Facts = ({ title = "Facts", of, children }) => html`<${Card} title=${title}><dl>${of.filter(([, v]) => v !== null && v !== undefined && v !== "" && v !== false).map(([k, v]) => html`<dt>${k}</dt><dd>${typeof v === "string" ? html`<bdi>${v}</bdi>` : v}</dd>`)}</dl>${children}<//>`;
export const Fact = ({ at, relative }) => html`<${Time} at=${at} relative=${relative} fact />`;

// A workflow whose name does not come: it is deleted, or the viewer may not read workflows.
export const unnamed = () => (can("workflows.read") ? "a deleted workflow" : "a workflow");

// --- lists ---
const MANY = 80, DRAWN = 60, HEIGHT = 39;
const isSmall = () => matchMedia("(max-width:760px)").matches;

// Rows of a table. cols: [word, classes of the head, (row) => cell, classes of the cell]; a word "" heads what one can do. of: what
// useQuery answered. pick: { of: Set, set, id(row), name(row), all } for rows that are selected. Of many rows only those in view are
// drawn; on a small screen, where rows are of any height, the first ones and a button.
export function List({ caption, of = {}, rows = [], cols, empty, id, cls = "free", pick, mark, wait = 5 }) {
  const box = useRef(null), [at, setAt] = useState(0), many = rows.length > MANY, small = many && isSmall();
  useEffect(() => {
    if (!many || small) return undefined;
    let frame = 0;
    const look = () => { cancelAnimationFrame(frame); frame = requestAnimationFrame(() => { if (box.current) setAt(Math.max(0, Math.floor(-box.current.getBoundingClientRect().top / HEIGHT / 10) * 10 - 10)); }); };
    addEventListener("scroll", look, { passive: true });
    look();
    return () => { cancelAnimationFrame(frame); removeEventListener("scroll", look); };
  }, [many, small]);
  if (!rows.length) return html`<${Trouble} error=${of.error} retry=${of.reload} />${of.loading ? html`<${Loading} rows=${wait} />` : of.error && !of.data ? null : html`<${Empty}>${empty}<//>`}`;
  const shown = cols.filter(Boolean), from = many && !small ? Math.min(at, rows.length - DRAWN) : 0, drawn = many ? rows.slice(from, from + DRAWN + (small ? at : 0)) : rows;
  const gap = (n) => (n > 0 && !small ? html`<tr class="gap" aria-hidden="true" style=${{ height: `${n * HEIGHT}px` }}></tr>` : null);
  const ids = pick ? rows.map(pick.id) : [];
  return html`<${Trouble} error=${of.error} retry=${of.reload} /><table class=${`tbl ${cls}`} ref=${box} aria-rowcount=${many ? rows.length + 1 : null}><caption class="sr">${caption}</caption><thead><tr>${pick ? html`<th class="w-x"><input type="checkbox" aria-label=${pick.all} checked=${ids.every((k) => pick.of.has(k))} onChange=${(e) => pick.set(new Set(e.target.checked ? ids : []))} /></th>` : null}${shown.map(([word, width]) => html`<th class=${width}>${word || html`<span class="sr">Acts</span>`}</th>`)}</tr></thead>
    <tbody>${gap(from)}${drawn.map((row, i) => html`<${Line} key=${id?.(row) ?? i} row=${row} cols=${shown} pick=${pick} mark=${mark?.(row)} index=${many ? from + i + 2 : null} />`)}${gap(rows.length - from - drawn.length)}</tbody></table>${small && drawn.length < rows.length ? html`<button type="button" class="more" onClick=${() => setAt(at + DRAWN)}>${rows.length - drawn.length} more</button>` : null}`;
}
function Line({ row, cols, pick, mark, index }) {
  const key = pick?.id(row), has = pick?.of.has(key);
  const turn = () => { const next = new Set(pick.of); if (!next.delete(key)) next.add(key); pick.set(next); };
  return html`<tr class=${has || mark ? "sel" : ""} aria-rowindex=${index}>${pick ? html`<td class="c-x"><input type="checkbox" checked=${has} onChange=${turn} aria-label=${pick.name(row)} /></td>` : null}${cols.map(([word, , draw, look]) => html`<td class=${look} data-h=${word}>${draw(row)}</td>`)}</tr>`;
}
export const Picked = ({ n, what, children, none }) => (n ? html`<div class="tool picked" role="group" aria-label=${`With the selected ${what}`}><b>${n.toLocaleString()} selected</b>${children}<${Button} quiet onClick=${none}>Select none<//></div>` : null);

export function Pager({ offset, limit, total = 0, count, onPage }) {
  if (!offset && count >= total) return null;
  return html`<nav class="pager" aria-label="Pages"><${Button} disabled=${!offset} onClick=${() => onPage(Math.max(0, offset - limit) || "")}>Newer<//>
    <span class="m s">${offset + 1}–${offset + count} of ${total.toLocaleString()}</span>
    <${Button} disabled=${offset + count >= total} onClick=${() => onPage(offset + limit)}>Older<//></nav>`;
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
export const CopyButton = ({ text, label }) => html`<${Button} quiet icon="copy" label=${label} onClick=${() => copy(typeof text === "function" ? text() : text)} />`;
// Text to copy as it stands, with its name over it.
export const Whole = ({ name, text }) => html`<div><div class="dh"><h3 class="s">${name}</h3><${CopyButton} text=${text} label=${`Copy as ${name}`} /></div><pre class="whole" tabindex="0"><bdi>${text}</bdi></pre></div>`;

// What is shown once: addresses and secrets, each to copy.
export const showSecret = (title, pairs) => dialog(title, ({ done: close }) => html`<div>${pairs.filter(([, v]) => v).map(([k, v]) => html`<div><h3 class="s m">${k}</h3><div class="secret"><code>${v}</code><${CopyButton} text=${v} label=${`Copy: ${k}`} /></div></div>`)}<p>Keep it now: it is not shown again.</p><div class="acts"><button type="button" class="btn p" onClick=${() => close(true)}>I have kept it</button></div></div>`, { wide: true, once: true });
