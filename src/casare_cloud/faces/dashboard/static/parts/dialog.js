// Questions before what cannot be undone, forms, and short words about what was done.
import { html, Icon, signal, useEffect, useRef, useState } from "../core/ui.js";

const open = signal(null);
const toasts = signal([]);

// Shows body({ done, busy }) in a dialog; the promise gets what it was closed with, undefined when it was left.
export const dialog = (title, body, options = {}) => new Promise((resolve) => { open.value = { title, body, resolve, options }; });

// A form in a dialog: send(fields, form) does it; what the service says against it is shown, and the form stays as it was written.
// more: { label, value } of a button that sends that value instead.
export const ask = (title, fields, action, send, { danger = false, wide = false, more } = {}) => dialog(title, ({ done }) => {
  const [error, setError] = useState(""), [busy, setBusy] = useState(false);
  const attempt = async (f) => { setBusy(true); try { done(await f()); } catch (problem) { setError(problem.message); setBusy(false); } };
  const submit = (event) => { event.preventDefault(); attempt(() => send(Object.fromEntries(new FormData(event.target)), event.target)); };
  return html`<form onSubmit=${submit}>${fields}${error ? html`<p class="bad" role="alert">${error}</p>` : null}<div class="acts">${more ? html`<button type="button" class="btn" onClick=${() => attempt(more.send)}>${more.label}</button>` : null}<button type="button" class="btn" onClick=${() => done()}>Leave it</button><button class=${danger ? "btn danger" : "btn p"} disabled=${busy}>${busy ? "Working…" : action}</button></div></form>`;
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
  const done = (value) => { open.value = null; resolve(value); };
  useEffect(() => {
    const back = document.activeElement;
    box.current.showModal();
    return () => back?.focus?.();
  }, []);
  return html`<dialog ref=${box} aria-labelledby="dialog-title" class=${options.wide ? "wide" : ""} onCancel=${(e) => { e.preventDefault(); done(); }} onClick=${(e) => { if (e.target === box.current) done(); }}>
    <div class="dlg"><div class="dh"><h2 id="dialog-title">${title}</h2><button type="button" class="btn q" aria-label="Close" onClick=${() => done()}><${Icon} name="close" /></button></div><${Body} done=${done} /></div></dialog>`;
}
