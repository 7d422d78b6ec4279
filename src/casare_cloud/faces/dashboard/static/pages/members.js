// Who is a member and what each may do, who is invited, and what the roles allow.
import { html } from "../core/ui.js";
import { call, get } from "../core/api.js";
import { useTitle } from "../core/router.js";
import { can, me } from "../core/session.js";
import { useQuery } from "../core/query.js";
import { Time } from "../core/time.js";
import { Badge, Button, Card, Choice, Empty, Foreign, Head, Loading, Trouble, showSecret } from "../parts/basic.js";
import { ask, confirm, toast } from "../parts/dialog.js";

const nameOf = (m) => [m.first_name, m.last_name].filter(Boolean).join(" ") || m.username || m.email;

export default function Members() {
  useTitle("Members and roles");
  const members = useQuery("members", (a) => get("/members", { limit: 200 }, a), { every: 60_000 });
  const roles = useQuery("roles", (a) => get("/roles", {}, a), { every: 300_000 }), all = roles.data?.roles ?? [];
  const invitations = useQuery("invitations", (a) => get("/invitations", { limit: 100 }, a), { every: 60_000 });
  const write = can("members.write"), offered = async () => roles.data?.roles ?? (await get("/roles")).roles;
  const change = async (m) => {
    const held = new Set(m.roles.map((r) => r.slug)), list = await offered();
    const done = await ask(`Roles of ${nameOf(m)}`, html`${list.map((r) => html`<label class="check"><input type="checkbox" name="role" value=${r.slug} defaultChecked=${held.has(r.slug)} /><span><${Foreign} text=${r.name} /> <span class="m s"><bdi>${r.description}</bdi></span></span></label>`)}`, "Keep", (_, form) => call("PATCH", `/members/${m.user_id}`, { body: { roles: new FormData(form).getAll("role") } }));
    if (done) { toast("The roles count from the next request on."); members.reload(); }
  };
  const turn = async (m) => {
    const run = () => call("PATCH", `/members/${m.user_id}`, { body: { is_active: !m.is_active } });
    if (m.is_active ? await confirm({ title: `Deactivate ${nameOf(m)}?`, text: "No access from the next request on; name and roles stay.", action: "Deactivate", run }) : await run()) members.reload();
  };
  const remove = async (m) => {
    const gone = await confirm({ title: `Remove ${nameOf(m)}?`, text: "The access ends at once. Keys that this member made go on working until they are revoked.", action: "Remove", run: () => call("DELETE", `/members/${m.user_id}`) });
    if (gone) { toast(gone.live_api_keys?.length ? `Removed. ${gone.live_api_keys.length} keys that they made still work.` : "Removed."); members.reload(); }
  };
  const invite = async () => {
    const list = await offered();
    const made = await ask("Invite a colleague", html`<label>E-mail<input name="email" type="email" required maxlength="255" autofocus /></label><label>Role<${Choice} name="role" first="developer" of=${list.map((r) => [r.slug, r.name])} /></label><p class="m s">You get a token to send, once; the service sends no mail. It works for seven days, once, for this address.</p>`, "Invite", (f) => call("POST", "/invitations", { body: f, key: crypto.randomUUID?.() }));
    if (made) { invitations.reload(); showSecret(`The invitation of ${made.email}`, [["Token", made.token], ["Command", `casare-cloud members accept ${made.token} --register ${made.email}`]]); }
  };
  const revoke = async (i) => { if (await confirm({ title: `Take the invitation of ${i.email} back?`, text: "Its token works no more.", action: "Take it back", run: () => call("POST", `/invitations/${i.invitation_id}/revoke`) })) invitations.reload(); };
  const open = (invitations.data?.invitations ?? []).filter((i) => i.status === "open");
  return html`<${Head} title="Members and roles" note=${members.data ? html`<span class="m">${members.data.total}</span>` : null}>${write ? html`<${Button} primary onClick=${invite}>Invite…<//>` : null}<//><div class="stack">
    <${Card} title="Members"><${Trouble} error=${members.error} retry=${members.reload} />${members.data ? html`<table class="tbl free"><caption class="sr">Members</caption><thead><tr><th>Name</th><th>E-mail</th><th>Roles</th><th class="w-st">State</th><th class="w-at">Since</th>${write ? html`<th class="w-b"><span class="sr">Acts</span></th>` : null}</tr></thead><tbody>${members.data.members.map((m) => html`<tr key=${m.user_id}><td><${Foreign} text=${nameOf(m)} />${m.user_id === me.value.user_id ? html` <span class="m s">you</span>` : null}</td><td class="m"><${Foreign} text=${m.email} /></td><td><${Foreign} text=${m.roles.map((r) => r.name).join(", ") || "none"} /></td><td><${Badge} state=${m.is_active ? "active" : "disabled"} /></td><td class="m"><${Time} at=${m.created_at} /></td>${write ? html`<td class="acts-c"><${Button} label=${`Roles of ${nameOf(m)}`} onClick=${() => change(m)}>Roles…<//> ${m.user_id === me.value.user_id ? null : html`<${Button} label=${`${m.is_active ? "Deactivate" : "Activate"} ${nameOf(m)}`} onClick=${() => turn(m)}>${m.is_active ? "Deactivate…" : "Activate"}<//> <${Button} danger label=${`Remove ${nameOf(m)}`} onClick=${() => remove(m)}>Remove…<//>`}</td>` : null}</tr>`)}</tbody></table>` : members.loading ? html`<${Loading} />` : null}<//>
    <${Card} title="Invitations" note=${open.length || ""}><${Trouble} error=${invitations.error} retry=${invitations.reload} />${open.length ? html`<table class="tbl free"><caption class="sr">Open invitations</caption><thead><tr><th>E-mail</th><th class="w-m">Role</th><th>Invited by</th><th class="w-at">Ends</th>${write ? html`<th class="w-m"><span class="sr">Acts</span></th>` : null}</tr></thead><tbody>${open.map((i) => html`<tr key=${i.invitation_id}><td><${Foreign} text=${i.email} /></td><td>${i.role}</td><td class="m"><${Foreign} text=${i.inviter ?? ""} /></td><td class="m"><${Time} at=${i.expires_at} /></td>${write ? html`<td class="acts-c"><${Button} danger label=${`Take back the invitation of ${i.email}`} onClick=${() => revoke(i)}>Take back…<//></td>` : null}</tr>`)}</tbody></table>` : invitations.loading ? html`<${Loading} />` : html`<${Empty}>Nobody is invited.${write ? " The button above brings a colleague in." : ""}<//>`}<//>
    <${Card} title="Roles" note="what each may do">${all.length ? html`<dl class="plain">${all.map((r) => html`<dt><${Foreign} text=${r.name} /></dt><dd><bdi>${r.description}</bdi> <details><summary class="s m">${r.permissions.length} permissions</summary><p class="mono s">${r.permissions.join("  ")}</p></details></dd>`)}</dl>` : html`<${Loading} />`}<//></div>`;
}
