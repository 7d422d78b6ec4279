// A job's log: its newest lines at once, older ones when they are asked for, 20,000 at most; in rows of one height of which only
// those in view are drawn.
import { clockTime, get, html, Icon, useEffect, useLayoutEffect, useRef, useState } from "../core/kit.js";
import { Button, Card, copy, Empty } from "./basic.js";
import { dialog } from "./dialog.js";

const ROW = 19, HELD = 20_000, PAGE = 1000, CUT = 4000;
const LEVELS = [["debug", "Debug"], ["info", "Info"], ["warning", "Warning"], ["error", "Error"]];
const CLASS = { warning: "warn", error: "fail", critical: "fail" };
const levelOf = (line) => (line.level === "critical" ? "error" : line.level);

// read(): fetches what came since; the first time, the newest lines. older(): the lines before those that are there.
function useLines(id) {
  const [lines, setLines] = useState(null);
  const [error, setError] = useState(null);
  const kept = useRef(null);
  if (kept.current?.id !== id) kept.current = { id, lines: [], total: 0, running: false, again: false };
  const read = async () => {
    const mine = kept.current;
    if (mine.running) { mine.again = true; return; }
    mine.running = true;
    try {
      for (let more = true; more;) {
        const last = mine.lines.at(-1)?.id;
        const page = await get(`/jobs/${id}/logs`, last ? { limit: PAGE, after: last } : { limit: PAGE, order: "newest" });
        if (kept.current !== mine) return;
        mine.total += last ? page.logs.length : page.total;
        mine.lines = mine.lines.concat(last ? page.logs : page.logs.reverse()).slice(-HELD);
        setLines(mine.lines);
        more = Boolean(last) && page.logs.length === PAGE;
      }
      setError(null);
    } catch (problem) { if (kept.current === mine) setError(problem); }
    mine.running = false;
    if (mine.again) { mine.again = false; read(); }
  };
  const older = async () => {
    const mine = kept.current, page = await get(`/jobs/${id}/logs`, { limit: PAGE, order: "newest", before: mine.lines[0].id });
    if (kept.current !== mine) return;
    mine.lines = page.logs.reverse().concat(mine.lines);
    setLines(mine.lines);
  };
  useEffect(() => { setLines(null); read(); }, [id]);
  return { lines, total: kept.current.total, error, read, older };
}

export function Log({ id, bell, live }) {
  const { lines, total, error, read, older } = useLines(id);
  const [levels, setLevels] = useState({ debug: false, info: true, warning: true, error: true });
  const [text, setText] = useState("");
  const [follow, setFollow] = useState(true);
  const [top, setTop] = useState(0);
  const box = useRef(null);
  bell.current = read;
  const counts = { debug: 0, info: 0, warning: 0, error: 0 };
  for (const line of lines ?? []) counts[levelOf(line)]++;
  const words = text.toLowerCase();
  const shown = (lines ?? []).filter((l) => levels[levelOf(l)] && (!words || l.message.toLowerCase().includes(words)));
  const height = Math.min(420, Math.max(3, shown.length) * ROW + 16);
  const first = Math.max(0, Math.floor(top / ROW) - 10), last = Math.min(shown.length, Math.ceil((top + height) / ROW) + 10);
  useLayoutEffect(() => { if (follow && box.current) box.current.scrollTop = box.current.scrollHeight; }, [shown.length, follow]);
  const scrolled = () => {
    const b = box.current;
    setTop(b.scrollTop);
    const atEnd = b.scrollTop + b.clientHeight >= b.scrollHeight - 4;
    if (atEnd !== follow && (!atEnd || live)) setFollow(atEnd);
  };
  const openLine = (line) => dialog(`Log line of ${clockTime(line.timestamp, true)}`, () => html`<pre class="whole" tabindex="0"><bdi>${line.message}</bdi></pre>
    ${line.extra ? html`<pre class="whole"><bdi>${JSON.stringify(line.extra, null, 2)}</bdi></pre>` : null}<p class="m s">${line.level}${line.node_id ? html` · node <bdi>${line.node_id}</bdi>` : null} · attempt ${line.attempt}</p>`, { wide: true });
  return html`<${Card} title="Log" note=${lines ? `${lines.length < total ? `the newest ${lines.length.toLocaleString()} of ` : ""}${total.toLocaleString()} line${total === 1 ? "" : "s"}` : ""} actions=${html`
      <button type="button" class="btn q" aria-label="Copy the lines shown" title="Copy the lines shown" onClick=${() => copy(shown.map((l) => `${l.timestamp} ${l.level} ${l.message}`).join("\n"))}><${Icon} name="copy" /></button>
      <button type="button" class="btn" aria-pressed=${follow ? "true" : "false"} onClick=${() => setFollow(!follow)}><${Icon} name="chev" />Follow</button>`}>
    <div class="tool"><span class="chips" role="group" aria-label="Levels">${LEVELS.map(([k, word]) => html`<button type="button" class="chip" aria-pressed=${levels[k] ? "true" : "false"} onClick=${() => setLevels({ ...levels, [k]: !levels[k] })}>${word} ${counts[k].toLocaleString()}</button>`)}</span>
      ${lines && lines.length < Math.min(total, HELD) ? html`<${Button} onClick=${() => { setFollow(false); return older(); }}>Older lines<//>` : null}
      <input class="find" type="search" placeholder="Find in the log" aria-label="Find in the log" value=${text} onInput=${(e) => setText(e.target.value)} /></div>
    ${error ? html`<${Empty}>${error.message}<//>` : null}
    ${lines && !shown.length ? html`<${Empty}>${lines.length ? "No line of these levels holds that text." : live ? "Nothing is written yet. What the robot writes comes here at once." : "The robot has written nothing."}<//>` : null}
    ${shown.length ? html`<div class="logs" role="log" aria-live="off" aria-label="Log lines" tabindex="0" ref=${box} onScroll=${scrolled} style=${{ height: `${height}px` }}>
      <div class="pad" style=${{ height: `${shown.length * ROW}px` }}>${shown.slice(first, last).map((l, i) => html`<div key=${l.id} class=${`row ${CLASS[l.level] ?? ""}`} style=${{ top: `${(first + i) * ROW}px` }} onClick=${() => openLine(l)}>
        <time datetime=${l.timestamp} title=${l.timestamp}>${clockTime(l.timestamp, true)}</time><span class="lv">${l.level === "warning" ? "warn" : l.level}</span><span class="msg"><bdi>${l.message.slice(0, CUT)}</bdi></span></div>`)}</div></div>` : null}<//>`;
}
