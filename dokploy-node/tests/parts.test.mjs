// Parts of the engine that are written here: what they do, and that nothing that they do ends the process.
import assert from "node:assert/strict";
import { test } from "node:test";
import { DokployError } from "dokploy";
import { healthyFiles, needs, openReal, quick, tree, unique } from "./environment.mjs";

const gitSource = { repoUrl: "https://git.example.com/shop.git", branch: "main" };

/** Deploys an application whose code comes from a source of a test, and waits for the end. */
async function deployed(t, parts, asked = {}) {
  const engine = await openReal(t, parts);
  const project = await engine.createProject(unique());
  const application = await engine.createApplication(project, { name: "web", gitSource, ...quick });
  const deployment = await engine.deploy(application, asked);
  return { engine, application, deployment, state: (await deployment.wait({ timeout: 120 })).state };
}

const working = () => {
  const files = healthyFiles();
  return { resolve: () => ({ id: unique() }), fetch: () => ({ files }) };
};

test("a source hands over files, and what it is asked for has the form of the core", needs("docker"), async (t) => {
  const asked = [];
  const files = { ...healthyFiles(), "bin/run": { content: new Uint8Array([0xff, 0x00]), executable: true } };
  const source = {
    async resolve(request, signal) {
      asked.push(request);
      assert.ok(signal instanceof AbortSignal);
      return { id: "0123456789abcdef0123456789abcdef01234567", message: "the first one" };
    },
    async fetch(request, revision) {
      assert.equal(revision.message, "the first one");
      assert.deepEqual(request, asked[0]);
      return { files };
    },
    forget: (application) => void asked.push(application),
  };
  const { engine, application, deployment, state } = await deployed(t, { source }, { branch: "next" });
  assert.equal(state.status, "success", JSON.stringify(state.failure));
  assert.equal(asked[0].application, application.id);
  assert.equal(asked[0].branch, "next");
  assert.equal(asked[0].source.repoUrl, gitSource.repoUrl);
  assert.equal(asked[0].credential, null);
  assert.equal(state.steps.resolve_source.output.revision.message, "the first one");
  assert.match(state.steps.build_image.output.image, /:0123456/);
  assert.equal((await deployment.get()).state.status, "success");
  await engine.deleteApplication(application);
  assert.equal(asked.at(-1), application.id);
});

test("a source hands over a directory", needs("docker"), async (t) => {
  const directory = tree(t, healthyFiles());
  const source = { resolve: () => ({ id: unique() }), fetch: () => ({ directory }) };
  const { state } = await deployed(t, { source });
  assert.equal(state.status, "success", JSON.stringify(state.failure));
});

test("a source gets the credential of its host in clear", needs("docker"), async (t) => {
  let seen;
  const source = {
    resolve(request) {
      seen = request.credential;
      throw new Error("that was all");
    },
    fetch: () => ({ files: {} }),
  };
  const engine = await openReal(t, { source });
  const secret = { basic: { username: "me", password: "hunter2" } };
  const credential = await engine.createCredential("git", unique(), "git.example.com", secret);
  const project = await engine.createProject(unique());
  const spec = { name: "web", gitSource: { ...gitSource, credentialId: credential.id } };
  const deployment = await engine.deploy(await engine.createApplication(project, spec));
  await deployment.wait({ timeout: 60 });
  assert.deepEqual(seen, { host: "git.example.com", secret });
});

test("whatever a source throws or answers, the deployment fails with its message", needs("docker"), async (t) => {
  const throwing = (thrown) => () => {
    throw thrown;
  };
  const chained = new Error("no such tag", { cause: new Error("the mirror is old") });
  const coded = new DokployError("who are you", { code: "unauthenticated", hint: "sign in" });
  const cases = [
    [throwing(chained), { code: "source_failed", message: "no such tag", causes: ["the mirror is old"] }],
    [throwing(coded), { code: "unauthenticated", message: "who are you", hint: "sign in" }],
    [throwing("a text"), { code: "source_failed", message: "a text" }],
    [throwing(undefined), { code: "source_failed", message: "undefined" }],
    [throwing(new RangeError()), { code: "source_failed", message: "RangeError" }],
    [() => Promise.reject(new Error("later")), { code: "source_failed", message: "later" }],
    [() => undefined, { code: "unexpected", message: /answered something else/ }],
    [() => ({ id: 5 }), { code: "unexpected", message: /answered something else.*id/ }],
    [() => ({ id: 5n }), { code: "source_failed", message: /BigInt/ }],
  ];
  let resolve;
  const source = { resolve: () => resolve(), fetch: () => ({ files: {} }) };
  const engine = await openReal(t, { source });
  const project = await engine.createProject(unique());
  const application = await engine.createApplication(project, { name: "web", gitSource });
  for (const [answer, expected] of cases) {
    resolve = answer;
    const { state } = await (await engine.deploy(application)).wait({ timeout: 60 });
    assert.equal(state.status, "failed");
    assert.equal(state.failure.step, "resolve_source");
    for (const [field, value] of Object.entries(expected)) {
      if (value instanceof RegExp) assert.match(state.failure[field], value);
      else assert.deepEqual(state.failure[field], value);
    }
  }
});

test("a path that leaves the tree is refused", needs("docker"), async (t) => {
  const files = { ...healthyFiles(), "../outside": "" };
  const source = { resolve: () => ({ id: unique() }), fetch: () => ({ files }) };
  const { state } = await deployed(t, { source });
  assert.equal(state.failure.code, "source_failed");
  assert.match(state.failure.message, /"\.\.\/outside" is no path/);
});

test("a source that says so is asked again", needs("docker"), async (t) => {
  let asked = 0;
  const source = {
    ...working(),
    resolve() {
      asked += 1;
      if (asked === 1) throw new DokployError("not yet", { code: "unavailable", retryable: true });
      return { id: unique() };
    },
  };
  const { state } = await deployed(t, { source });
  assert.equal(state.status, "success", JSON.stringify(state.failure));
  assert.equal(asked, 2);
});

test("a source is told when nobody waits for it any more", needs("docker"), async (t) => {
  let begun;
  const begins = new Promise((resolve) => (begun = resolve));
  let told;
  const tells = new Promise((resolve) => (told = resolve));
  const source = {
    resolve: () => ({ id: unique() }),
    fetch(_request, _revision, signal) {
      begun();
      return new Promise((_, reject) => {
        signal.addEventListener("abort", () => (told(signal.reason), reject(signal.reason)));
      });
    },
  };
  const engine = await openReal(t, { source });
  const project = await engine.createProject(unique());
  const application = await engine.createApplication(project, { name: "web", gitSource });
  const deployment = await engine.deploy(application);
  // An engine that is not waited for keeps no process alive.
  const ended = deployment.wait({ timeout: 60 });
  await begins;
  await deployment.cancel();
  assert.equal((await tells).code, "cancelled");
  assert.equal((await ended).state.status, "cancelled");
});

test("a sink is told every event in order, before the deployment goes on", needs("docker"), async (t) => {
  const told = [];
  const eventSink = async (event) => {
    await new Promise(setImmediate);
    told.push(event);
  };
  const { engine, deployment, state } = await deployed(t, { source: working(), eventSink });
  assert.equal(state.status, "success", JSON.stringify(state.failure));
  await engine.close();
  const events = [];
  for await (const event of deployment.events()) events.push(event);
  assert.deepEqual(told, events);
});

test("a sink that throws fails the deployment with its message", needs("docker"), async (t) => {
  const eventSink = ({ type, step }) => {
    if (type === "step_started" && step === "fetch_source") throw new Error("the pager is out of order");
  };
  const { state } = await deployed(t, { source: working(), eventSink });
  assert.equal(state.status, "failed");
  assert.equal(state.failure.step, "fetch_source");
  assert.equal(state.failure.code, "unexpected");
  assert.equal(state.failure.message, "the event sink failed: the pager is out of order");
});
