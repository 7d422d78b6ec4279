// Keys: `/` search, `?` help, `g` and a letter to a page, `j` `k` rows, Esc back. They can be turned off.
import { signal } from "./ui.js";
import { go } from "./router.js";

export const PAGES = { o: [], j: ["jobs"], r: ["robots"], w: ["workflows"], s: ["schedules"], t: ["triggers"], d: ["dlq"], e: ["events"] };
export const areOn = signal(localStorage.getItem("casare.keys") !== "off");
export const turn = (on) => { areOn.value = on; localStorage.setItem("casare.keys", on ? "on" : "off"); };

let leader = 0;
export function listen(help) {
  addEventListener("keydown", (event) => {
    if (!areOn.value || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const typing = event.target.closest("input,textarea,select,[contenteditable]");
    if (document.querySelector("dialog[open]")) return;
    if (typing) { if (event.key === "Escape") typing.blur(); return; }
    const key = event.key;
    if (leader && Date.now() - leader < 1500 && PAGES[key]) { leader = 0; event.preventDefault(); go(PAGES[key]); return; }
    leader = key === "g" ? Date.now() : 0;
    if (key === "/") { event.preventDefault(); document.querySelector("#search")?.focus(); }
    else if (key === "?") help();
    else if (key === "j" || key === "k") step(key === "j" ? 1 : -1);
  });
}

function step(by) {
  const rows = [...document.querySelectorAll("main a[data-row]")];
  if (!rows.length) return;
  const at = rows.indexOf(document.activeElement);
  rows[Math.min(rows.length - 1, Math.max(0, at + by))].focus();
}
