// Where scenarios take place: on a container engine in memory, or on a real one.
import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { Engine } from "dokploy";
import { baseImage, clear, directory, real } from "./environment.mjs";

const require = createRequire(import.meta.url);

/** A file of the package that programs cannot reach. */
export const inner = (name) => require(join(dirname(require.resolve("dokploy")), `${name}.js`));

/** The native part, which the tests build with a container engine in memory. */
export const { native } = inner("native");
const { sinkFunction } = inner("host");

/** Store and container engine in memory; engines share them. */
export class FakeWorld {
  baseImage = "scratch";
  #world = new native.FakeWorld();
  #directory;
  #natives = new Map();

  constructor(t) {
    this.#directory = directory(t);
  }

  async open({ process: _, eventSink, ...options }) {
    const dataDir = join(this.#directory, `engine-${this.#natives.size}`);
    const text = JSON.stringify({ dataDir, watchInterval: 0, ...options });
    const opened = await this.#world.open(text, undefined, eventSink && sinkFunction(eventSink));
    const engine = new Engine(opened);
    this.#natives.set(engine, opened);
    return engine;
  }

  async kill(engine) {
    this.#world.kill(this.#natives.get(engine));
  }

  close(engine) {
    return engine.close();
  }

  flood(count) {
    return this.#world.flood(count);
  }

  async end() {}
}

/** A container engine of the test environment, and a database in a file. */
export class RealWorld {
  baseImage = baseImage;
  #options;

  constructor(t) {
    this.#options = { dataDir: directory(t), ...real };
  }

  async open({ process: own, ...options }) {
    const all = { ...this.#options, ...options };
    if (!own) return Engine.open(all);
    const child = fork(new URL("other-process.mjs", import.meta.url));
    child.send(all);
    const [opened] = await once(child, "message");
    assert.equal(opened, "open");
    return child;
  }

  async kill(child) {
    child.kill("SIGKILL");
    await once(child, "exit");
  }

  async close(engine) {
    if (engine instanceof Engine) return engine.close();
    engine.send("close");
    const [code] = await once(engine, "exit");
    assert.equal(code, 0);
  }

  async end() {
    const engine = await this.open({});
    await clear(engine);
    await engine.close();
  }
}
