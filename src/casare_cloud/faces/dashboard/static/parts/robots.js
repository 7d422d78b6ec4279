// What pages of robots share.
import { ago, html, Icon, link } from "../core/kit.js";
import { Foreign, stateOf } from "./basic.js";

export function robotState(r) {
  if (r.quarantined_at) return "quarantined";
  if (r.status === "offline") return "offline";
  if (r.mode !== "active") return r.mode;
  if (r.health === "error" || r.status === "error") return "error";
  if (r.deaf_since) return "deaf";
  return r.current_job_ids.length ? "busy" : r.status;
}
export const STATES_IN_ORDER = ["quarantined", "error", "deaf", "offline", "draining", "paused", "maintenance", "disabled", "busy", "idle"];
// Trouble first.
export const rank = (a, b) => STATES_IN_ORDER.indexOf(robotState(a)) - STATES_IN_ORDER.indexOf(robotState(b)) || a.name.localeCompare(b.name);

export function Tile({ robot: r }) {
  const state = robotState(r), [colour, icon, word] = stateOf(state), n = Math.min(r.max_concurrent_jobs, 16), used = r.current_job_ids.length;
  return html`<a class=${`rb ${colour}`} href=${link(["robots", r.robot_id])}><span class="x"><span><${Foreign} text=${r.name} /></span><span class="m">${used ? `${used} of ${r.max_concurrent_jobs}` : state === "offline" && r.last_seen ? ago(r.last_seen).replace(" ago", "") : ""}</span></span>
    <span class="y"><${Icon} name=${icon} /><span class="el">${word}</span></span><svg class="slots" viewBox=${`0 0 ${n * 10} 4`} width="100%" height="4" preserveAspectRatio="none" aria-hidden="true">${Array.from({ length: n }, (_, i) => html`<rect x=${i * 10} width="9" height="4" rx="1" fill=${i < used ? "var(--c-run)" : "var(--line)"} />`)}</svg></a>`;
}
