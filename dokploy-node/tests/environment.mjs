// What the tests run on, as the environment says: see tests/environment of the workspace.
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Engine } from "dokploy";

const required = (process.env.DOKPLOY_TEST_REQUIRE ?? "").split(",").filter(Boolean);

/** What a part is called where it has to be there, and the variables that say where it is. */
const PARTS = {
  docker: ["DOKPLOY_TEST_DOCKER_HOST", "DOKPLOY_TEST_BASE_IMAGE"],
  postgres: ["DOKPLOY_TEST_POSTGRES_URL"],
  redis: ["DOKPLOY_TEST_REDIS_URL"],
};

/** Options of a test that needs a part: it says that it is skipped where there is none, and fails where there has to be. */
export function needs(part) {
  const missing = PARTS[part].filter((name) => !process.env[name]);
  if (missing.length === 0) return {};
  if (required.includes(part)) throw new Error(`${missing} is not set, and ${part} is required`);
  return { skip: `skipped: ${missing} is not set` };
}

export const dockerHost = process.env.DOKPLOY_TEST_DOCKER_HOST;
export const baseImage = process.env.DOKPLOY_TEST_BASE_IMAGE;
export const redisUrl = process.env.DOKPLOY_TEST_REDIS_URL;

/** A name that nothing else on the engine has. */
export const unique = (prefix = "node") => `${prefix}-${randomBytes(4).toString("hex")}`;

const endings = new WeakMap();

/** Does something after a test: what was begun last ends first. */
export function after(t, end) {
  if (!endings.has(t)) {
    endings.set(t, []);
    t.after(async () => {
      for (const end of endings.get(t).reverse()) await end();
    });
  }
  endings.get(t).push(end);
}

/** A directory that is gone after the test. */
export function directory(t) {
  const path = mkdtempSync(join(tmpdir(), "dokploy-node-"));
  after(t, () => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A directory with these files. */
export function tree(t, files) {
  const path = directory(t);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(path, name), content);
  return path;
}

/** Files of an application that is healthy at once. */
export const healthyFiles = () => ({
  nonce: unique(),
  Dockerfile: `FROM ${baseImage}\nCOPY nonce /nonce\nCMD ["/bin/busybox", "sh", "-c", "echo serving; exec /bin/busybox sleep 3600"]\n`,
});

/** What makes a rollout short. */
export const quick = {
  endpointMode: "dnsrr",
  stopGrace: 1,
  update: { monitor: 1, delay: 0, healthyDeadline: 60 },
};

/** An engine of a test, closed after it. Without a container engine unless options say where one is. */
export async function open(t, options = {}) {
  const engine = await Engine.open({
    dataDir: directory(t),
    dockerHost: "unix:///nothing/here.sock",
    watchInterval: 0,
    ...options,
  });
  after(t, () => engine.close());
  return engine;
}

/** Options of an engine on the real container engine. */
export const real = {
  dockerHost,
  localSources: true,
  network: "dokploy-tests",
  startsPerMinute: 1000,
  pollInterval: 0.2,
};

/** An engine on the real container engine, whose applications are deleted after the test. */
export async function openReal(t, options = {}) {
  const engine = await open(t, { ...real, ...options });
  after(t, () => clear(engine));
  return engine;
}

/** Deletes everything of an engine. */
export async function clear(engine) {
  for (const application of (await engine.listApplications()).items) {
    const open = (await engine.listDeployments({ application })).items;
    await Promise.all(open.map(({ id }) => engine.deployment(id).cancel()));
    if (application.databaseId) await engine.deleteDatabase(application.databaseId);
    else await engine.deleteApplication(application);
  }
}
