import { optionsOf } from "./arguments.js";
import type { Caller } from "./caller.js";
import type { Engine } from "./engine.js";
import type { Deployment, DeploymentId, Event, LogLine } from "./shapes.js";
import type { StreamOptions } from "./stream.js";

/**
 * A deployment that was accepted, and the engine that knows it. Letting go of it stops nothing: only {@link cancel} does.
 */
export class DeploymentHandle {
  /** Its id. */
  readonly id: DeploymentId;
  readonly #caller: Caller;

  /** @internal {@link Engine.deployment} makes one. */
  constructor(caller: Caller, id: DeploymentId) {
    this.#caller = caller;
    this.id = id;
  }

  /**
   * Where it stands.
   * @throws {DokployError} `not_found`
   */
  async get(): Promise<Deployment> {
    return this.#caller.call("get", { id: this.id });
  }

  /**
   * Its events after a number, those of the past first and then those to come, without a gap, until the terminal one.
   * @throws {DokployError} `not_found`
   */
  events(options: { after?: number | undefined } & StreamOptions = {}): AsyncIterableIterator<Event> {
    const { signal, ...args } = optionsOf(options);
    return this.#caller.stream("events", { id: this.id, ...args }, signal);
  }

  /**
   * Lines of its log after a number, those of the past first; with `follow`, which is the default, until it is terminal.
   * @throws {DokployError} `not_found`
   */
  logs(
    options: { after?: number | undefined; follow?: boolean | undefined } & StreamOptions = {},
  ): AsyncIterableIterator<LogLine> {
    const { signal, ...args } = optionsOf(options);
    return this.#caller.stream("logs", { id: this.id, ...args }, signal);
  }

  /**
   * Waits until it is terminal, for at most `timeout` seconds. When the waiting ends before, also by the signal, the
   * deployment goes on.
   * @throws {DokployError} `not_found`, `timed_out`
   */
  async wait(
    options: { timeout?: number | undefined; signal?: AbortSignal | undefined } = {},
  ): Promise<Deployment> {
    const { signal, ...args } = optionsOf(options);
    return this.#caller.call("wait", { id: this.id, ...args }, signal);
  }

  /**
   * Asks to cancel it; it becomes `cancelled` after the work has really stopped. Asking again, or for one that is
   * terminal, changes nothing.
   * @throws {DokployError} `not_found`, `unavailable`
   */
  async cancel(args: { actor?: string | undefined } = {}): Promise<Deployment> {
    return this.#caller.call("cancel", { id: this.id, ...args });
  }
}
