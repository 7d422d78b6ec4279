// Scenarios of Auth and the Data API for @supabase/supabase-js. Prints one line of JSON.
import { createClient } from "@supabase/supabase-js";
import WebSocket from "ws";

const [scenario, given] = process.argv.slice(2);
const { url, key, secret, password, ...args } = JSON.parse(given);
const options = { auth: { persistSession: false, autoRefreshToken: false }, realtime: { transport: WebSocket } };
const client = createClient(url, key, options);
const admin = createClient(url, secret, options);
const refusal = (error) => error && { status: error.status, code: error.code, message: error.message };

const scenarios = {
  async signUp() {
    const { data, error } = await client.auth.signUp({ email: args.email, password, options: { data: { name: "Ada" } } });
    const again = await client.auth.signUp({ email: args.email, password });
    return { error, email: data.user?.email, name: data.user?.user_metadata.name, session: Boolean(data.session), again: refusal(again.error) };
  },

  async session() {
    const wrong = await client.auth.signInWithPassword({ email: args.email, password: "wrong password" });
    const { data } = await client.auth.signInWithPassword({ email: args.email, password });
    const first = data.session.refresh_token;
    const refreshed = await client.auth.refreshSession();
    const claims = await client.auth.getClaims();
    const user = await client.auth.getUser();
    const signedOut = await client.auth.signOut();
    const after = await createClient(url, key, options).auth.refreshSession({ refresh_token: refreshed.data.session.refresh_token });
    return {
      wrong: refusal(wrong.error), rotated: refreshed.data.session.refresh_token !== first, algorithm: claims.data.header.alg,
      subject: claims.data.claims.sub === user.data.user.id, signedOut: signedOut.error, after: refusal(after.error),
    };
  },

  async reuse() {
    const { data } = await client.auth.signInWithPassword({ email: args.email, password });
    const tokens = [data.session.refresh_token];
    const refresh = (token) => createClient(url, key, options).auth.refreshSession({ refresh_token: token });
    for (let turn = 0; turn < 2; turn++) tokens.push((await refresh(tokens.at(-1))).data.session.refresh_token);
    return tokens;
  },

  async refresh() {
    const { error } = await client.auth.refreshSession({ refresh_token: args.token });
    return refusal(error);
  },

  async administer() {
    const made = await admin.auth.admin.createUser({ email: args.email, password, email_confirm: true, app_metadata: { a: 1 } });
    const twice = await admin.auth.admin.createUser({ email: args.email, password });
    const read = await admin.auth.admin.getUserById(made.data.user.id);
    const listed = await admin.auth.admin.listUsers({ page: 1, perPage: 1 });
    const notAdmin = await client.auth.admin.listUsers();
    const gone = await admin.auth.admin.deleteUser(made.data.user.id);
    const after = await admin.auth.admin.getUserById(made.data.user.id);
    return {
      email: read.data.user.email, a: read.data.user.app_metadata.a, twice: refusal(twice.error), first: listed.data.users[0].email,
      total: listed.data.total, notAdmin: refusal(notAdmin.error), gone: gone.error, after: refusal(after.error),
    };
  },

  async functions() {
    await client.auth.signInWithPassword({ email: args.email, password });
    const stranger = createClient(url, key, options);
    const call = async (who, ...rest) => {
      const { data, error, status } = await who.rpc(...rest);
      return { data, error, status };
    };
    return {
      sum: await call(client, "contract_sum", { a: 1 }),
      read: await call(client, "contract_sum", { a: 1, b: 2 }, { get: true }),
      nothing: await call(client, "contract_nothing"),
      raised: await call(client, "contract_raise", { p_state: "PT409" }),
      missing: await call(client, "contract_none"),
      denied: await call(stranger, "contract_members_only"),
      rows: await client.rpc("contract_find", { p_least: 2 }).select("id").order("id", { ascending: false }).limit(2).then((r) => r.data),
      one: await client.rpc("contract_find").eq("id", 1).select("title").single().then((r) => r.data),
    };
  },

  async tables() {
    await client.auth.signInWithPassword({ email: args.email, password });
    const notes = (...rest) => client.from("contract_notes").select(...rest);
    const all = await notes("*", { count: "exact" }).order("id").range(0, 1);
    const head = await notes("*", { count: "exact", head: true });
    const or = await notes("id").or("id.eq.1,title.in.(banana,\"cherry, sour\")").order("id");
    const single = await notes("id").gt("id", 1).single();
    const maybe = await notes("id").eq("id", 99).maybeSingle();
    const secrets = await client.from("contract_secrets").select();
    const strangers = await createClient(url, key, options).from("contract_notes").select();
    return {
      ids: all.data.map((row) => row.id), count: all.count, status: all.status, head: head.count, or: or.data.map((row) => row.id),
      single: single.error, singleStatus: single.status, maybe: [maybe.data, maybe.error],
      secrets: [secrets.status, secrets.error.code], strangers: strangers.data,
    };
  },
};

console.log(JSON.stringify(await scenarios[scenario]()));
