// Processes and threads: an idle engine keeps none alive, and the end of one ends nothing that was accepted.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { after, directory, healthyFiles, needs, openReal, quick, real, tree, unique } from "./environment.mjs";

/** Runs a program in a process of its own, and answers its exit code, what it printed and how long it took, in ms. */
async function run(t, program, options) {
  const begun = performance.now();
  const head = `import { Engine } from "dokploy"; const options = ${JSON.stringify(options)};\n`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", head + program], {
    cwd: new URL(".", import.meta.url),
    stdio: ["ignore", "pipe", "pipe"],
  });
  after(t, () => child.kill("SIGKILL"));
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (output += text));
  const [code, signal] = await once(child, "close");
  return { code: code ?? signal, output, took: performance.now() - begun };
}

const idle = (t) => ({ dataDir: directory(t), dockerHost: "unix:///nothing/here.sock" });

test("an idle engine keeps no process alive, with parts of its own or without", async (t) => {
  const programs = [
    "await Engine.open(options);",
    "await Engine.open({ ...options, source: { resolve() {}, fetch() {} }, eventSink() {} });",
    "const engine = await Engine.open(options); await engine.createProject('shop'); await engine.close();",
    "const engine = await Engine.open(options); engine.deployment('01890000-0000-7000-8000-000000000000').events();",
  ];
  for (const program of programs) {
    const { code, output, took } = await run(t, program, idle(t));
    assert.equal(code, 0, output);
    assert.equal(output, "");
    assert.ok(took < 20_000, `${took} ms`);
  }
});

test("what is waited for keeps the process alive", async (t) => {
  const program = `
    const engine = await Engine.open({ ...options, concurrency: 0 });
    const project = await engine.createProject("shop");
    const application = await engine.createApplication(project, { name: "web", image: "busybox" });
    const deployment = await engine.deploy(application);
    setTimeout(() => deployment.cancel(), 300);
    const { state } = await deployment.wait();
    console.log(state.status);`;
  const { code, output } = await run(t, program, idle(t));
  assert.deepEqual([code, output], [0, "cancelled\n"]);
});

test("every way to end a process is a clean one", async (t) => {
  const begin = `
    const engine = await Engine.open({ ...options, concurrency: 0 });
    const project = await engine.createProject("shop");
    const application = await engine.createApplication(project, { name: "web", image: "busybox" });
    const deployment = await engine.deploy(application);
    const events = deployment.events(); await events.next(); events.next().catch(() => {});
    deployment.wait().catch(() => {});`;
  const ends = [
    ["process.exit(7);", 7],
    ["setTimeout(() => { throw new Error('uncaught'); }, 20);", 1],
    ["process.exitCode = 3; engine.close(); setTimeout(() => process.exit(), 50);", 3],
    ["process.kill(process.pid, 'SIGTERM'); await new Promise(() => setTimeout(() => {}, 9999));", "SIGTERM"],
  ];
  for (const [end, expected] of ends) {
    const { code, output } = await run(t, begin + end, idle(t));
    assert.equal(code, expected, output);
    assert.doesNotMatch(output, /panic|fatal|abort/i);
  }
});

test("a process that ends in the middle of a deployment hands it back, and the next one goes on", needs("docker"), async (t) => {
  const options = { dataDir: directory(t), ...real };
  const spec = { name: "web", directory: tree(t, healthyFiles()), ...quick };
  const program = `
    const engine = await Engine.open({ ...options, lease: 600, leaseRenewal: 1 });
    const project = await engine.createProject("${unique()}");
    const application = await engine.createApplication(project, ${JSON.stringify(spec)});
    const deployment = await engine.deploy(application);
    console.log(deployment.id);
    for await (const event of deployment.events()) {
      if (event.type === "step_started" && event.step === "await_healthy") process.exit(0);
    }`;
  const { code, output } = await run(t, program, options);
  assert.equal(code, 0, output);
  const engine = await openReal(t, options);
  const deployment = engine.deployment(output.trim());
  const { state } = await deployment.wait({ timeout: 60 });
  assert.equal(state.status, "success", JSON.stringify(state.failure));
  const types = [];
  for await (const { type } of deployment.events()) types.push(type);
  assert.ok(types.includes("handed_back"), types.join());
});

test("a process that ends while its parts are asked hands the deployment back as well", needs("docker"), async (t) => {
  const options = { dataDir: directory(t), ...real };
  const program = (part) => `
    const never = () => new Promise(() => {});
    const resolve = () => (asked(), never());
    let asked, begun = new Promise((resolve) => (asked = resolve));
    const engine = await Engine.open({ ...options, lease: 600, leaseRenewal: 1, ${part} });
    const project = await engine.createProject("${unique()}");
    const spec = { name: "web", gitSource: { repoUrl: "https://git.example.com/shop.git" } };
    const deployment = await engine.deploy(await engine.createApplication(project, spec));
    console.log(deployment.id);
    deployment.wait();
    await begun;
    process.exit(0);`;
  const parts = ["source: { resolve, fetch: never }", "eventSink: ({ type }) => type === 'step_started' && resolve()"];
  for (const part of parts) {
    const { code, output, took } = await run(t, program(part), options);
    assert.equal(code, 0, output);
    assert.ok(took < 20_000, `${took} ms`);
    const engine = await openReal(t, { ...options, source: refusing });
    const { state } = await engine.deployment(output.trim()).wait({ timeout: 60 });
    assert.equal(state.failure.message, "the next one was asked");
    // A hand-back is no worker that was lost.
    assert.deepEqual([state.attempt, state.epoch], [1, 2]);
  }
});

const refusing = {
  resolve() {
    throw new Error("the next one was asked");
  },
  fetch: () => ({ files: {} }),
};

/** A thread that opens an engine and does something with it. */
function thread(body, options) {
  const source = `
    const { parentPort, workerData: options } = require("node:worker_threads");
    const { Engine } = require("dokploy");
    (async () => { ${body} })();`;
  return new Worker(source, { eval: true, workerData: options });
}

test("several threads have engines of their own on one database", async (t) => {
  const options = idle(t);
  const body = "const engine = await Engine.open(options); parentPort.postMessage((await engine.createProject(options.name)).id);";
  const names = ["one", "two", "three"];
  const workers = names.map((name) => {
    return thread(body.replace("Engine.open(options)", "Engine.open(options.engine)"), { name, engine: options });
  });
  const ended = workers.map((worker) => once(worker, "exit"));
  await Promise.all(workers.map((worker) => once(worker, "message")));
  for (const [code] of await Promise.all(ended)) assert.equal(code, 0);
  const { code, output } = await run(t, "const engine = await Engine.open(options); console.log((await engine.listProjects()).items.length)", options);
  assert.deepEqual([code, output], [0, "3\n"]);
});

test("a thread that is terminated in the middle of a stream takes nothing with it", async (t) => {
  const body = `
    const engine = await Engine.open({ ...options, concurrency: 0, eventSink() {} });
    const project = await engine.createProject("shop");
    const application = await engine.createApplication(project, { name: "web", image: "busybox" });
    const deployment = await engine.deploy(application);
    deployment.wait();
    for await (const event of deployment.events()) parentPort.postMessage(deployment.id);`;
  for (let round = 0; round < 5; round++) {
    const worker = thread(body, idle(t));
    await once(worker, "message");
    assert.equal(await worker.terminate(), 1);
  }
});

test("a thread whose part is asked when it is terminated ends, and its deployment is handed back", needs("docker"), async (t) => {
  const options = { dataDir: directory(t), ...real };
  const gitSource = { repoUrl: "https://git.example.com/shop.git" };
  const body = `
    // A thread, too, is kept alive by no engine.
    setInterval(() => {}, 1000);
    const source = { resolve() { parentPort.postMessage("asked"); return new Promise(() => {}); }, fetch() {} };
    const engine = await Engine.open({ ...options, source, lease: 600, leaseRenewal: 1 });
    const project = await engine.createProject("${unique()}");
    const spec = { name: "web", gitSource: ${JSON.stringify(gitSource)} };
    const deployment = await engine.deploy(await engine.createApplication(project, spec));
    parentPort.postMessage(deployment.id);`;
  const worker = thread(body, options);
  const messages = [];
  await new Promise((resolve) => {
    worker.on("message", (message) => messages.push(message) === 2 && resolve());
  });
  await worker.terminate();
  const engine = await openReal(t, { ...options, source: refusing });
  const id = messages.find((message) => message !== "asked");
  const { state } = await engine.deployment(id).wait({ timeout: 60 });
  assert.equal(state.failure.message, "the next one was asked");
});
