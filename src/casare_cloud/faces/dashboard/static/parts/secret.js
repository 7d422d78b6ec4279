// What is shown once: addresses and secrets, each to copy.
import { html } from "../core/ui.js";
import { CopyButton } from "./basic.js";
import { dialog } from "./dialog.js";

export const showSecret = (title, pairs) => dialog(title, ({ done }) => html`<div>${pairs.filter(([, v]) => v).map(([k, v]) => html`<div><h3 class="s m">${k}</h3><div class="secret"><code>${v}</code><${CopyButton} text=${v} label=${`Copy: ${k}`} /></div></div>`)}<p>Keep it now: it is not shown again.</p><div class="acts"><button type="button" class="btn p" onClick=${() => done(true)}>I have kept it</button></div></div>`, { wide: true });
