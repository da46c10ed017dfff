// Measures what the border costs. `tests/run` makes a folder in which it can be run, `target/node/app`; build the package with
// DOKPLOY_NODE_PROFILE=release before.
import { execFileSync } from "node:child_process";
import { performance } from "node:perf_hooks";
import { FakeWorld, native } from "./tests/worlds.mjs";

const EVENTS = 200_000;

const endings = [];
const world = new FakeWorld({ after: (end) => endings.push(end) });
const engine = await world.open({ concurrency: 0 });
const project = await engine.createProject("shop");
const application = await engine.createApplication(project, { name: "web", image: "busybox" });
const deployment = await engine.deploy(application);

/** The median of seven runs. */
async function median(run) {
  const runs = [];
  for (let round = 0; round < 7; round++) runs.push(await run());
  return runs.sort((a, b) => a - b)[3];
}

/** Microseconds of one call. */
const each = (count, call) =>
  median(async () => {
    const begun = performance.now();
    for (let round = 0; round < count; round++) {
      const answer = call();
      if (answer instanceof Promise) await answer;
    }
    return ((performance.now() - begun) / count) * 1000;
  });

const told = (name, value, unit) => console.log(`${name.padEnd(58)} ${value.toFixed(value < 100 ? 2 : 0)} ${unit}`);

told("a call that answers at once: worker", await each(100_000, () => engine.worker), "µs");
told("a call that answers at once: deployment(id)", await each(100_000, () => engine.deployment(deployment.id)), "µs");
told("a call that is awaited and does nothing", await each(20_000, () => native.nothing()), "µs");
told("findProject, store in memory", await each(20_000, () => engine.findProject(project.id)), "µs");

await world.flood(EVENTS);
const begun = performance.now();
let count = 0;
for await (const _ of deployment.events()) count++;
told(`events a second into \`for await\`, ${count} of them`, count / ((performance.now() - begun) / 1000), "/s");

const load = "const begun = performance.now(); require('dokploy'); console.log(performance.now() - begun);";
const loading = () => Number(execFileSync(process.execPath, ["--eval", load], { encoding: "utf8" }));
told("require('dokploy')", await median(async () => loading()), "ms");

await engine.close();
for (const end of endings) await end();
