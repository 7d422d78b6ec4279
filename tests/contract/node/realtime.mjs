// Scenarios with @supabase/supabase-js (protocol 2.0.0). Run by tests/contract/test_realtime_javascript.py:
// node realtime.mjs <scenario> <JSON arguments>; prints one JSON value. "!step" lines on stdout wait for a line on stdin.
import { createClient } from '@supabase/supabase-js'
import { createInterface } from 'node:readline'
import ws from 'ws'

const [scenario, text] = process.argv.slice(2)
const given = JSON.parse(text)
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()

const clientFor = (token) => {
  const client = createClient(given.url, given.key, { realtime: { transport: ws }, auth: { persistSession: false } })
  if (token) client.realtime.setAuth(token)
  return client
}

const within = (promise) =>
  Promise.race([promise, new Promise((_, reject) => setTimeout(() => reject(new Error('waited 60 s')), 60_000).unref())])

// What a channel hears, to be awaited in order.
const queue = () => {
  const values = []
  const waiting = []
  return {
    put: (value) => (waiting.length ? waiting.shift()(value) : values.push(value)),
    get: () => within(values.length ? Promise.resolve(values.shift()) : new Promise((resolve) => waiting.push(resolve))),
    size: () => values.length,
  }
}

const listen = (client, topic, config) => {
  const broadcasts = queue()
  const states = queue()
  const systems = queue()
  const channel = client.channel(topic, { config })
  channel.on('broadcast', { event: '*' }, (message) => broadcasts.put(message))
  channel.on('system', {}, (message) => systems.put(message))
  const subscribe = () => {
    channel.subscribe((state, error) => states.put([state, error ? error.message : null]))
    return states.get()
  }
  return { channel, broadcasts, states, systems, subscribe }
}

// The test does something now: tell it, and go on when it is done.
const step = async () => {
  process.stdout.write('!step\n')
  await lines.next()
}

const bytes = (payload) => Array.from(new Uint8Array(payload))

const scenarios = {
  async join() {
    return await listen(clientFor(given.token), given.topic, { private: true }).subscribe()
  },

  async database() {
    const member = listen(clientFor(given.token), given.topic, { private: true, broadcast: { replication_ready: true } })
    const joined = await member.subscribe()
    await step()
    return { joined, system: await member.systems.get(), message: await member.broadcasts.get() }
  },

  // Several topics at once, until each has told what is expected of it.
  async life() {
    // A token that was set by hand lasts until the client asks for the session's own, of which there is none.
    const accessToken = async () => given.token
    const client = createClient(given.url, given.key, { realtime: { transport: ws }, accessToken })
    const heard = {}
    const channels = Object.keys(given.expected).map((topic) =>
      [topic, listen(client, topic, { private: true, broadcast: { replication_ready: true } })])
    for (const [, channel] of channels) await channel.subscribe()
    for (const [, channel] of channels) await channel.systems.get()
    await step()
    for (const [topic, channel] of channels) {
      const events = new Set()
      while (events.size < given.expected[topic].length) events.add((await channel.broadcasts.get()).event)
      heard[topic] = [...events].sort()
    }
    return heard
  },

  async send() {
    const sender = listen(clientFor(given.writer), given.topic, { private: true, broadcast: { ack: true, self: true } })
    const receiver = listen(clientFor(given.reader), given.topic, { private: true })
    const intruder = listen(clientFor(given.reader), given.topic, { private: true, broadcast: { ack: true } })
    for (const member of [sender, receiver, intruder]) await member.subscribe()
    const refused = await intruder.channel.send(
      { type: 'broadcast', event: 'forged', payload: { n: 0 } }, { timeout: 300 })
    const accepted = await sender.channel.send({ type: 'broadcast', event: 'hello ü', payload: { n: 1, text: '✓' } })
    return { refused, accepted, heard: await receiver.broadcasts.get(), echo: await sender.broadcasts.get() }
  },

  async binary() {
    const sender = listen(clientFor(), given.topic, {})
    const receiver = listen(clientFor(), given.topic, {})
    for (const member of [sender, receiver]) await member.subscribe()
    await sender.channel.send({ type: 'broadcast', event: 'raw', payload: new Uint8Array([0, 255, 7]).buffer })
    const sent = await receiver.broadcasts.get()
    await step()
    const stored = await receiver.broadcasts.get()
    return { sent: bytes(sent.payload), stored: bytes(stored.payload), id: stored.meta.id }
  },

  async mixed() {
    const member = listen(clientFor(), given.topic, {})
    await member.subscribe()
    await step()
    const fromPython = await member.broadcasts.get()
    await member.channel.send({ type: 'broadcast', event: 'from javascript', payload: { n: 2 } })
    await step()
    return fromPython
  },

  async replay() {
    const config = { private: true, broadcast: { replay: { since: 0, limit: 2 } } }
    const member = listen(clientFor(given.token), given.topic, config)
    const joined = await member.subscribe()
    return { joined, messages: [await member.broadcasts.get(), await member.broadcasts.get()] }
  },

  async presence() {
    const changes = queue()
    const watcher = clientFor().channel(given.topic, { config: { presence: { key: 'watcher' } } })
    watcher.on('presence', { event: 'join' }, ({ key, newPresences }) => changes.put(['join', key, newPresences[0].mood]))
    watcher.on('presence', { event: 'leave' }, ({ key }) => changes.put(['leave', key]))
    await within(new Promise((resolve) => watcher.subscribe((state) => state === 'SUBSCRIBED' && resolve())))
    const ada = clientFor()
    const channel = ada.channel(given.topic, { config: { presence: { key: 'ada' } } })
    await within(new Promise((resolve) => channel.subscribe((state) => state === 'SUBSCRIBED' && resolve())))
    const answers = [await channel.track({ mood: 'well' })]
    const seen = [await changes.get()]
    answers.push(await channel.track({ mood: 'tired' }))
    seen.push(await changes.get(), await changes.get())
    const state = Object.fromEntries(Object.entries(watcher.presenceState()).map(([k, v]) => [k, v.map((p) => p.mood)]))
    answers.push(await channel.untrack())
    seen.push(await changes.get())
    return { answers, seen, state, left: Object.keys(watcher.presenceState()) }
  },

  async expiry() {
    const client = clientFor(given.token)
    const member = listen(client, given.topic, { private: true })
    const joined = await member.subscribe()
    if (joined[0] !== 'SUBSCRIBED') return { joined }
    const system = await member.systems.get()
    return { joined, system: [system.status, system.message], state: await member.states.get() }
  },

  async refresh() {
    const client = clientFor(given.token)
    const member = listen(client, given.topic, { private: true })
    await member.subscribe()
    await client.realtime.setAuth(given.other)
    const system = await member.systems.get()
    return { message: system.message, state: await member.states.get() }
  },

  async httpSend() {
    const receiver = listen(clientFor(given.reader), given.topic, { private: true })
    await receiver.subscribe()
    const writer = clientFor(given.writer).channel(given.topic, { config: { private: true } })
    const answer = await writer.httpSend('over http', { n: 1 })
    const reader = clientFor(given.reader).channel(given.topic, { config: { private: true } })
    const refusal = await reader.httpSend('forged', { n: 1 }).catch((error) => error.message)
    return { answer, refusal, heard: await receiver.broadcasts.get() }
  },
}

try {
  const result = await scenarios[scenario]()
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0))
} catch (error) {
  process.stderr.write(`${error.stack}\n`, () => process.exit(1))
}
