// Who has signed in, what they may do, and for which tenant.
import { signal } from "./ui.js";
import { call, enter, forget, get } from "./api.js";

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

// Nobody is known until it is read again who one is there: what is shown of one tenant is never under the name of another.
export async function switchTenant(id) {
  await enter(id);
  me.value = null;
}

export async function signOut() {
  try { await call("POST", "/auth/logout"); } catch { /* the session ends here all the same */ }
  forget();
  me.value = null;
}
