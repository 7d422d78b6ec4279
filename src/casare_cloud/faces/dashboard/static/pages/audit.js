// Who changed what, the newest first.
import { html, useEffect, useState } from "../core/ui.js";
import { get } from "../core/api.js";
import { route, setQuery, useTitle } from "../core/router.js";
import { useQuery } from "../core/query.js";
import { Time } from "../core/time.js";
import { Button, Empty, Foreign, Head, Loading, Trouble } from "../parts/basic.js";
import { Tree } from "../parts/tree.js";

const LIMIT = 50;
const KINDS = [["", "Everything"], ["workflows", "Workflows"], ["schedules", "Schedules"], ["triggers", "Triggers"], ["robots", "Robots"], ["limits", "Limits"], ["api_keys", "Keys"], ["memberships", "Members"], ["member_roles", "Roles of members"], ["invitations", "Invitations"], ["tenants", "Settings"]];

export default function Audit() {
  useTitle("Audit");
  const of = route.value.query.get("of") ?? "";
  // The pages that one has gone back through, which stay as they were read: else rows would fall between them.
  const [read, setRead] = useState({});
  useEffect(() => setRead({}), [of]);
  const { data, error, loading, reload } = useQuery(`audit ${of}`, (a) => get("/audit", { resource_type: of, limit: LIMIT }, a), { every: 60_000 });
  const isBack = read.of === of, pages = isBack ? read.pages : data ? [data] : [], next = pages.at(-1)?.next;
  const more = async () => { const page = await get("/audit", { resource_type: of, limit: LIMIT, before: next }); setRead({ of, pages: [...pages, page] }); };
  const rows = pages.flatMap((p) => p.entries);
  return html`<${Head} title="Audit" note=${html`<span class="m">who changed what</span>`} /><${Trouble} error=${error} retry=${reload} />
    <section class="card" aria-label="Changes"><div class="tool"><select aria-label="Of" value=${of} onChange=${(e) => setQuery({ of: e.target.value })}>${KINDS.map(([k, word]) => html`<option value=${k}>${word}</option>`)}</select></div>
    ${loading ? html`<${Loading} rows=${6} />` : rows.length ? html`<table class="tbl free"><caption class="sr">Changes, newest first</caption><thead><tr><th class="w-at">Time</th><th class="w-b">Who</th><th class="w-m">Did</th><th>What</th></tr></thead><tbody>${rows.map((e) => html`<tr key=${e.audit_id}><td><${Time} at=${e.created_at} /></td><td><${Foreign} text=${e.actor ?? e.principal ?? "the service"} /></td><td>${e.action} <span class="m s">${e.resource_type.replace(/_/g, " ")}</span></td><td><details><summary><${Foreign} text=${e.new_values?.name ?? e.old_values?.name ?? e.resource_id} /></summary><${Tree} value=${{ id: e.resource_id, before: e.old_values, after: e.new_values, address: e.ip_address }} label="Before and after" /></details></td></tr>`)}</tbody></table>
      ${next || isBack ? html`<nav class="pager" aria-label="Pages">${isBack ? html`<${Button} onClick=${() => setRead({})}>Newest<//>` : null}${next ? html`<${Button} onClick=${more}>Older<//>` : null}</nav>` : null}` : next || isBack ? html`<${Empty}>No change of these since <${Time} at=${pages.at(-1).looked_back_to} />.<//><nav class="pager" aria-label="Pages">${isBack ? html`<${Button} onClick=${() => setRead({})}>Newest<//>` : null}${next ? html`<${Button} onClick=${more}>Older<//>` : null}</nav>` : data ? html`<${Empty}>${of ? "No change of these." : "Nobody has changed anything yet."}<//>` : null}</section>`;
}
