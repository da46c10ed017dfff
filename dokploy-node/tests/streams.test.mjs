// Streams and waiting: ended from either side, by a signal, or by the end of the deployment.
import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeWorld } from "./worlds.mjs";
import { healthyFiles, needs, open, openReal, quick, tree, unique } from "./environment.mjs";

/** A deployment that nobody works on: after `accepted` its stream has nothing for ever. */
async function waiting(t) {
  const engine = await open(t, { concurrency: 0 });
  const project = await engine.createProject("shop");
  const application = await engine.createApplication(project, { name: "web", image: "busybox" });
  return { engine, deployment: await engine.deploy(application, { actor: "tester" }) };
}

/** A signal that is aborted when the first item was seen. */
async function abortedAfterFirst(stream, controller) {
  const seen = [];
  const reading = (async () => {
    for await (const item of stream) {
      seen.push(item);
      setImmediate(() => controller.abort());
    }
  })();
  const error = await reading.catch((error) => error);
  return { seen, error };
}

test("a signal ends a stream that waits, with its reason", async (t) => {
  const { deployment } = await waiting(t);
  const controller = new AbortController();
  const events = deployment.events({ signal: controller.signal });
  const { seen, error } = await abortedAfterFirst(events, controller);
  assert.deepEqual(seen.map(({ type, actor }) => [type, actor]), [["accepted", "tester"]]);
  assert.equal(error.name, "AbortError");
  assert.deepEqual(await events.next(), { done: true, value: undefined });
});

test("a signal that is aborted already ends a stream before its first item", async (t) => {
  const { deployment } = await waiting(t);
  const signal = AbortSignal.abort(new Error("not now"));
  await assert.rejects(deployment.events({ signal }).next(), /not now/);
  await assert.rejects(deployment.wait({ signal }), /not now/);
});

test("leaving the loop ends the stream", async (t) => {
  const { deployment } = await waiting(t);
  const events = deployment.events();
  for await (const { type } of events) {
    assert.equal(type, "accepted");
    break;
  }
  assert.deepEqual(await events.next(), { done: true, value: undefined });
});

test("ending a stream ends whoever waits for its next item", async (t) => {
  const { deployment } = await waiting(t);
  const events = deployment.events({ after: 1 });
  const next = events.next();
  await events.return();
  assert.deepEqual(await next, { done: true, value: undefined });
});

test("items go to those who ask in turn, each to one", async (t) => {
  const { engine, deployment } = await waiting(t);
  await deployment.cancel({ actor: "tester" });
  const events = engine.deployment(deployment.id).events();
  const results = await Promise.all([events.next(), events.next(), events.next(), events.next()]);
  const types = results.map(({ value }) => value?.type);
  assert.deepEqual(types, ["accepted", "cancel_requested", "cancelled", undefined]);
});

test("a stream of what is absent fails with its code", async (t) => {
  const engine = await open(t);
  const absent = engine.deployment("01890000-0000-7000-8000-000000000000");
  for (const stream of [absent.events(), engine.serviceLogs("01890000-0000-7000-8000-000000000000")]) {
    await assert.rejects(stream.next(), { code: "not_found" });
    assert.deepEqual(await stream.next(), { done: true, value: undefined });
  }
});

test("waiting ends by time and by signal, and the deployment goes on", async (t) => {
  const { deployment } = await waiting(t);
  await assert.rejects(deployment.wait({ timeout: 0.05 }), { code: "timed_out", retryable: false });
  const controller = new AbortController();
  const waited = deployment.wait({ signal: controller.signal });
  controller.abort(new Error("enough"));
  await assert.rejects(waited, /enough/);
  await assert.rejects(deployment.wait({ signal: AbortSignal.timeout(20) }), { name: "TimeoutError" });
  assert.equal((await deployment.get()).state.status, "pending");
});

test("events and lines come while a deployment runs, and end with it", needs("docker"), async (t) => {
  const engine = await openReal(t);
  const project = await engine.createProject(unique());
  const spec = { name: "web", directory: tree(t, healthyFiles()), ...quick };
  const application = await engine.createApplication(project, spec);
  const deployment = await engine.deploy(application);
  const [events, lines, outcome] = await Promise.all([
    all(deployment.events()),
    all(deployment.logs()),
    deployment.wait({ timeout: 120 }),
  ]);
  assert.equal(outcome.state.status, "success");
  assert.deepEqual(events.map(({ seq }) => seq), events.map((_, index) => index + 1));
  assert.equal(events.at(-1).type, "succeeded");
  assert.deepEqual(lines.map(({ seq }) => seq), lines.map((_, index) => index + 1));
  assert.ok(lines.some(({ step }) => step === "build_image"));

  const last = await all(deployment.events({ after: events.length - 1 }));
  assert.deepEqual(last, [events.at(-1)]);
  assert.deepEqual(await all(deployment.logs({ after: lines.length - 1, follow: false })), [lines.at(-1)]);

  const output = await firstLine(engine.serviceLogs(application, { tail: 10 }));
  assert.equal(output.text, "serving");
  const later = engine.serviceLogs(application, { since: new Date(Date.now() + 3_600_000) });
  assert.deepEqual(await all(later), []);
  const stats = await engine.serviceStats(application);
  assert.equal(stats.tasks.length, 1);
  assert.ok(stats.memory > 0);
});

test("many events come in order and without a gap, also to several readers", async (t) => {
  const COUNT = 20_000;
  const world = new FakeWorld(t);
  const engine = await world.open({ concurrency: 0 });
  const project = await engine.createProject("shop");
  const deployment = await engine.deploy(await engine.createApplication(project, { name: "web", image: "busybox" }));
  assert.equal(await world.flood(COUNT), deployment.id);
  const counted = async (after) => {
    let last = after;
    for await (const { seq } of deployment.events({ after })) assert.equal(seq, ++last);
    return last;
  };
  const lasts = await Promise.all([counted(0), counted(0), counted(COUNT / 2)]);
  assert.ok(lasts.every((last) => last === lasts[0] && last >= COUNT), lasts.join());
});

async function all(stream) {
  const items = [];
  for await (const item of stream) items.push(item);
  return items;
}

async function firstLine(stream) {
  for await (const line of stream) return line;
  return undefined;
}
