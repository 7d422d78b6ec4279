// Rows that a page shows: read when it comes, read again when something happens that it cares about, and kept on the
// screen while that goes on. Lists may be read a hundred times a minute from one address, so reloads keep a distance.
import { useEffect, useRef, useState } from "./ui.js";
import { onEvents, onReload, state } from "./live.js";

const RECONCILE = 30_000, POLL = 8_000;

// key: what is asked for, as a string; load(abort): the answer; on(event): whether an event changes it; distance: the
// least milliseconds between two readings; apply(data, events): the data
// after events, which a reading that was under way may not have.
export function useQuery(key, load, { on, apply, distance = 3000, every = RECONCILE } = {}) {
  const [shown, show] = useState({ key: null, data: null, error: null });
  const kept = useRef({});
  kept.current.load = load;
  kept.current.on = on;
  kept.current.apply = apply;
  useEffect(() => {
    if (key === null) return undefined;
    const abort = new AbortController();
    let last = 0, timer = 0, running = false, pending = false, meanwhile = [];
    const read = async () => {
      timer = 0;
      if (document.hidden) return; // it reads when it is shown
      if (running) { pending = true; return; }
      running = true;
      last = Date.now();
      meanwhile = [];
      try {
        let data = await kept.current.load(abort.signal);
        if (meanwhile.length) data = kept.current.apply(data, meanwhile);
        if (!abort.signal.aborted) show({ key, data, error: null });
      } catch (error) {
        if (abort.signal.aborted) return;
        if (error.retryAfter) last = Date.now() + error.retryAfter * 1000;
        show((before) => ({ key, data: before.key === key ? before.data : null, error }));
      } finally { running = false; }
      if (pending) { pending = false; soon(); }
    };
    const soon = () => { if (!timer && !abort.signal.aborted) timer = setTimeout(read, Math.max(0, last + distance - Date.now())); };
    kept.current.reload = () => { clearTimeout(timer); return read(); };
    kept.current.touch = () => { if (running) pending = true; };
    const stops = [
      onEvents((events) => {
        if (kept.current.apply) {
          if (running) meanwhile.push(...events);
          show((before) => (before.key === key && before.data ? { ...before, data: kept.current.apply(before.data, events) } : before));
        }
        if (kept.current.on && events.some((e) => kept.current.on(e))) soon();
      }),
      onReload(soon),
    ];
    const tick = setInterval(() => { if (!document.hidden && Date.now() - last > (state.value === "live" ? every : POLL)) soon(); }, 2000);
    const visible = () => { if (!document.hidden) soon(); };
    document.addEventListener("visibilitychange", visible);
    read();
    return () => { abort.abort(); clearTimeout(timer); clearInterval(tick); stops.forEach((f) => f()); document.removeEventListener("visibilitychange", visible); };
  }, [key]);
  const isThis = shown.key === key;
  return {
    data: isThis ? shown.data : null,
    error: isThis ? shown.error : null,
    loading: !isThis,
    reload: () => kept.current.reload?.(),
    // What was told while a reading is under way may not be in it: it is read once more.
    set: (change) => { kept.current.touch?.(); show((before) => (before.key === key && before.data ? { ...before, data: change(before.data) } : before)); },
  };
}
export const ofJobs = (e) => e.event_type.startsWith("job.");
export const ofRobots = (e) => e.event_type.startsWith("robot.");
