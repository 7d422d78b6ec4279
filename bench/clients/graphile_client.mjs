// graphile-worker's own runner with a task that does nothing; runs beside the packages that bench.peers installs.
import { EventEmitter } from "node:events";
import { readFileSync } from "node:fs";
import { Logger, makeWorkerUtils, run } from "graphile-worker";

const order = JSON.parse(readFileSync(0, "utf8"));
const logger = new Logger(() => () => {});
const shared = { connectionString: order.dsn, logger };

const utils = await makeWorkerUtils(shared);
await utils.migrate();
let began = performance.now();
for (let start = 0; start < order.jobs; start += 1000) {
  const count = Math.min(1000, order.jobs - start);
  await utils.addJobs(Array.from({ length: count }, () => ({ identifier: "nothing", payload: { n: 1 } })));
}
const inserting = (performance.now() - began) / 1000;
await utils.release();

const events = new EventEmitter();
let done = 0;
const finished = new Promise((resolve) => events.on("job:complete", () => ++done === order.jobs && resolve()));
began = performance.now();
const runner = await run({
  ...shared,
  events,
  concurrency: order.concurrency,
  maxPoolSize: order.concurrency + 2,
  noHandleSignals: true,
  taskList: { nothing: async () => {} },
});
await finished;
const working = (performance.now() - began) / 1000;
await runner.stop();
console.log(JSON.stringify({ inserting, working }));
