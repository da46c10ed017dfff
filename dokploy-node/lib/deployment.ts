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
  get(): Promise<Deployment> {
    return this.#caller.call("get", { id: this.id });
  }

  /**
   * Its events after a number, those of the past first and then those to come, without a gap, until the terminal one.
   * @throws {DokployError} `not_found`
   */
  events({ signal, ...args }: { after?: number | undefined } & StreamOptions = {}): AsyncIterableIterator<Event> {
    return this.#caller.stream("events", { id: this.id, ...args }, signal);
  }

  /**
   * Lines of its log after a number, those of the past first; with `follow`, which is the default, until it is terminal.
   * @throws {DokployError} `not_found`
   */
  logs({
    signal,
    ...args
  }: { after?: number | undefined; follow?: boolean | undefined } & StreamOptions = {}): AsyncIterableIterator<LogLine> {
    return this.#caller.stream("logs", { id: this.id, ...args }, signal);
  }

  /**
   * Waits until it is terminal, for at most `timeout` seconds. When the waiting ends before, also by the signal, the
   * deployment goes on.
   * @throws {DokployError} `not_found`, `timed_out`
   */
  wait({
    signal,
    ...args
  }: { timeout?: number | undefined; signal?: AbortSignal | undefined } = {}): Promise<Deployment> {
    return this.#caller.call("wait", { id: this.id, ...args }, signal);
  }

  /**
   * Asks to cancel it; it becomes `cancelled` after the work has really stopped. Asking again, or for one that is
   * terminal, changes nothing.
   * @throws {DokployError} `not_found`, `unavailable`
   */
  cancel(args: { actor?: string | undefined } = {}): Promise<Deployment> {
    return this.#caller.call("cancel", { id: this.id, ...args });
  }
}
