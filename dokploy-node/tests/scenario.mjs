// Runs one of the scenarios that every language has to run the same way.
import assert from "node:assert/strict";
import { DokployError } from "dokploy";
import { after, tree, unique } from "./environment.mjs";
import { invoke } from "./operations.mjs";

/** Events that come or not, as it happens. */
const INCIDENTAL = ["step_progressed", "warned"];

export class Scenario {
  #engines = new Map();
  #answers = new Map();
  #texts;
  #world;
  #options;
  #spec;

  constructor(t, world, { options, spec, tree: files }, own = {}) {
    this.#texts = { nonce: unique(), base_image: world.baseImage, project: unique("parity") };
    this.#texts.tree = tree(t, this.#filled(files));
    this.#world = world;
    this.#spec = this.#filled(spec);
    this.#options = { ...options, ...own };
    after(t, () => this.#end());
  }

  async run(steps) {
    await this.open({ engine: "main" });
    for (const [index, step] of steps.entries()) {
      try {
        await this[step.do](step);
      } catch (error) {
        error.message = `step ${index + 1}, ${JSON.stringify(step)}: ${error.message}`;
        throw error;
      }
    }
  }

  async open({ engine, process, options }) {
    const opened = await this.#world.open({ ...this.#options, ...options, process });
    this.#engines.set(engine, opened);
  }

  async kill({ engine }) {
    await this.#world.kill(this.#taken(engine));
  }

  async close({ engine }) {
    await this.#world.close(this.#taken(engine));
  }

  #taken(name) {
    const engine = this.#engines.get(name);
    this.#engines.delete(name);
    return engine;
  }

  async call({ engine = "main", of, operation, args = {}, as, expect, fails }) {
    const target = of ? this.#handle(of, engine) : this.#engines.get(engine);
    const filled = this.#filled(args);
    if ("spec" in filled) filled.spec = this.#laidOver(filled.spec);
    // What answers at once throws at once.
    const calling = (async () => invoke(target, operation, filled))();
    if (fails) return void (await assert.rejects(calling, (error) => this.#isError(error, fails)));
    const answer = (await calling) ?? null;
    if (as) this.#answers.set(as, answer);
    if (expect !== undefined) matches(answer, this.#filled(expect));
  }

  async until({ of, event: expected }) {
    for await (const event of this.#handle(of, "main").events()) {
      if (isLike(event, expected)) return;
    }
    assert.fail("the deployment ended before");
  }

  async events({ of, expect }) {
    const events = [];
    for await (const event of this.#handle(of, "main").events()) {
      if (!INCIDENTAL.includes(event.type)) events.push(event);
    }
    matches(events, this.#filled(expect));
  }

  /** A deployment as one of the engines knows it. */
  #handle(reference, engine) {
    return this.#engines.get(engine).deployment(this.#filled(reference).id);
  }

  #isError(error, { code, retryable, violations }) {
    assert.ok(error instanceof DokployError, String(error));
    const fields = violations && error.violations.map(({ field }) => field).sort();
    const found = { code: error.code, retryable: error.retryable, violations: fields };
    assert.deepEqual(found, { code, retryable, violations: violations?.toSorted() });
    return true;
  }

  #laidOver(spec) {
    const laid = { ...this.#spec, ...spec };
    return Object.fromEntries(Object.entries(laid).filter(([, value]) => value !== null));
  }

  /** A value with what `${…}` and `$name.field` stand for. */
  #filled(value) {
    if (Array.isArray(value)) return value.map((item) => this.#filled(item));
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.#filled(item)]));
    }
    if (typeof value !== "string") return value;
    const reference = /^\$(\w+)((?:\.\w+)*)$/.exec(value);
    if (reference && this.#answers.has(reference[1])) {
      const fields = reference[2].split(".").filter(Boolean);
      return fields.reduce((part, field) => part[field], this.#answers.get(reference[1]));
    }
    return value.replace(/\$\{(\w+)\}/g, (_, name) => this.#texts[name]);
  }

  async #end() {
    for (const engine of this.#engines.keys()) await this.close({ engine });
    await this.#world.end();
  }
}

/** Fails unless an answer has everything that is expected of it. */
function matches(found, expected, path = "the answer") {
  if (expected === "*") return assert.ok(found != null, `${path} is ${found}`);
  if (Array.isArray(expected)) {
    assert.ok(Array.isArray(found), `${path} is no list`);
    const told = () => `${path} has other items: ${JSON.stringify(found)}`;
    assert.equal(found.length, expected.length, told());
    return expected.forEach((item, index) => matches(found[index], item, `${path}[${index}]`));
  }
  if (expected && typeof expected === "object") {
    assert.ok(found && typeof found === "object", `${path} is ${JSON.stringify(found)}`);
    return Object.entries(expected).forEach(([key, value]) => matches(found[key], value, `${path}.${key}`));
  }
  // What is absent is null.
  assert.deepEqual(found ?? null, expected, `${path} is ${JSON.stringify(found)}`);
}

function isLike(found, expected) {
  try {
    matches(found, expected);
    return true;
  } catch {
    return false;
  }
}
