// Keys: `/` search, `?` help, `g` and a letter to a page, `j` `k` rows, `x` selects one, `u` UTC, Esc back, and those of the page. They can be turned off.
import { signal, useEffect, useRef } from "./ui.js";
import { go } from "./router.js";
import { inUtc } from "./time.js";

export const PAGES = { o: [], j: ["jobs"], r: ["robots"], w: ["workflows"], s: ["schedules"], t: ["triggers"], d: ["dlq"], e: ["events"] };
export const areOn = signal(localStorage.getItem("casare.keys") !== "off");
export const turn = (on) => { areOn.value = on; localStorage.setItem("casare.keys", on ? "on" : "off"); };

// What keys do on the page that is shown: { c: (row) => …, "[": … }; row is the address that the row with the focus leads to.
let own = null;
export function useKeys(keys) {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => { own = latest; return () => { if (own === latest) own = null; }; }, []);
}

const row = () => document.activeElement?.closest?.("main tr");
let leader = 0;
export function listen(help) {
  addEventListener("keydown", (event) => {
    if (!areOn.value || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || document.querySelector("dialog[open]")) return;
    const key = event.key;
    if (event.target.closest("textarea,select,[contenteditable],input:not([type=checkbox])")) { if (key === "Escape") event.target.blur(); return; }
    if (leader && Date.now() - leader < 1500 && PAGES[key]) { leader = 0; event.preventDefault(); go(PAGES[key]); return; }
    leader = key === "g" ? Date.now() : 0;
    if (key === "/") { event.preventDefault(); document.querySelector("#search")?.focus(); }
    else if (key === "?") help();
    else if (key === "j" || key === "k") step(key === "j" ? 1 : -1);
    else if (key === "x") row()?.querySelector("input[type=checkbox]")?.click();
    else if (key === "u") inUtc.value = !inUtc.value;
    else if (key === "Escape") document.querySelector("main .crumb a")?.click();
    else own?.current?.[key]?.(row()?.querySelector("a[data-row]")?.getAttribute("href"));
  });
}

function step(by) {
  const rows = [...document.querySelectorAll("main a[data-row]")];
  if (!rows.length) return;
  const at = rows.indexOf(row()?.querySelector("a[data-row]") ?? document.activeElement);
  rows[Math.min(rows.length - 1, Math.max(0, at + by))].focus();
}
