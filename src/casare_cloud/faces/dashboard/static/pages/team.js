// Who is a member and what each may do, who is invited, what roles allow and roles of one's own; and keys of robots and programs.
import { call, can, get, html, me, Time, useQuery, useTitle } from "../core/kit.js";
import { Badge, Button, Card, Choice, Count, Field, Foreign, Head, List, plural, showSecret } from "../parts/basic.js";
import { ask, confirm, toast } from "../parts/dialog.js";
import { Keys as KeysOf, PROGRAM_KEYS, ROBOT_KEYS } from "../parts/keys.js";

export function Keys() {
  useTitle("Keys");
  return html`<${Head} title="Keys" /><div class="stack">${[ROBOT_KEYS, PROGRAM_KEYS].map((of) => html`<${KeysOf} key=${of.path} of=${of} />`)}</div>`;
}

const nameOf = (m) => [m.first_name, m.last_name].filter(Boolean).join(" ") || m.username || m.email;

export function Members() {
  useTitle("Members and roles");
  const members = useQuery("members", (a) => get("/members", { limit: 200 }, a), { every: 60_000 });
  const roles = useQuery("roles", (a) => get("/roles", {}, a), { every: 300_000 });
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
    const made = await ask("Invite a colleague", html`<${Field} label="E-mail" name="email" type="email" required maxlength="255" autofocus /><${Choice} label="Role" name="role" first="developer" of=${list.map((r) => [r.slug, r.name])} /><p class="m s">You get a token to send, once; the service sends no mail. It works for seven days, once, for this address.</p>`, "Invite", (f) => call("POST", "/invitations", { body: f, key: crypto.randomUUID?.() }));
    if (made) { invitations.reload(); showSecret(`The invitation of ${made.email}`, [["Token", made.token], ["Command", `casare-cloud members accept ${made.token} --register ${made.email}`]]); }
  };
  const revoke = async (i) => { if (await confirm({ title: `Take the invitation of ${i.email} back?`, text: "Its token works no more.", action: "Take it back", run: () => call("POST", `/invitations/${i.invitation_id}/revoke`) })) invitations.reload(); };
  const isMe = (m) => m.user_id === me.value.user_id;
  const open = (invitations.data?.invitations ?? []).filter((i) => i.status === "open");
  return html`<${Head} title="Members and roles" note=${html`<${Count} n=${members.data?.total} />`}>${write ? html`<${Button} primary onClick=${invite}>Invite…<//>` : null}<//><div class="stack">
    <${Card} title="Members"><${List} caption="Members" of=${members} rows=${members.data?.members} id=${(m) => m.user_id} empty="Nobody is a member." cols=${[
      ["Name", "", (m) => html`<${Foreign} text=${nameOf(m)} />${isMe(m) ? html` <span class="m s">you</span>` : null}`], ["E-mail", "", (m) => html`<${Foreign} text=${m.email} />`, "m"], ["Roles", "", (m) => html`<${Foreign} text=${m.roles.map((r) => r.name).join(", ") || "none"} />`], ["State", "w-st", (m) => html`<${Badge} state=${m.is_active ? "active" : "disabled"} />`], ["Since", "w-at", (m) => html`<${Time} at=${m.created_at} />`, "m h"],
      write && ["", "w-w", (m) => html`<${Button} label=${`Roles of ${nameOf(m)}`} onClick=${() => change(m)}>Roles…<//> ${isMe(m) ? null : html`<${Button} label=${`${m.is_active ? "Deactivate" : "Activate"} ${nameOf(m)}`} onClick=${() => turn(m)}>${m.is_active ? "Deactivate…" : "Activate"}<//> <${Button} danger label=${`Remove ${nameOf(m)}`} onClick=${() => remove(m)}>Remove…<//>`}`, "acts-c"]]} /><//>
    <${Card} title="Invitations" note=${open.length || ""}><${List} caption="Open invitations" of=${invitations} rows=${open} id=${(i) => i.invitation_id} empty=${`Nobody is invited.${write ? " The button above brings a colleague in." : ""}`} cols=${[
      ["E-mail", "", (i) => html`<${Foreign} text=${i.email} />`], ["Role", "w-m", (i) => i.role], ["Invited by", "", (i) => html`<${Foreign} text=${i.inviter} />`, "m"], ["Ends", "w-at", (i) => html`<${Time} at=${i.expires_at} />`, "m h"],
      write && ["", "w-m", (i) => html`<${Button} danger label=${`Take back the invitation of ${i.email}`} onClick=${() => revoke(i)}>Take back…<//>`, "acts-c"]]} /><//>
    <${Roles} of=${roles} write=${write} /></div>`;
}

// What each role allows; those of the organization are made, changed and deleted here.
function Roles({ of, write }) {
  const edit = async (role) => {
    const all = (await get("/roles/permissions")).permissions, held = new Set(role?.permissions);
    const groups = Map.groupBy ? Map.groupBy(all, (p) => p.code.split(".")[0]) : all.reduce((m, p) => m.set(p.code.split(".")[0], [...(m.get(p.code.split(".")[0]) ?? []), p]), new Map());
    const done = await ask(role ? `Change ${role.name}` : "New role", html`<${Field} label="Name" name="name" required maxlength="128" autofocus defaultValue=${role?.name ?? ""} />${role ? null : html`<${Field} label="Short name: small letters, digits, - and _" name="slug" class="mono" required maxlength="64" />`}<${Field} label="What it is for" name="description" maxlength="1000" defaultValue=${role?.description ?? ""} />
      <div class="perms">${[...groups].map(([group, list]) => html`<fieldset><legend>${group.replace(/_/g, " ")}</legend>${list.map((p) => html`<label class="check" title=${p.description}><input type="checkbox" name="permission" value=${p.code} defaultChecked=${held.has(p.code)} disabled=${!can(p.code) && !held.has(p.code)} />${p.code.split(".").slice(1).join(".") || p.code}</label>`)}</fieldset>`)}</div><p class="m s">You give no more than you have yourself. Members who have the role may do what it allows from the next request on.</p>`, "Keep", (f, form) => {
      const permissions = new FormData(form).getAll("permission"), isSame = permissions.length === held.size && permissions.every((p) => held.has(p));
      const body = { name: f.name.trim(), description: f.description.trim(), permissions: role && isSame ? undefined : permissions };
      return role ? call("PATCH", `/roles/${role.role_id}`, { body }) : call("POST", "/roles", { body: { ...body, slug: f.slug.trim() }, key: crypto.randomUUID?.() });
    }, { wide: true });
    if (done) { toast(role ? "The role is changed." : "The role is there."); of.reload(); }
  };
  const remove = async (r) => { if (await confirm({ title: `Delete the role ${r.name}?`, text: "It is taken from its members at once. This cannot be undone.", action: "Delete the role", run: () => call("DELETE", `/roles/${r.role_id}`) })) { toast("Deleted."); of.reload(); } };
  return html`<${Card} title="Roles" note="what each may do" actions=${write ? html`<${Button} icon="team" onClick=${() => edit()}>New role<//>` : null}><${List} caption="Roles" of=${of} rows=${of.data?.roles} id=${(r) => r.role_id} empty="There is no role." cols=${[
    ["Role", "w-b", (r) => html`<${Foreign} text=${r.name} /> <span class="m s">${r.is_built_in ? "built in" : r.slug}</span>`], ["What for", "", (r) => html`<bdi>${r.description}</bdi>`, "m"], ["Allows", "", (r) => html`<details><summary>${plural(r.permissions.length, "permission")}</summary><p class="mono s">${r.permissions.join("  ")}</p></details>`, "wrap"],
    write && ["", "w-b", (r) => (r.is_built_in ? null : html`<${Button} label=${`Change the role ${r.name}`} onClick=${() => edit(r)}>Change…<//> <${Button} danger label=${`Delete the role ${r.name}`} onClick=${() => remove(r)}>Delete…<//>`), "acts-c"]]} /><//>`;
}
