// A value of JSON as a tree that opens and closes, with its text to copy. Long lists and texts open in parts.
import { html, toJson, useState } from "../core/kit.js";
import { CopyButton } from "./basic.js";

const PART = 100, TEXT = 2000;

export function Tree({ value, label }) {
  return html`<div class="tree" role="group" aria-label=${label}><${Value} value=${value} depth=${0} /></div>`;
}
export const TreeCopy = ({ value, label }) => html`<${CopyButton} text=${toJson(value, 2)} label=${label} />`;

function Value({ name, value, depth }) {
  const [shown, show] = useState(PART);
  const [open, setOpen] = useState(depth < 1);
  const key = name === undefined ? null : html`<span class="k"><bdi>${name}</bdi></span>: `;
  if (value === null || typeof value !== "object") return html`<div class="leaf">${key}<${Leaf} value=${value} /></div>`;
  const entries = Array.isArray(value) ? value.map((v, i) => [i, v]) : Object.entries(value);
  const size = Array.isArray(value) ? `[ ${entries.length} ]` : `{ ${entries.length} }`;
  if (!entries.length) return html`<div class="leaf">${key}<span class="m">${size}</span></div>`;
  return html`<details open=${open} onToggle=${(e) => setOpen(e.currentTarget.open)}><summary>${key}<span class="m">${size}</span></summary>
    ${open ? entries.slice(0, shown).map(([k, v]) => html`<${Value} key=${k} name=${k} value=${v} depth=${depth + 1} />`) : null}
    ${open && entries.length > shown ? html`<button type="button" class="more" onClick=${() => show(shown + 5 * PART)}>${entries.length - shown} more</button>` : null}</details>`;
}

function Leaf({ value }) {
  const [whole, setWhole] = useState(false);
  if (typeof value !== "string") return html`<span class="nu">${String(value)}</span>`;
  const cut = !whole && value.length > TEXT;
  return html`<span class="st">"<bdi>${cut ? value.slice(0, TEXT) : value}</bdi>"</span>${cut ? html` <button type="button" class="more" onClick=${() => setWhole(true)}>show all ${value.length.toLocaleString()} characters</button>` : null}`;
}
