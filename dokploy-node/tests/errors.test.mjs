// Errors: of one class, with code, hint and fields, also from what is awaited.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { inspect } from "node:util";
import { DokployError, ERROR_CODES, Engine } from "dokploy";
import { directory, open } from "./environment.mjs";
import { table } from "./operations.mjs";
import { inner, native } from "./worlds.mjs";

const { rebuilt } = inner("errors");

test("every code of the core is a code here", () => {
  const codes = table("shapes").ErrorKind.values.map(({ value }) => value);
  assert.deepEqual(ERROR_CODES, codes);
});

test("every code crosses the border with all that an error says", async () => {
  for (const code of ERROR_CODES) {
    const error = rebuilt(await native.fail(JSON.stringify(code)).catch((thrown) => thrown));
    const { message, retryable, hint, cause } = error;
    assert.equal(error.code, code);
    assert.deepEqual([message, hint, cause.message], [`it failed with ${code}`, "try something else", "the cause"]);
    assert.equal(retryable, ["rate_limited", "unavailable"].includes(code));
  }
});

test("a panic is an error like others, and the process goes on", async () => {
  const error = rebuilt(await native.panic().catch((thrown) => thrown));
  assert.equal(error.code, "unexpected");
  assert.match(error.message, /on purpose/);
});

test("an awaited call fails with code, hint, cause and whether a retry can help", async (t) => {
  const engine = await open(t);
  const error = await engine.runtimeInfo().catch((error) => error);
  assert.ok(error instanceof DokployError && error instanceof Error);
  assert.equal(error.name, "DokployError");
  assert.equal(error.code, "unavailable");
  assert.equal(error.retryable, true);
  assert.match(error.hint, /start the Docker engine/);
  assert.deepEqual(error.violations, []);
  assert.match(error.cause.cause.message, /No such file or directory/);
});

test("the stack of an error leads to who called", async (t) => {
  const engine = await open(t);
  const error = await engine.runtimeInfo().catch((error) => error);
  assert.match(error.stack, /errors\.test\.mjs/);
});

test("an error that was printed shows what helps, once", async (t) => {
  const engine = await open(t);
  const error = await engine.createProject("Not A Name").catch((error) => error);
  const printed = inspect(error);
  assert.match(printed, /^DokployError: name: is not 1 to 40 lower-case letters/);
  assert.match(printed, /code: 'invalid_spec'/);
  assert.doesNotMatch(printed, /hint: undefined|"code":/);
});

test("every broken field is named", async (t) => {
  const engine = await open(t);
  const project = await engine.createProject("shop");
  const spec = { name: "web", image: "busybox", replicas: 5000, memoryLimit: 1 };
  const error = await engine.createApplication(project, spec).catch((error) => error);
  assert.equal(error.code, "invalid_spec");
  assert.deepEqual(error.violations.map(({ field }) => field).sort(), ["memoryLimit", "replicas"]);
});

test("an argument that is misspelt or of another type is named, and what it holds is not repeated", async (t) => {
  const engine = await open(t);
  const project = await engine.createProject("shop");
  const cases = [
    [() => engine.createApplication(project, { name: "web", image: "busybox", colour: "hunter2" }), /unknown field `colour`/],
    [() => engine.createApplication(project, { name: "web", image: "busybox", replicas: "hunter2" }), /spec\.replicas: /],
    [() => engine.deploy(project, { barnch: "hunter2" }), /unknown field `barnch`/],
    [() => engine.listProjects({ limit: -1 }), /limit: /],
    [() => engine.listProjects({ before: "hunter2" }), /before: /],
    [() => engine.createProject(undefined), /missing field `name`/],
    [() => engine.createCredential("git", "a", "b", { token: { token: ["hunter2"] } }), /secret/],
    [() => engine.deployment("01890000-0000-7000-8000-000000000000").wait({ timeout: -1 }), /timeout: /],
  ];
  for (const [call, expected] of cases) {
    const error = await call().catch((error) => error);
    assert.equal(error.code, "invalid_spec", inspect(error));
    assert.match(error.message, expected);
    assert.doesNotMatch(inspect(error), /hunter2/);
  }
});

test("an option that cannot be used is named", async (t) => {
  const good = { dataDir: directory(t), dockerHost: "unix:///nothing" };
  const cases = [
    ["databaseUrl", { databaseUrl: "mysql://u:hunter2@h/d" }],
    ["docker.host", { dockerHost: "ssh://engine" }],
    ["secretKey", { secretKey: "hunter2" }],
    ["secretKey", { secretKey: "hunter2", secretKeyFile: "hunter2" }],
    ["range", { allowedRanges: ["everything"] }],
    ["concurrency", { concurrency: -1 }],
    ["lease", { lease: "long" }],
    ["colour", { colour: "red" }],
  ];
  for (const [field, options] of cases) {
    const error = await Engine.open({ ...good, ...options }).catch((error) => error);
    assert.equal(error.code, "invalid_spec", inspect(error));
    assert.match(error.violations[0]?.field ?? error.message, new RegExp(field.replace(".", "\\.")));
    assert.doesNotMatch(inspect(error), /hunter2/);
  }
});

test("what answers at once throws at once", async (t) => {
  const engine = await open(t);
  assert.throws(() => engine.deployment("../etc"), (error) => {
    return error instanceof DokployError && error.code === "invalid_spec" && error.violations[0].field === "id";
  });
});

test("both kinds of modules have the same classes", () => {
  const required = createRequire(import.meta.url)("dokploy");
  assert.equal(required.DokployError, DokployError);
  assert.equal(required.Engine, Engine);
});

test("what is not an object is no options, and what was not found is no id", async (t) => {
  const engine = await open(t, { concurrency: 0 });
  const deployment = engine.deployment("01890000-0000-7000-8000-000000000000");
  await assert.rejects(Engine.open("here"), TypeError);
  await assert.rejects(engine.createProject("shop", "a description"), TypeError);
  await assert.rejects(deployment.wait(60), TypeError);
  assert.throws(() => deployment.events(3), TypeError);
  await assert.rejects(engine.deploy(null), /an id, or something that has one, is expected/);
});
