// Questions before what cannot be undone, forms, and short words about what was done.
import { html, Icon, signal, useEffect, useRef, useState } from "../core/ui.js";

const open = signal(null);
const toasts = signal([]);

// Shows body({ done, busy }) in a dialog; the promise gets what it was closed with, undefined when it was left.
export const dialog = (title, body, options = {}) => new Promise((resolve) => { leave(); open.value = { title, body, resolve, options }; });
const leave = () => { const shown = open.value; open.value = null; shown?.resolve(); };
// On another page a question would be about what is no longer seen; what is shown once stays.
const address = () => location.hash.split("?")[0];
let before = address();
addEventListener("hashchange", () => { if (before !== address() && !open.value?.options.once && !document.querySelector("dialog [aria-busy=true]")) leave(); before = address(); });

// A form in a dialog: send(fields, form) does it; what the service says against it is shown, and the form stays as it was written.
// more: { label, value } of a button that sends that value instead.
export const ask = (title, fields, action, send, { danger = false, wide = false, more } = {}) => dialog(title, ({ done }) => {
  const [error, setError] = useState(""), [busy, setBusy] = useState(false);
  const attempt = async (f) => { setBusy(true); try { done(await f()); } catch (problem) { setError(problem.message); setBusy(false); } };
  const submit = (event) => { event.preventDefault(); attempt(() => send(Object.fromEntries(new FormData(event.target)), event.target)); };
  return html`<form onSubmit=${submit}>${fields}${error ? html`<p class="bad" role="alert">${error}</p>` : null}<div class="acts">${more ? html`<button type="button" class="btn" disabled=${busy} onClick=${() => attempt(more.send)}>${more.label}</button>` : null}<button type="button" class="btn" disabled=${busy} onClick=${() => done()}>Leave it</button><button class=${danger ? "btn danger" : "btn p"} disabled=${busy} aria-busy=${busy ? "true" : null}>${busy ? "Working…" : action}</button></div></form>`;
}, { wide });

export const confirm = ({ title, text, action, danger = true, reason = false, run }) =>
  ask(title, html`<p>${text}</p>${reason ? html`<label>Reason (others see it)<input name="reason" maxlength="500" /></label>` : null}`, action, async (f) => (await run?.(f.reason?.trim() || undefined)) ?? true, { danger });

export function toast(text, kind = "done") {
  const one = { id: Symbol(text), text, kind };
  toasts.value = [...toasts.value.slice(-3), one];
  setTimeout(() => { toasts.value = toasts.value.filter((t) => t !== one); }, kind === "fail" ? 9000 : 4000);
}

export function Overlays() {
  const shown = open.value;
  return html`<div class="toasts" role="status" aria-live="polite">${toasts.value.map((t) => html`<p key=${t.id} class=${t.kind}><${Icon} name=${t.kind === "fail" ? "tri" : "check"} />${t.text}</p>`)}</div>
    ${shown ? html`<${Window} key=${shown.title} ...${shown} />` : null}`;
}

function Window({ title, body: Body, resolve, options }) {
  const box = useRef(null);
  const done = (value) => { if (open.value?.resolve === resolve) open.value = null; resolve(value); };
  // While the service is asked, the answer is waited for: it may be a key that is shown once.
  const close = () => { if (!box.current.querySelector("[aria-busy=true]")) done(); };
  useEffect(() => {
    const back = document.activeElement;
    box.current.showModal();
    return () => back?.focus?.();
  }, []);
  return html`<dialog ref=${box} aria-labelledby="dialog-title" class=${options.wide ? "wide" : ""} onCancel=${(e) => { e.preventDefault(); close(); }} onClick=${(e) => { if (e.target === box.current && !options.once && !box.current.querySelector("form")) close(); }}>
    <div class="dlg"><div class="dh"><h2 id="dialog-title">${title}</h2><button type="button" class="btn q" aria-label="Close" onClick=${close}><${Icon} name="close" /></button></div><${Body} done=${done} /></div></dialog>`;
}
