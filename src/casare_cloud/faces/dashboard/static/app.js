// The frame around every page: who one is, where one may go, whether what one sees is live.
import { can, clockTime, Component, effect, enter, forget, get, go, hasEnded, html, Icon, isSignedIn, link, loadMe, me, ofJobs, render, route, signal, signIn, signOut, tenantName, tenants, token, useEffect, useQuery, useRef, useState, useTitle } from "./core/kit.js";
import * as live from "./core/live.js";
import { ORGANIZATION, PAGES, pageOf } from "./core/nav.js";
import { areOn, listen, turn } from "./core/keys.js";
import { Button, Foreign, Head, Loading, Trouble } from "./parts/basic.js";
import { dialog, Overlays, toast } from "./parts/dialog.js";

// --- theme: the system's, or the one that was chosen ---
const theme = signal(localStorage.getItem("casare.theme") ?? "");
effect(() => { if (theme.value) document.documentElement.dataset.theme = theme.value; else delete document.documentElement.dataset.theme; });
function turnTheme() {
  const dark = theme.value ? theme.value === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  theme.value = dark ? "light" : "dark";
  localStorage.setItem("casare.theme", theme.value);
}

const Logo = () => html`<svg viewBox="0 0 22 22" fill="none" stroke="currentColor" stroke-width="2.2" stroke-linecap="round" aria-hidden="true"><path d="M17.5 6.2A8 8 0 1 0 17.5 15.8"/><circle cx="11" cy="11" r="2.6" fill="currentColor" stroke="none"/><path d="M13.6 11H20"/></svg>`;

function SignIn() {
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  useEffect(() => { document.title = "Sign in · Casare Cloud"; }, []);
  const submit = async (event) => {
    event.preventDefault();
    const form = new FormData(event.target);
    setBusy(true);
    setError("");
    try { await signIn(form.get("username").trim(), form.get("password")); }
    catch (problem) { setError(problem.message + (problem.retryAfter ? ` Try again in ${problem.retryAfter} s.` : "")); setBusy(false); }
  };
  return html`<main class="login"><form class="card" onSubmit=${submit}><div class="logo"><${Logo} /><span>Casare Cloud</span></div><h1>Sign in</h1>
    <label>User name or e-mail<input name="username" autocomplete="username" required autofocus spellcheck="false" autocapitalize="none" /></label>
    <label>Password<input name="password" type="password" autocomplete="current-password" required /></label>
    ${error || hasEnded.value ? html`<p class="bad" role="alert">${error || "Your session has ended."}</p>` : null}
    <button class="btn p" disabled=${busy}>${busy ? "Signing in…" : "Sign in"}</button>
    <p class="m s">On a stack that <code>casare-cloud up</code> started, the demo user's name and password are in <code>.casare/env</code>.</p></form></main>`;
}

function Live() {
  const s = live.state.value;
  if (s === "live") return html`<span class="push live" title=${`Connected since ${clockTime(live.changedAt.value)}.${live.lastEventAt.value ? ` Last event ${clockTime(live.lastEventAt.value)}.` : ""}`}><span class="dot"></span>Live</span>`;
  const word = { connecting: "Connecting", polling: "Every 5 s", lost: "Not live", hidden: "Paused", off: "Not live" }[s];
  return html`<span class=${`push live ${s === "lost" ? "warn ic" : "off ic"}`}><span class="dot"></span>${word}</span>`;
}

function Lost() {
  const [late, setLate] = useState(false);
  const s = live.state.value;
  useEffect(() => { setLate(false); if (s !== "lost") return undefined; const t = setTimeout(() => setLate(true), 800); return () => clearTimeout(t); }, [s]);
  if (s !== "lost" || !late) return null;
  return html`<div class="lost" role="status"><${Icon} name="tri" /><span><b>Not live since ${clockTime(live.changedAt.value)}.</b> You see the state of that moment, read again now and then. What you miss will be filled in.</span><${Button} onClick=${live.retryNow}>Try now<//></div>`;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
function Search({ id = "search", cls = "hide-s" }) {
  const [text, setText] = useState("");
  const [found, setFound] = useState(null);
  const turnOf = useRef(0);
  useEffect(() => {
    const words = text.trim(), mine = ++turnOf.current;
    if (words.length < 2) { setFound(null); return undefined; }
    const t = setTimeout(async () => {
      const results = [];
      if (UUID.test(words)) results.push(["list", "Job " + words, ["jobs", words]]);
      const [flows, robots] = await Promise.all([
        can("workflows.read") ? get("/workflows", { search: words, limit: 6 }).catch(() => null) : null,
        can("robots.read") ? get("/robots", { limit: 500 }).catch(() => null) : null,
      ]);
      for (const w of flows?.workflows ?? []) results.push(["flow", w.workflow_name, ["workflows", w.workflow_id]]);
      for (const r of robots?.robots ?? []) if ((r.name + r.robot_id).toLowerCase().includes(words.toLowerCase()) && results.length < 12) results.push(["bot", r.name, ["robots", r.robot_id]]);
      if (turnOf.current === mine) setFound(results);
    }, 200);
    return () => clearTimeout(t);
  }, [text]);
  const leave = () => { setText(""); setFound(null); };
  const submit = (event) => { event.preventDefault(); if (found?.length) { go(found[0][2]); leave(); } else if (UUID.test(text.trim())) { go(["jobs", text.trim()]); leave(); } };
  return html`<form class=${`search ${cls}`} role="search" aria-label=${id === "search" ? "Everything" : "Everything, here"} onSubmit=${submit} onFocusOut=${(e) => { if (!e.currentTarget.contains(e.relatedTarget)) setFound(null); }}><${Icon} name="find" />
    <input id=${id} type="search" autocomplete="off" placeholder="Search workflows, robots, job ids" aria-label="Search" value=${text} onInput=${(e) => setText(e.target.value)} /><kbd aria-hidden="true">/</kbd>
    ${found ? html`<div class="found">${found.length ? found.map(([icon, name, path]) => html`<a href=${link(path)} onClick=${leave}><${Icon} name=${icon} /><${Foreign} text=${name} /></a>`) : html`<p class="m">Nothing has that name. Whole job ids are found, too.</p>`}</div>` : null}</form>`;
}

function help() {
  dialog("Keys", () => html`<dl class="keys">${[["/", "Search"], ["g o", "Overview"], ["g j", "Jobs"], ["g r", "Robots"], ["g w", "Workflows"], ["g s", "Schedules"], ["g t", "Triggers"], ["g d", "Dead letters"], ["g e", "Events"], ["j  k", "Next and last row"], ["Enter", "Open the row"], ["x", "Select the row"], ["c", "Cancel: what is selected, the row, or the job"], ["r", "Run it again"], ["e", "Run the job with edited input"], ["[  ]", "The newer and the older job of the list"], ["u", "Times in UTC, or in your zone"], ["Esc", "Leave a field or a dialog; back to the list"], ["?", "This"]].map(([k, w]) => html`<dt><kbd>${k}</kbd></dt><dd>${w}</dd>`)}</dl>
    <label class="check"><input type="checkbox" checked=${areOn.value} onChange=${(e) => turn(e.target.checked)} />Keys are on</label>`);
}

function Account() {
  const who = me.value;
  const name = [who.first_name, who.last_name].filter(Boolean).join(" ") || who.username || who.email || who.principal;
  const initials = name.split(/[\s._-]+/).map((w) => [...w][0]).slice(0, 2).join("").toUpperCase();
  const show = () => dialog("You", ({ done }) => html`<dl class="plain"><dt>Name</dt><dd><${Foreign} text=${name} /></dd><dt>E-mail</dt><dd><${Foreign} text=${who.email} /></dd><dt>Organization</dt><dd><${Foreign} text=${tenantName()} /></dd><dt>Roles</dt><dd>${who.roles.join(", ") || "none"}</dd></dl>
    <div class="acts"><${Button} onClick=${() => { done(); help(); }}>Keyboard<//><${Button} onClick=${turnTheme}>Light or dark<//><${Button} icon="out" onClick=${async () => { done(); live.stop(); await signOut(); }}>Sign out<//></div>`);
  return html`<button type="button" class="av" aria-label=${`${initials}: account of ${name}`} onClick=${show}>${initials}</button>`;
}

function Tenant() {
  const list = tenants.value;
  if (list.length < 2) return html`<span class="tenant hide-s"><${Foreign} text=${tenantName()} /></span>`;
  const change = async (event) => {
    const choice = event.target;
    live.stop();
    try { await enter(choice.value); go([]); } catch (error) { toast(error.message, "fail"); choice.value = me.value?.tenant_id; live.start(); }
  };
  return html`<select class="tenant" aria-label="Organization" value=${me.value.tenant_id} onChange=${change}>${list.map((t) => html`<option value=${t.tenant_id}>${t.name}</option>`)}</select>`;
}

const loaded = new Map();
class Guard extends Component {
  componentDidCatch(error) { console.error(error); this.setState({ error }); }
  componentDidUpdate(before) { if (before.name !== this.props.name && this.state.error) this.setState({ error: null }); }
  render() { return this.state.error ? html`<${Trouble} error=${{ message: `This page broke: ${this.state.error.message}` }} retry=${() => location.reload()} />` : this.props.children; }
}

function Page() {
  const [, show] = useState(0);
  const [error, setError] = useState(null);
  const [first, second] = route.value.path, [file, part] = pageOf(first, second), name = `${file} ${part}`;
  useEffect(() => {
    setError(null);
    if (file && !loaded.has(file)) import(`./pages/${file}.js`).then((m) => { loaded.set(file, m); show((n) => n + 1); }, () => setError({ message: "This page could not be loaded. There may be a newer version of the dashboard." }));
  }, [file]);
  if (first === "more") return html`<${More} />`;
  if (!file || (second && first !== "robots" && !UUID.test(second))) return html`<h1 tabindex="-1">There is no such page</h1><p><a class="l" href="#/">To the overview</a></p>`;
  if (error) return html`<${Trouble} error=${error} retry=${() => location.reload()} />`;
  const Body = loaded.get(file)?.[part];
  return Body ? html`<${Guard} name=${name + (second ?? "")}><${Body} key=${name + (second ?? "")} id=${second} /><//>` : html`<${Loading} />`;
}

// On a small screen: the pages that the bar at the bottom has no place for.
function More() {
  useTitle("More");
  return html`<${Head} title="More" /><${Search} id="find" cls="here" /><ul class="card menu">${[...PAGES, ...ORGANIZATION].filter(([path, , , permission]) => path && (!permission || can(permission))).map(([path, icon, word]) => html`<li><a href=${link([path])}><${Icon} name=${icon} />${word}</a></li>`)}</ul>`;
}

function Shell() {
  const first = route.value.path[0] ?? "";
  const letters = useQuery(can("jobs.read") ? `letters ${me.value.tenant_id}` : null, (abort) => get("/dlq/stats", {}, abort), { on: (e) => e.event_type === "job.dead_lettered" || e.event_type.startsWith("dead_letter.") || (ofJobs(e) && e.data?.status === "failed"), distance: 10_000 });
  const queue = live.overview.value?.queue;
  const counts = { jobs: queue ? queue.waiting + queue.running : null, dlq: letters.data?.open };
  const entry = ([path, icon, word, permission]) => (permission && !can(permission) ? null : html`<a href=${link(path ? [path] : [])} aria-current=${first === path ? "page" : null}><${Icon} name=${icon} />${word}${counts[path] ? html`<span class=${path === "dlq" ? "n hot" : "n"}>${counts[path].toLocaleString()}${path === "jobs" && queue?.is_capped ? "+" : ""}</span>` : null}</a>`);
  const tabs = [...PAGES.slice(0, 3), PAGES[6], ["more", "more", "More", null]];
  return html`<a class="skip" href="#main" onClick=${(e) => { e.preventDefault(); document.querySelector("main h1, main")?.focus(); }}>To the content</a>
    <header class="top"><a class="logo" href="#/" aria-label="Casare Cloud, overview"><${Logo} /><span>Casare Cloud</span></a><${Tenant} /><${Search} /><${Live} />
      <button type="button" class="btn q" aria-label="Light or dark" title="Light or dark" onClick=${turnTheme}><${Icon} name="moon" /></button><${Account} /></header>
    <nav class="side" aria-label="Main"><div>${PAGES.map(entry)}${ORGANIZATION.some((o) => can(o[3])) ? html`<p>Organization</p>` : null}${ORGANIZATION.map(entry)}</div></nav>
    <div class="stage"><${Lost} /><main id="main" tabindex="-1"><${Page} /></main></div>
    <nav class="tabs" aria-label="Main, small screen">${tabs.map(entry)}</nav>`;
}

function App() {
  const [error, setError] = useState(null);
  const begin = async () => {
    setError(null);
    try { await token(); await loadMe(); live.start(); }
    catch (problem) { if (isSignedIn.value) setError(problem); }
  };
  useEffect(() => { if (!isSignedIn.value) { live.stop(); me.value = null; } else if (!me.value) { live.stop(); begin(); } }, [isSignedIn.value, me.value === null]);
  let body;
  if (!isSignedIn.value) body = html`<${SignIn} />`;
  else if (me.value) body = html`<div class="frame"><${Shell} key=${me.value.tenant_id} /></div>`;
  else if (error) body = html`<main class="login"><${Trouble} error=${error} retry=${begin} /><${Button} onClick=${forget}>Sign in again<//></main>`;
  else body = html`<p class="boot">Loading…</p>`;
  return html`${body}<${Overlays} />`;
}

listen(help);
const root = document.getElementById("app");
root.textContent = "";
render(html`<${App} />`, root);
