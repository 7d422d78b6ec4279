// What happens in the tenant, as it happens: a bell over Realtime says that there are events, `GET /events?after=` has them,
// and again 250 ms after the last bell, after each join, and with each watch. So nothing is missed whatever is lost (docs/live.md). A hidden page closes its socket and asks for nothing.
import { batch, effect, signal } from "./ui.js";
import { call, get, onNewToken, supabase, token } from "./api.js";
import { Realtime } from "./realtime.js";
import { can } from "./session.js";

const AGAIN = 250, PAGE = 1000, MOST = 5000, POLL = 5000;

export const state = signal("off"); // off, connecting, live, lost, polling, hidden
export const changedAt = signal(Date.now());
export const lastEventAt = signal(null);
export const overview = signal(null);

const handlers = new Set(), reloaders = new Set();
let realtime = null, cursor = null, leave = null, saying = 0, later = 0, fetching = null, again = false, queue = [], frame = 0, stops = [];

// f(events) gets what happened since it was called last, in order, once per frame at most.
export const onEvents = (f) => (handlers.add(f), () => handlers.delete(f));
// f() is called when there were too many events to say them one by one: what is shown is to be read anew.
export const onReload = (f) => (reloaders.add(f), () => reloaders.delete(f));

function become(next) {
  if (state.value === next) return;
  if (next === "connecting" && state.value === "lost") return;
  state.value = next;
  changedAt.value = Date.now();
}

export function start() {
  if (realtime) return;
  realtime = new Realtime(supabase.url, supabase.key, token, (s) => {
    if (s === "live") become("live");
    else if (s === "lost" && state.value !== "polling") become("lost");
  });
  stops = [onNewToken((t) => realtime?.renew(t))];
  const visibility = () => (document.hidden ? hide() : show());
  document.addEventListener("visibilitychange", visibility);
  stops.push(() => document.removeEventListener("visibilitychange", visibility));
  if (!document.hidden) show();
}

export function stop() {
  clearTimeout(saying);
  cancelAnimationFrame(frame);
  for (const f of stops) f();
  realtime?.stop();
  realtime = leave = cursor = null;
  queue = []; frame = 0;
  overview.value = null;
  become("off");
}

export const retryNow = () => { realtime?.now(); clearTimeout(saying); say(); };

function hide() { clearTimeout(saying); realtime.stop(); become("hidden"); }

function show() {
  if (!can("events.read")) { become("off"); return; }
  become("connecting");
  realtime.start();
  say();
}

// Says that somebody watches, again before that ends, and fetches what happened meanwhile.
async function say() {
  const mine = realtime;
  let seconds = 2;
  try {
    const watch = await call("POST", "/watches", { body: {} });
    if (mine !== realtime || document.hidden) return;
    cursor ??= watch.after;
    if (watch.pushes === "off") { become("polling"); realtime.stop(); seconds = POLL / 1000; }
    else {
      seconds = watch.renew_after_seconds;
      leave ??= realtime.join(watch.topic, push, fetchEvents);
    }
    fetchEvents();
  } catch (error) {
    if (mine !== realtime) return;
    if (error.status === 0) become("lost");
    seconds = error.retryAfter || 2;
  }
  clearTimeout(saying);
  saying = setTimeout(say, seconds * 1000);
}

function push(event, payload) {
  if (event === "overview") overview.value = payload;
  else if (event === "changed") { fetchEvents(); clearTimeout(later); later = setTimeout(fetchEvents, AGAIN); }
}

export async function fetchEvents() {
  if (cursor === null) return;
  if (fetching) { again = true; return; }
  fetching = (async () => {
    const mine = realtime;
    let taken = 0;
    try {
      for (;;) {
        const page = await get("/events", { after: cursor, limit: PAGE });
        if (mine !== realtime) return; // it is of the organization that one has left
        cursor = Math.max(cursor, Number(page.next ?? cursor));
        if (page.events.length) lastEventAt.value = Date.now();
        queue.push(...page.events);
        taken += page.events.length;
        if (page.events.length < PAGE) break;
        if (taken >= MOST) { await leap(); break; }
      }
    } catch { /* the next bell, or the next time that we say that we watch, fetches again */ }
    if (queue.length && !frame) frame = requestAnimationFrame(deliver);
  })();
  await fetching;
  fetching = null;
  if (again) { again = false; fetchEvents(); }
}

// So much was missed that reading everything anew is less than reading what happened.
async function leap() {
  const mine = realtime, watch = await call("POST", "/watches", { body: {} });
  if (mine !== realtime) return;
  cursor = watch.after;
  queue = [];
  for (const f of reloaders) f();
}

function deliver() {
  frame = 0;
  const events = queue;
  queue = [];
  batch(() => { for (const f of handlers) f(events); });
}

// Watches one job: handlers.push(event, payload) and handlers.joined(). Returns how to stop.
export function watchJob(id, { push: onPush, joined }) {
  let timer = 0, out = null, ended = false;
  const sayJob = async () => {
    let seconds = 5;
    try {
      const watch = await call("POST", "/watches", { body: { job_id: id } });
      seconds = watch.renew_after_seconds;
      if (!ended && watch.pushes !== "off" && realtime) out ??= realtime.join(watch.topic, onPush, joined);
    } catch (error) { seconds = error.retryAfter || 5; }
    if (!ended) timer = setTimeout(sayJob, seconds * 1000);
  };
  const follow = effect(() => { if (state.value === "live" || state.value === "connecting") { if (!timer) { timer = 1; sayJob(); } } });
  return () => { ended = true; follow(); clearTimeout(timer); out?.(); };
}
