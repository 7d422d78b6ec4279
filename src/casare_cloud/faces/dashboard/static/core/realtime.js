// A small client of Supabase Realtime: private broadcast channels over the Phoenix protocol, version 1.0.0. Nothing is
// certain to arrive, so what is pushed is a hint and the rows are the truth. A topic counts as joined only when the
// service says that it follows the database; until then nothing that the database sends would arrive.
const BEAT = 25_000, ANSWER = 5_000, FIRST = 100, MOST = 1_000;

export class Realtime {
  #url; #token; #onState; #socket = null; #topics = new Map(); #ref = 0; #pause = FIRST; #retry = 0; #beat = 0; #answers = new Map(); #wanted = false; #opened = 0;

  // token: () => Promise of an access token. onState: called with "live", "lost" or "off".
  constructor(url, key, token, onState) {
    this.#url = `${url.replace(/^http/, "ws")}/realtime/v1/websocket?${new URLSearchParams({ apikey: key, vsn: "1.0.0" })}`;
    this.#token = token;
    this.#onState = onState;
    addEventListener("online", () => this.now());
    addEventListener("offline", () => this.#lose());
  }

  start() { this.#wanted = true; if (!this.#socket) this.#open(); }

  stop() {
    this.#wanted = false;
    clearTimeout(this.#retry);
    this.#drop();
    this.#onState("off");
  }

  // Tries at once instead of when the pause is over.
  now() {
    if (!this.#wanted || this.#socket?.readyState === WebSocket.OPEN) return;
    this.#pause = FIRST;
    clearTimeout(this.#retry);
    this.#drop();
    this.#open();
  }

  // Wants a topic; onPush(event, payload) takes broadcasts, onJoin() runs after each join. Returns how to leave.
  join(topic, onPush, onJoin = () => {}) {
    const wanted = { topic: `realtime:${topic}`, onPush, onJoin, joined: false, ref: null };
    this.#topics.set(wanted.topic, wanted);
    if (this.#socket?.readyState === WebSocket.OPEN) this.#ask(wanted);
    return () => {
      if (this.#topics.get(wanted.topic) !== wanted) return;
      this.#topics.delete(wanted.topic);
      this.#send(wanted.topic, "phx_leave", {}, wanted.ref);
    };
  }

  // A new token, before the old one ends; never with a heartbeat.
  renew(token) {
    for (const t of this.#topics.values()) if (t.ref) this.#send(t.topic, "access_token", { access_token: token }, t.ref);
  }

  #open() {
    const socket = (this.#socket = new WebSocket(this.#url));
    const mine = (f) => (event) => { if (this.#socket === socket) f(event); };
    this.#opened = setTimeout(mine(() => this.#lose()), ANSWER);
    socket.onopen = mine(() => {
      clearTimeout(this.#opened);
      for (const t of this.#topics.values()) this.#ask(t);
      this.#beat = setInterval(() => this.#heartbeat(), BEAT);
    });
    socket.onmessage = mine((event) => this.#read(event.data));
    socket.onclose = socket.onerror = mine(() => this.#lose());
  }

  #drop() {
    const socket = this.#socket;
    this.#socket = null;
    clearInterval(this.#beat);
    clearTimeout(this.#opened);
    for (const timer of this.#answers.values()) clearTimeout(timer);
    this.#answers.clear();
    for (const t of this.#topics.values()) { t.joined = false; t.ref = null; }
    if (socket) { socket.onclose = socket.onerror = socket.onmessage = socket.onopen = null; socket.close(); }
  }

  #lose() {
    this.#drop();
    if (!this.#wanted) return;
    this.#onState("lost");
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => { if (this.#wanted && !this.#socket) this.#open(); }, this.#pause * (0.7 + Math.random() * 0.6));
    this.#pause = Math.min(this.#pause * 2, MOST);
  }

  #send(topic, event, payload, joinRef = null) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return null;
    const ref = String(++this.#ref);
    this.#socket.send(JSON.stringify({ topic, event, payload, ref, join_ref: joinRef ?? (event === "phx_join" ? ref : null) }));
    return ref;
  }

  #expect(ref) { if (ref) this.#answers.set(ref, setTimeout(() => this.#lose(), ANSWER)); }

  #heartbeat() { this.#expect(this.#send("phoenix", "heartbeat", {})); }

  async #ask(t) {
    const socket = this.#socket;
    let token;
    try { token = await this.#token(); } catch { if (this.#socket === socket) this.#lose(); return; }
    if (this.#socket !== socket || this.#topics.get(t.topic) !== t) return;
    const config = { broadcast: { ack: false, self: false, replication_ready: true }, presence: { key: "", enabled: false }, postgres_changes: [], private: true };
    t.ref = this.#send(t.topic, "phx_join", { config, access_token: token });
    this.#expect(t.ref);
  }

  #read(text) {
    let frame;
    try { frame = JSON.parse(text); } catch { return; }
    const payload = frame?.payload ?? {};
    if (frame.event === "phx_reply") {
      clearTimeout(this.#answers.get(frame.ref));
      this.#answers.delete(frame.ref);
      if (payload.status === "error" && frame.topic !== "phoenix") this.#lose();
      return;
    }
    const t = this.#topics.get(frame.topic);
    if (!t) return;
    if (frame.event === "broadcast") t.onPush(payload.event, payload.payload ?? {});
    else if (frame.event === "system" && payload.status === "error") this.#lose();
    else if (frame.event === "system" && payload.extension === "system" && !t.joined) {
      t.joined = true;
      this.#pause = FIRST;
      if ([...this.#topics.values()].every((x) => x.joined)) this.#onState("live");
      t.onJoin();
    } else if ((frame.event === "phx_close" || frame.event === "phx_error") && [null, undefined, t.ref].includes(frame.ref)) this.#lose();
  }
}
