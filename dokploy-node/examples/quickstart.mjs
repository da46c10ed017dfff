// A git repository becomes a running service, is changed, and goes back.
//
// node quickstart.mjs <URL or path of a git repository with a Dockerfile>
import { resolve } from "node:path";
import { Engine } from "dokploy";

const [location] = process.argv.slice(2);
if (!location) throw new Error("the URL or the path of a git repository is expected");
const repoUrl = location.includes(":") ? location : `file://${resolve(location)}`;

// The database, the key, git mirrors and logs are in one directory; the container engine is the local one.
const engine = await Engine.open({
  dataDir: process.env.DOKPLOY_DATA_DIR,
  dockerHost: process.env.DOCKER_HOST,
  // Makes a Docker that is in no swarm a swarm of one node.
  initialiseSwarm: true,
  // Repositories on this machine are allowed here. A server with several users does not.
  localSources: true,
});

const project = (await engine.findProjectByName("examples")) ?? (await engine.createProject("examples"));
const application = await engine.createApplication(project, {
  name: `quickstart-${process.pid}`,
  gitSource: { repoUrl },
  envVars: [{ key: "GREETING", value: "hello" }],
  // How long all tasks have to stay healthy before it counts as a success. The default is 30 seconds.
  update: { monitor: 3 },
});

/** @param {import("dokploy").DeploymentHandle} deployment */
async function follow(deployment) {
  for await (const event of deployment.events()) {
    console.log(`  ${event.type}${"step" in event ? ` ${event.step}` : ""}`);
  }
  const { state } = await deployment.get();
  console.log(`${state.status}: ${state.message}`);
  if (state.status !== "success") process.exit(1);
}

console.log(`deploying ${repoUrl}`);
await follow(await engine.deploy(application));

const changed = { ...application.spec, envVars: [{ key: "GREETING", value: "good evening" }] };
await engine.updateApplication(application, application.version, changed);
const plan = await engine.plan(application);
console.log("changing", plan.changes.map(({ field, from, to }) => `${field}: ${from} -> ${to}`).join(", "));
await follow(await engine.deploy(application));

console.log("going back");
await follow(await engine.rollBack(application));

const { serviceName } = application;
console.log(`${serviceName} runs: docker service ps ${serviceName}`);
await engine.close();
