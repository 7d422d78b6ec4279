// The address after the #: a path of segments and a query, which holds every filter.
import { signal, useEffect } from "./ui.js";

function read() {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  return { path: path.split("/").filter(Boolean).map(decode), query: new URLSearchParams(query ?? "") };
}
const decode = (text) => { try { return decodeURIComponent(text); } catch { return text; } };

export const route = signal(read());
let before = route.value.path.join("/");
addEventListener("hashchange", () => {
  route.value = read();
  const now = route.value.path.join("/");
  if (now !== before) { scrollTo(0, 0); focusTitle = true; }
  before = now;
});

let focusTitle = false;
// The new page's title takes the focus once it is there, so that a screen reader says where one is; not from a
// person who has begun to write elsewhere.
export function useTitle(text, loaded = true) {
  useEffect(() => {
    if (!loaded) return;
    document.title = text ? `${text} · Casare Cloud` : "Casare Cloud";
    if (!focusTitle) return;
    focusTitle = false;
    if (!document.activeElement?.closest("input,textarea,select,dialog")) document.querySelector("main h1")?.focus();
  }, [text, loaded]);
}

export function link(path, query) {
  const text = new URLSearchParams(Object.entries(query ?? {}).filter(([, v]) => v !== undefined && v !== null && v !== "")).toString();
  return "#/" + path.map(encodeURIComponent).join("/") + (text ? "?" + text : "");
}
export const go = (path, query) => { location.hash = link(path, query); };

// Changes parts of the query and nothing else; an empty value takes a part out.
export function setQuery(changes) {
  const query = Object.fromEntries(route.value.query);
  history.replaceState(null, "", link(route.value.path, { ...query, ...changes }));
  route.value = read();
}
