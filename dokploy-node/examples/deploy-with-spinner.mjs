// Deploys from git and shows on one line where the deployment stands.
//
// node deploy-with-spinner.mjs <URL or path of a git repository with a Dockerfile>
import { resolve } from "node:path";
import { Engine } from "dokploy";

const FRAMES = [..."⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"];

/** One line on a terminal that is drawn anew; elsewhere, a line for each change. */
class Spinner {
  #text = "";
  #frame = 0;
  /** @type {NodeJS.Timeout | undefined} */
  #timer;

  /** @param {string} text */
  show(text) {
    if (text === this.#text) return;
    this.#text = text;
    if (!process.stderr.isTTY) return void console.error(text);
    this.#timer ??= setInterval(() => this.#draw(), 80);
    this.#draw();
  }

  #draw() {
    this.#frame = (this.#frame + 1) % FRAMES.length;
    process.stderr.write(`\r\x1b[K${FRAMES[this.#frame]} ${this.#text}`);
  }

  stop() {
    clearInterval(this.#timer);
    if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
  }
}

const [location] = process.argv.slice(2);
if (!location) throw new Error("the URL or the path of a git repository is expected");

const engine = await Engine.open({
  dataDir: process.env.DOKPLOY_DATA_DIR,
  dockerHost: process.env.DOCKER_HOST,
  localSources: true,
});
const project = (await engine.findProjectByName("examples")) ?? (await engine.createProject("examples"));
const application = await engine.createApplication(project, {
  name: `spinner-${process.pid}`,
  gitSource: { repoUrl: location.includes(":") ? location : `file://${resolve(location)}` },
  update: { monitor: 3 },
});
const deployment = await engine.deploy(application);

const spinner = new Spinner();
/** The last line of the build, which says more than the name of its step. */
let line = "";
const reading = (async () => {
  for await (const { text } of deployment.logs()) line = text;
})();
for await (const event of deployment.events()) {
  const { progress, status } = (await deployment.get()).state;
  const told = event.type === "step_progressed" ? event.message : line;
  spinner.show(`${String(progress).padStart(3)} % ${status.padEnd(9)} ${told.slice(0, 80)}`);
}
spinner.stop();
await reading;

const { state } = await deployment.get();
if (state.status === "success") {
  console.log(`✔ ${application.serviceName} runs`);
} else {
  console.log(`✘ ${state.status}: ${state.failure?.message ?? state.message}`);
  for (const seen of state.failure?.evidence ?? []) console.log(`  ${seen}`);
  if (state.failure?.hint) console.log(`  ${state.failure.hint}`);
  process.exitCode = 1;
}
await engine.close();
