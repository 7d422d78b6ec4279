// Requests to the orchestrator and to the Data API as the person who has signed in. The access token lives in memory, the
// refresh token in this tab's storage; a token is refreshed before it ends, by one request however many wait for it.
import { signal } from "./ui.js";

const config = JSON.parse(document.querySelector("meta[name=casare-config]").content);
export const supabase = { url: config.supabase, key: config.key };
export const apiUrl = (config.orchestrator || location.origin) + "/api/v1";

const KEPT = "casare.refresh";
let access = null, endsAt = 0, refreshing = null, ahead = 0;
const onToken = new Set();
export const isSignedIn = signal(sessionStorage.getItem(KEPT) !== null);
export const whose = signal(""); // the tenant of the token and what it allows there
export const hasEnded = signal(false); // the session, by itself
// The time of the service, which each token says: the clock of this machine may be wrong.
export const serviceTime = () => Date.now() - ahead;
export const onNewToken = (f) => (onToken.add(f), () => onToken.delete(f));

export class ApiError extends Error {
  constructor(status, body, headers) {
    super(typeof body?.detail === "string" ? body.detail : body?.message || `The service answered ${status}.`);
    this.status = status;
    this.code = body?.error_code || body?.code || "";
    this.requestId = body?.request_id || headers?.get("x-request-id") || "";
    this.retryAfter = Number(headers?.get("retry-after")) || body?.retry_after || 0;
  }
}

export class Unreachable extends ApiError {
  constructor() { super(0, { detail: "The service cannot be reached. Is your network there?" }); }
}

function keep(tokens) {
  access = tokens.access_token;
  endsAt = Date.now() + tokens.expires_in * 1000;
  sessionStorage.setItem(KEPT, tokens.refresh_token);
  const said = JSON.parse(atob(access.split(".")[1].replace(/-/g, "+").replace(/_/g, "/"))), by = Date.now() - said.iat * 1000;
  whose.value = toJson(said.app_metadata);
  ahead = Math.abs(by) > 60_000 ? by : 0;
  hasEnded.value = false;
  isSignedIn.value = true;
  for (const f of onToken) f(access);
}

export function forget() {
  access = null; endsAt = 0;
  sessionStorage.removeItem(KEPT);
  isSignedIn.value = false;
}

async function send(url, init) {
  let answer, text, body = null;
  try { answer = await fetch(url, { cache: "no-store", referrerPolicy: "no-referrer", ...init }); text = await answer.text(); }
  catch (error) { if (error.name === "AbortError") throw error; throw new Unreachable(); }
  try { body = text ? JSON.parse(text, exact) : null; }
  catch { if (answer.ok) throw new ApiError(answer.status, { detail: "What came back is not from the service: something between has answered." }); }
  if (!answer.ok) throw new ApiError(answer.status, body, answer.headers);
  return body;
}

// A whole number that a double cannot hold stays what it was.
const exact = (_, value, context) =>
  typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? "") ? BigInt(context.source) : value;

const plain = (_, value) => (typeof value === "bigint" ? (JSON.rawJSON ? JSON.rawJSON(String(value)) : Number(value)) : value);
export const toJson = (value, indent) => JSON.stringify(value, plain, indent);
export const fromJson = (text) => JSON.parse(text, exact);

const post = (body) => ({ method: "POST", headers: { "Content-Type": "application/json" }, body: toJson(body) });

export async function signIn(username, password) {
  keep(await send(`${apiUrl}/auth/login`, post({ username, password })));
}

export async function refresh() {
  refreshing ??= (async () => {
    try { keep(await send(`${apiUrl}/auth/refresh`, post({ refresh_token: sessionStorage.getItem(KEPT) ?? "" }))); }
    catch (error) { if ([400, 401, 403].includes(error.status)) { forget(); hasEnded.value = true; } throw error; }
    finally { refreshing = null; }
  })();
  return refreshing;
}

// A token that lasts for a minute at least.
export async function token() {
  if (access === null || Date.now() > endsAt - 60_000) await refresh();
  return access;
}
export const tokenSeconds = () => (endsAt - Date.now()) / 1000;

// The keys of requests whose answer was lost: who sends the same again does not do it twice. Not where an answer holds a secret,
// which is in the first one only.
const unsure = new Map();

export async function call(method, path, { query, body, signal: abort, key } = {}) {
  const url = new URL(apiUrl + path);
  for (const [name, value] of Object.entries(query ?? {})) if (value !== undefined && value !== null && value !== "") url.searchParams.set(name, value);
  const what = key && !/key|invitation|trigger/.test(path) && `${path} ${toJson(body)}`;
  key = unsure.get(what) ?? key;
  const ask = async () => {
    const headers = { Authorization: `Bearer ${await token()}` };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (key) headers["Idempotency-Key"] = key;
    if (what) unsure.set(what, key);
    try {
      const answer = await send(url, { method, headers, body: body === undefined ? undefined : toJson(body), signal: abort });
      unsure.delete(what);
      return answer;
    } catch (error) { if (error.status && error.status < 500 && ![401, 409, 429].includes(error.status)) unsure.delete(what); throw error; }
  };
  try { return await ask(); }
  catch (error) {
    if (error.status !== 401 || access === null) throw error;
    await refresh();
    return ask();
  }
}

export const get = (path, query, abort) => call("GET", path, { query, signal: abort });

// This session moves to another tenant of the person, and no other session does. It uses up the refresh token, so whoever wants a
// token meanwhile waits for it.
export async function enter(tenant) {
  const now = await token();
  while (refreshing) await refreshing.catch(() => {});
  const init = post({ tenant, refresh_token: sessionStorage.getItem(KEPT) ?? "" });
  init.headers.Authorization = `Bearer ${now}`;
  refreshing = send(`${apiUrl}/auth/switch`, init).then(keep).finally(() => { refreshing = null; });
  await refreshing;
}
