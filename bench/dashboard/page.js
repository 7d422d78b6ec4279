// What a person sees, with its time: which row was painted in which state, how long frames took, when the page was live.
// Runs in the page before its own scripts.
(() => {
  const painted = [], events = [], lives = [], states = new Map();
  const frames = [];
  let last = 0, newest = 0;
  window.seen = {
    take: () => ({ painted: painted.splice(0), events: events.splice(0), lives: lives.splice(0), frames: frames.splice(0) }),
    follow: (live) => live.onEvents((told) => { const at = Date.now(); for (const e of told) { events.push([e.seq, at]); newest = e.seq; } }),
    newest: () => newest,
  };
  const frame = (now) => { if (last) frames.push(now - last); last = now; requestAnimationFrame(frame); };
  requestAnimationFrame(frame);
  // A frame's callbacks run before it is painted; what is posted by one of them runs afterwards.
  const afterPaint = (f) => requestAnimationFrame(() => { const { port1, port2 } = new MessageChannel(); port1.onmessage = () => f(Date.now()); port2.postMessage(0); });
  const look = (records) => {
    const rows = new Set(), fresh = [];
    for (const { target, addedNodes } of records) {
      const element = target.nodeType === Node.ELEMENT_NODE ? target : target.parentElement;
      const row = element?.closest("tr");
      if (row) rows.add(row);
      for (const node of addedNodes) if (node.nodeType === Node.ELEMENT_NODE) for (const each of node.matches("tr") ? [node] : node.querySelectorAll("tr")) rows.add(each);
      const live = element?.closest(".live") ?? document.querySelector(".live");
      if (live && lives.at(-1)?.[0] !== live.textContent) lives.push([live.textContent, Date.now()]);
    }
    for (const row of rows) {
      const job = row.querySelector("a[data-row]")?.hash.split("/").at(-1), state = row.querySelector(".b")?.textContent;
      if (job && state && states.get(job) !== state) { states.set(job, state); fresh.push([job, state]); }
    }
    if (fresh.length) afterPaint((at) => { for (const each of fresh) painted.push([...each, at]); });
  };
  new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true });
})();
