// Who has signed in, what they may do, and for which tenant.
import { effect, signal } from "./ui.js";
import { call, forget, get, whose } from "./api.js";

export const me = signal(null);
export const tenants = signal([]);

export const can = (permission) => {
  const held = me.value?.permissions ?? [];
  return held.includes("*") || held.includes(permission) || held.includes(permission.split(".")[0] + ".*");
};

export async function loadMe() {
  me.value = await get("/auth/me");
  try { tenants.value = (await get("/auth/tenants")).tenants; } catch { tenants.value = []; }
}

export const tenantName = () => tenants.value.find((t) => t.tenant_id === me.value?.tenant_id)?.name ?? "Your organization";

// With a token of another tenant, or of other rights, nobody is known until it is read again who one is: what is shown of one tenant
// is never under the name of another. That comes of a choice (enter), and by itself when a membership has ended.
effect(() => { if (whose.value) me.value = null; });

export async function signOut() {
  try { await call("POST", "/auth/logout"); } catch { /* the session ends here all the same */ }
  forget();
  me.value = null;
}
