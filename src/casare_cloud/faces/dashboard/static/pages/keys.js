// Keys of robots and of programs: made (and shown once), exchanged, revoked.
import { html } from "../core/ui.js";
import { call, get } from "../core/api.js";
import { useTitle } from "../core/router.js";
import { can } from "../core/session.js";
import { useQuery } from "../core/query.js";
import { Time } from "../core/time.js";
import { Badge, Button, Card, Choice, Empty, Foreign, Head, Loading, Trouble, showSecret } from "../parts/basic.js";
import { ask, confirm, toast } from "../parts/dialog.js";

const KINDS = [["/robot-api-keys", "Keys of robots", "A robot signs in with its key.", false], ["/api-keys", "Keys of programs", "A program or the command line uses the API with one, as far as its scopes go.", true]];

export default function Keys() {
  useTitle("Keys");
  return html`<${Head} title="Keys" /><div class="stack">${KINDS.map(([path, title, words, scoped]) => html`<${List} key=${path} path=${path} title=${title} words=${words} scoped=${scoped} />`)}</div>`;
}

function List({ path, title, words, scoped }) {
  const { data, error, loading, reload } = useQuery(path, (a) => get(path, { limit: 200 }, a), { every: 120_000 });
  const write = can("api_keys.write");
  const create = async () => {
    const made = await ask(`New: ${title.toLowerCase()}`, html`<p class="m">${words}</p><label>Name<input name="name" required maxlength="255" autofocus /></label>${scoped ? html`<label>Scopes, such as jobs.read jobs.create<input name="scopes" class="mono" required defaultValue="jobs.read jobs.create workflows.read" /></label>` : html`<label>Only for the robot (its id; empty: any)<input name="robot" maxlength="255" /></label>`}<label>Ends after<${Choice} name="days" first="" of=${[["", "never"], ["30", "30 days"], ["90", "90 days"], ["365", "a year"]]} /></label>`, "Make it", (f) => {
      const body = { name: f.name.trim(), expires_at: f.days ? new Date(Date.now() + f.days * 86_400_000).toISOString() : undefined };
      if (scoped) body.scopes = f.scopes.split(/[\s,]+/).filter(Boolean);
      else if (f.robot) body.robot_id = f.robot.trim();
      return call("POST", path, { body, key: crypto.randomUUID?.() });
    });
    if (made) { reload(); showSecret("The new key", [["Key", made.key]]); }
  };
  const revoke = async (k) => { if (await confirm({ title: `Revoke ${k.name}?`, text: "Whoever uses it is refused from now on. This cannot be undone.", action: "Revoke the key", run: () => call("POST", `${path}/${k.api_key_id}/revoke`) })) { toast("Revoked."); reload(); } };
  const rotate = async (k) => { const made = await confirm({ title: `Exchange ${k.name}?`, text: "You get a new key; the old one counts for another hour.", action: "Make a new one", danger: false, run: () => call("POST", `${path}/${k.api_key_id}/rotate`, { body: { overlap_seconds: 3600 } }) }); if (made?.key) { reload(); showSecret("The new key", [["Key", made.key]]); } };
  return html`<${Card} title=${title} note=${data ? data.total : ""} actions=${write ? html`<${Button} icon="key" onClick=${create}>New key<//>` : null}><${Trouble} error=${error} retry=${reload} />${loading ? html`<${Loading} />` : data?.keys.length ? html`<table class="tbl free"><caption class="sr">${title}</caption><thead><tr><th class="w-st">State</th><th>Name</th><th class="w-m">Begins</th><th>${scoped ? "Scopes" : "Robot"}</th><th class="w-at">Used</th><th class="w-at">Ends</th>${write ? html`<th class="w-b"><span class="sr">Acts</span></th>` : null}</tr></thead><tbody>${data.keys.map((k) => html`<tr key=${k.api_key_id}><td><${Badge} state=${k.status} /></td><td><${Foreign} text=${k.name} /></td><td class="mono m">${k.prefix}…</td><td class="m"><${Foreign} text=${scoped ? k.scopes.join(" ") : k.robot_id ?? "any"} /></td><td class="m"><${Time} at=${k.last_used_at} /></td><td class="m"><${Time} at=${k.expires_at} /></td>${write ? html`<td class="acts-c">${k.status === "active" ? html`<${Button} label=${`Exchange ${k.name}`} onClick=${() => rotate(k)}>Exchange…<//> <${Button} danger label=${`Revoke ${k.name}`} onClick=${() => revoke(k)}>Revoke…<//>` : null}</td>` : null}</tr>`)}</tbody></table>` : data ? html`<${Empty}>There is none yet. ${words}<//>` : null}<//>`;
}
