// Keys of robots and of programs: made (and shown once), exchanged, revoked.
import { call, can, get, html, Time, useQuery } from "../core/kit.js";
import { Badge, Button, Card, Choice, Field, Foreign, List, showSecret } from "./basic.js";
import { ask, confirm, toast } from "./dialog.js";

export const ROBOT_KEYS = { path: "/robot-api-keys", title: "Keys of robots", words: "A robot signs in with its key." };
export const PROGRAM_KEYS = { path: "/api-keys", title: "Keys of programs", words: "A program or the command line uses the API with one, as far as its scopes go.", scoped: true };

// robot: only the keys of that one.
export function Keys({ of: { path, title, words, scoped }, robot }) {
  const of = useQuery(`${path} ${robot}`, (a) => get(path, { limit: 200, robot_id: robot }, a), { every: 120_000 });
  const write = can("api_keys.write"), name = robot ? "Its keys" : title;
  const create = async () => {
    const made = await ask(`New: ${name.toLowerCase()}`, html`<p class="m">${words}</p><${Field} label="Name" name="name" required maxlength="255" autofocus />${scoped ? html`<${Field} label="Scopes, such as jobs.read jobs.create" name="scopes" class="mono" required defaultValue="jobs.read jobs.create workflows.read" />` : robot ? null : html`<${Field} label="Only for the robot (its id; empty: any)" name="robot" maxlength="255" />`}<${Choice} label="Ends after" name="days" first="" of=${[["", "never"], ["30", "30 days"], ["90", "90 days"], ["365", "a year"]]} />`, "Make it", (f) => {
      const body = { name: f.name.trim(), expires_at: f.days ? new Date(Date.now() + f.days * 86_400_000).toISOString() : undefined };
      if (scoped) body.scopes = f.scopes.split(/[\s,]+/).filter(Boolean);
      else if (robot || f.robot.trim()) body.robot_id = robot ?? f.robot.trim();
      return call("POST", path, { body, key: crypto.randomUUID?.() });
    });
    if (made) { of.reload(); showSecret("The new key", [["Key", made.key]]); }
  };
  const revoke = async (k) => { if (await confirm({ title: `Revoke ${k.name}?`, text: "Whoever uses it is refused from now on. This cannot be undone.", action: "Revoke the key", run: () => call("POST", `${path}/${k.api_key_id}/revoke`) })) { toast("Revoked."); of.reload(); } };
  const rotate = async (k) => { const made = await confirm({ title: `Exchange ${k.name}?`, text: "You get a new key; the old one counts for another hour.", action: "Make a new one", danger: false, run: () => call("POST", `${path}/${k.api_key_id}/rotate`, { body: { overlap_seconds: 3600 } }) }); if (made?.key) { of.reload(); showSecret("The new key", [["Key", made.key]]); } };
  return html`<${Card} title=${name} note=${of.data?.total} actions=${write ? html`<${Button} icon="key" onClick=${create}>New key<//>` : null}><${List} caption=${name} of=${of} rows=${of.data?.keys} id=${(k) => k.api_key_id} empty=${html`There is none yet. ${words}`} cols=${[
    ["State", "w-st", (k) => html`<${Badge} state=${k.status} />`], ["Name", "", (k) => html`<${Foreign} text=${k.name} />`], !robot && ["Begins", "w-m", (k) => `${k.prefix}…`, "mono m"], !robot && [scoped ? "Scopes" : "Robot", "", (k) => html`<${Foreign} text=${scoped ? k.scopes.join(" ") : k.robot_id ?? "any"} />`, "m"], ["Used", "w-at", (k) => html`<${Time} at=${k.last_used_at} />`, "m h"], ["Ends", "w-at", (k) => html`<${Time} at=${k.expires_at} />`, "m h"],
    write && ["", "w-b", (k) => (k.status === "active" ? html`<${Button} label=${`Exchange ${k.name}`} onClick=${() => rotate(k)}>Exchange…<//> <${Button} danger label=${`Revoke ${k.name}`} onClick=${() => revoke(k)}>Revoke…<//>` : null), "acts-c"]]} /><//>`;
}
