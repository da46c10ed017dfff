// A step of a pipeline: deploys one commit, prints the log, and ends with 0 only when the commit runs and is healthy.
//
// node ci-step.mjs <URL or path of a git repository> <application> [commit]
//
// 0 success · 1 the deployment failed or was rolled back · 2 it could not be asked for · 130 it was interrupted
import { resolve } from "node:path";
import { DokployError, Engine } from "dokploy";

const [location, name, commitSha] = process.argv.slice(2);
if (!location || !name) {
  console.error("usage: ci-step.mjs <URL or path of a git repository> <application> [commit]");
  process.exit(2);
}
const repoUrl = location.includes(":") ? location : `file://${resolve(location)}`;

/** @param {Engine} engine */
async function application(engine) {
  const project = (await engine.findProjectByName("pipeline")) ?? (await engine.createProject("pipeline"));
  const known = await engine.findApplicationByName(project, name);
  const spec = { name, gitSource: { repoUrl }, update: { monitor: 3 } };
  return known ? engine.updateApplication(known, known.version, spec) : engine.createApplication(project, spec);
}

/** @param {Engine} engine */
async function deploy(engine) {
  const asked = { commitSha, title: process.env.CI_JOB_NAME, actor: process.env.CI_ACTOR ?? "pipeline" };
  const deployment = await engine.deploy(await application(engine), asked);
  // A pipeline that is stopped stops its deployment as well, and says so when that has really happened.
  for (const signal of ["SIGINT", "SIGTERM"]) {
    process.once(signal, () => void deployment.cancel({ actor: signal }).catch(console.error));
  }
  for await (const line of deployment.logs()) console.log(`${line.step}  ${line.text}`);
  return (await deployment.wait()).state;
}

const engine = await Engine.open({
  dataDir: process.env.DOKPLOY_DATA_DIR,
  databaseUrl: process.env.DATABASE_URL,
  dockerHost: process.env.DOCKER_HOST,
  localSources: true,
}).catch(refused);
const state = await deploy(engine).catch(refused);
console.log(`${state.status}: ${state.failure?.message ?? state.message}`);
for (const seen of state.failure?.evidence ?? []) console.log(`  ${seen}`);
await engine.close();
process.exitCode = { success: 0, cancelled: 130 }[/** @type {string} */ (state.status)] ?? 1;

/**
 * @param {unknown} error
 * @returns {never}
 */
function refused(error) {
  if (!(error instanceof DokployError)) throw error;
  console.error(`${error.code}: ${error.message}`);
  for (const { field, message } of error.violations) console.error(`  ${field} ${message}`);
  if (error.hint) console.error(`  ${error.hint}`);
  process.exit(2);
}
