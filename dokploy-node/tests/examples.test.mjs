// The examples, as somebody runs them.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { Engine } from "dokploy";
import { after, baseImage, clear, directory, dockerHost, needs, real, tree, unique } from "./environment.mjs";

const SERVING = ["/bin/busybox", "sh", "-c", "echo serving; exec /bin/busybox sleep 3600"];

/** A git repository with a Dockerfile. */
function repository(t, command = SERVING, build = "") {
  const dockerfile = `FROM ${baseImage}\nCOPY nonce /nonce\n${build}CMD ${JSON.stringify(command)}\n`;
  const path = tree(t, { nonce: unique(), Dockerfile: dockerfile });
  const git = (...args) => execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.com", ...args], { cwd: path, encoding: "utf8" });
  git("init", "--quiet", "--initial-branch=main");
  git("add", "--all");
  git("commit", "--quiet", "--message", "first");
  return { path, head: git("rev-parse", "HEAD").trim() };
}

/** Starts an example; what it made is deleted after the test. */
function start(t, name, args) {
  const dataDir = directory(t);
  const env = { ...process.env, DOKPLOY_DATA_DIR: dataDir, DOCKER_HOST: dockerHost, PORT: "0" };
  const file = new URL(`../examples/${name}.mjs`, import.meta.url);
  const child = spawn(process.execPath, [file.pathname, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
  after(t, async () => {
    child.kill("SIGKILL");
    const engine = await Engine.open({ ...real, dataDir });
    await clear(engine);
    await engine.close();
  });
  const example = { child, output: "" };
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => (example.output += text));
  }
  example.ended = once(child, "close").then(([code]) => code);
  return example;
}

test("quickstart deploys, changes and goes back", needs("docker"), async (t) => {
  const example = start(t, "quickstart", [repository(t).path]);
  assert.equal(await example.ended, 0, example.output);
  assert.equal(example.output.match(/^success: /gm).length, 3, example.output);
  assert.match(example.output, /changing envVars.GREETING: hello -> good evening/);
});

test("the spinner shows where a deployment stands", needs("docker"), async (t) => {
  const example = start(t, "deploy-with-spinner", [repository(t).path]);
  assert.equal(await example.ended, 0, example.output);
  assert.match(example.output, /% building/);
  assert.match(example.output, /✔ .* runs/);
});

test("the step of a pipeline ends with 0 for a commit that runs", needs("docker"), async (t) => {
  const { path, head } = repository(t);
  const example = start(t, "ci-step", [path, unique("ci"), head]);
  assert.equal(await example.ended, 0, example.output);
  assert.match(example.output, /^build_image {2}/m);
  assert.match(example.output, /^success: /m);
});

test("the step of a pipeline ends with 1 for a build that fails, and shows why", needs("docker"), async (t) => {
  const { path } = repository(t, SERVING, 'RUN ["/bin/busybox", "false"]\n');
  const example = start(t, "ci-step", [path, unique("ci")]);
  assert.equal(await example.ended, 1, example.output);
  assert.match(example.output, /^failed: /m);
});

test("the step of a pipeline ends with 2 for what cannot be asked for", needs("docker"), async (t) => {
  const example = start(t, "ci-step", [repository(t).path, "Not A Name"]);
  assert.equal(await example.ended, 2, example.output);
  assert.match(example.output, /^invalid_spec: /m);
});

test("the step of a pipeline that is stopped cancels its deployment", needs("docker"), async (t) => {
  const { path } = repository(t, SERVING, 'RUN ["/bin/busybox", "sleep", "30"]\n');
  const example = start(t, "ci-step", [path, unique("ci")]);
  while (!/^build_image/m.test(example.output)) await once(example.child.stdout, "data");
  example.child.kill("SIGTERM");
  assert.equal(await example.ended, 130, example.output);
  assert.match(example.output, /^cancelled: /m);
});

test("the web program deploys and sends live events, also after a connection was lost", needs("docker"), async (t) => {
  const example = start(t, "live-events", [repository(t).path]);
  while (!/http:\S+/.test(example.output)) {
    assert.equal(example.child.exitCode, null, example.output);
    await Promise.race([once(example.child.stdout, "data"), once(example.child, "close")]);
  }
  const [url] = /http:\S+/.exec(example.output);
  assert.match(await (await fetch(url)).text(), /EventSource/);
  const missing = await fetch(`${url}/deployments/01890000-0000-7000-8000-000000000000/events`);
  assert.deepEqual([missing.status, (await missing.json()).code], [404, "not_found"]);

  const { id } = await (await fetch(`${url}/deployments`, { method: "POST" })).json();
  const whole = await (await fetch(`${url}/deployments/${id}/events`)).text();
  const events = [...whole.matchAll(/^data: (\{.*)$/gm)].map(([, data]) => JSON.parse(data));
  assert.equal(events.at(-1).type, "succeeded");
  const headers = { "last-event-id": String(events.length - 2) };
  const rest = await (await fetch(`${url}/deployments/${id}/events`, { headers })).text();
  assert.deepEqual([...rest.matchAll(/^id: (\d+)$/gm)].map(([, seq]) => Number(seq)), [events.length - 1, events.length]);
  example.child.kill("SIGTERM");
  assert.equal(await example.ended, 0, example.output);
});
