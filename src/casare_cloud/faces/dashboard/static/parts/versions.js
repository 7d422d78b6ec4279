// The versions of a workflow, and what is different between two of them: nodes, connections, and what else they declare.
import { html, toJson } from "../core/kit.js";
import { Card, Empty, Foreign } from "./basic.js";

export const nodesOf = (definition) => {
  const raw = definition?.nodes ?? definition?.steps ?? [];
  return (Array.isArray(raw) ? raw : Object.entries(raw).map(([id, n]) => ({ id, ...n }))).map((n) => ({ ...n, id: String(n.id ?? n.node_id), type: n.type ?? n.node_type ?? n.task_type ?? "" }));
};
export const edgesOf = (definition) => (definition?.connections ?? []).map((c) => [String(c.source_node ?? c.from ?? c.source ?? c.from_node), String(c.target_node ?? c.to ?? c.target ?? c.to_node)].map((x) => x.split(".")[0]));

// Everything that a definition says, by its path: what is moved about in the picture is no difference.
const PLACES = new Set(["position", "x", "y", "ui", "width", "height"]);
function flat(value, path, into) {
  if (value === null || typeof value !== "object") into.set(path, toJson(value));
  else if (Array.isArray(value) && !value.length || !Object.keys(value).length) into.set(path, toJson(value));
  else for (const [k, v] of Object.entries(value)) if (!PLACES.has(k)) flat(v, path ? `${path}.${k}` : k, into);
  return into;
}

// [{ mark: + − ~, what, lines: [[path, before, after]] }]
export function difference(before, after) {
  const found = [];
  const old = new Map(nodesOf(before).map((n) => [n.id, n])), fresh = new Map(nodesOf(after).map((n) => [n.id, n]));
  const changes = (a, b) => { const x = flat(a, "", new Map()), y = flat(b, "", new Map()); return [...new Set([...x.keys(), ...y.keys()])].filter((k) => x.get(k) !== y.get(k)).map((k) => [k, x.get(k), y.get(k)]); };
  for (const [id, node] of fresh) if (!old.has(id)) found.push({ mark: "+", what: `node ${id}`, note: node.type, lines: [] });
  for (const [id, node] of old) {
    if (!fresh.has(id)) found.push({ mark: "−", what: `node ${id}`, note: node.type, lines: [] });
    else { const lines = changes(node, fresh.get(id)); if (lines.length) found.push({ mark: "~", what: `node ${id}`, note: fresh.get(id).type, lines }); }
  }
  const edges = (d) => new Map((d?.connections ?? []).map((c) => [toJson(c), edgesOf({ connections: [c] })[0].join(" → ")]));
  const [e, f] = [edges(before), edges(after)];
  for (const [k, words] of f) if (!e.has(k)) found.push({ mark: "+", what: `connection ${words}`, lines: [] });
  for (const [k, words] of e) if (!f.has(k)) found.push({ mark: "−", what: `connection ${words}`, lines: [] });
  const rest = ({ nodes, steps, connections, ...others } = {}) => others;
  const lines = changes(rest(before), rest(after));
  if (lines.length) found.push({ mark: "~", what: "the rest", lines });
  return found;
}

const WORDS = { "+": ["done", "new"], "−": ["fail", "gone"], "~": ["warn", "changed"] };
const MOST = 200, cut = (text) => (text === undefined ? "nothing" : text.length > 160 ? text.slice(0, 159) + "…" : text);
export function Difference({ before, after, from, to }) {
  const found = difference(before, after);
  return html`<${Card} title=${`From version ${from} to ${to}`} note=${found.length ? found.length.toLocaleString() : ""}>${found.length ? html`<ul class="diff">${found.slice(0, MOST).map((d) => html`<li><span class=${`b ${WORDS[d.mark][0]}`}>${WORDS[d.mark][1]}</span><span><${Foreign} text=${d.what} /> <span class="m s"><bdi>${d.note ?? ""}</bdi></span>
    ${d.lines.slice(0, 50).map(([path, a, b]) => html`<span class="ln"><span class="m"><bdi>${path}</bdi>: </span><del><bdi>${cut(a)}</bdi></del> <ins><bdi>${cut(b)}</bdi></ins></span>`)}</span></li>`)}</ul>` : html`<${Empty}>The two do the same: at most, nodes stand elsewhere in the picture.<//>`}<//>`;
}
