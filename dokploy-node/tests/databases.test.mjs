// Databases, webhooks for a program that has a server of its own, and what a monitor reads.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { after, open } from "./environment.mjs";
import { FakeWorld } from "./worlds.mjs";

test("a database comes with its first deployment, and its connection with its password", async (t) => {
  const engine = await open(t, { concurrency: 0 });
  const project = await engine.createProject("shop");
  const { database, deployment } = await engine.createDatabase(project, "orders", "postgres", { tag: "16" });
  assert.equal(database.image, "postgres:16");
  assert.equal((await deployment.get()).applicationId, database.applicationId);
  assert.ok(!("password" in database));
  const { url, host, password } = await engine.databaseConnection(database);
  assert.equal(url, `postgresql://postgres:${password}@${host}:5432/orders`);
});

test("what is not said of a database stays, and null takes it away", async (t) => {
  const engine = await new FakeWorld(t).open({ concurrency: 0 });
  after(t, () => engine.close());
  const project = await engine.createProject("shop");
  const limits = { memoryLimit: 256, cpuLimit: 0.5 };
  let { database } = await engine.createDatabase(project, "cache", "redis", limits);
  database = await engine.updateDatabase(database, database.version, { memoryLimit: 512, cpuLimit: undefined });
  const { spec } = await engine.findApplication(database.applicationId);
  assert.deepEqual([spec.memoryLimit, spec.cpuLimit], [512, 0.5]);
  database = await engine.updateDatabase(database, database.version, { cpuLimit: null });
  const { spec: changed } = await engine.findApplication(database.applicationId);
  assert.deepEqual([changed.memoryLimit, changed.cpuLimit ?? null], [512, null]);
  await engine.deleteDatabase(database);
  assert.equal(await engine.findDatabase(database.id), null);
});

const PUSH = JSON.stringify({
  ref: "refs/heads/main",
  before: "6113728f27ae82c7b1a177c8d03f9e96e0adf246",
  after: "59b20b8d5c6ff8d09518454d4dd8b7b30f095ab5",
  commits: [],
  head_commit: { id: "59b20b8d5c6ff8d09518454d4dd8b7b30f095ab5", message: "as it is" },
  repository: { clone_url: "https://github.com/you/shop.git", default_branch: "main" },
});

/** Headers as a server of Node has them. */
function signed(secret) {
  const signature = createHmac("sha256", secret).update(PUSH).digest("hex");
  return { "x-github-event": "push", "x-github-delivery": "1", "x-hub-signature-256": [`sha256=${signature}`], via: undefined };
}

test("a signed push deploys once, and one with another secret never", async (t) => {
  const engine = await open(t, { concurrency: 0 });
  const project = await engine.createProject("shop");
  const gitSource = { repoUrl: "https://github.com/you/shop.git", branch: "main" };
  const application = await engine.createApplication(project, { name: "web", gitSource });
  const secret = await engine.webhookSecret(application);
  const first = await engine.receiveWebhook("github", signed(secret), Buffer.from(PUSH));
  const again = await engine.receiveWebhook("github", signed(secret), PUSH);
  assert.equal(first.deployments.length, 1);
  assert.deepEqual(again.deployments, first.deployments);

  await engine.rotateWebhookSecret(application, application.version);
  const late = engine.receiveWebhook("github", signed(secret), PUSH);
  await assert.rejects(late, { name: "DokployError", code: "unauthenticated" });
  await assert.rejects(engine.receiveWebhook("gopher", {}, ""), { code: "invalid_spec" });
});

test("a monitor reads what the engine did", async (t) => {
  const engine = await open(t, { concurrency: 0 });
  assert.match(await engine.metricsText(), /^# TYPE dokploy_/m);
});
