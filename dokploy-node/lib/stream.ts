import { rebuilt } from "./errors.js";
import type { NativeBatches } from "./native.js";

/** How a stream may be ended from elsewhere. */
export interface StreamOptions {
  /** Ends the stream: the iteration fails with the reason of the signal. */
  signal?: AbortSignal | undefined;
}

/**
 * Iterates items that cross the border in batches. Nothing is asked before the first item is, and not more than one
 * batch is held: who is slow slows nobody else down.
 */
export class Stream<T> implements AsyncIterableIterator<T> {
  readonly #begin: () => NativeBatches;
  readonly #signal: AbortSignal | undefined;
  #batches: NativeBatches | undefined;
  #items: T[] = [];
  #at = 0;
  #filling: Promise<void> | undefined;
  #ended = false;

  constructor(begin: () => NativeBatches, signal: AbortSignal | undefined) {
    this.#begin = begin;
    this.#signal = signal;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    for (;;) {
      if (this.#at < this.#items.length) {
        return { done: false, value: this.#items[this.#at++] as T };
      }
      if (this.#ended) return { done: true, value: undefined };
      // Whoever asks while a batch is on its way waits for the same one.
      this.#filling ??= this.#fill().finally(() => (this.#filling = undefined));
      await this.#filling;
    }
  }

  /** Ends the iteration, also one that waits for the next item. */
  async return(): Promise<IteratorResult<T, undefined>> {
    this.#end();
    return { done: true, value: undefined };
  }

  async #fill(): Promise<void> {
    try {
      this.#signal?.throwIfAborted();
      const text = await this.#opened().next();
      this.#signal?.throwIfAborted();
      if (text === null || this.#ended) return this.#end();
      this.#items = JSON.parse(text) as T[];
      this.#at = 0;
    } catch (error) {
      this.#end();
      throw this.#signal?.aborted ? this.#signal.reason : rebuilt(error);
    }
  }

  #opened(): NativeBatches {
    if (!this.#batches) {
      this.#batches = this.#begin();
      this.#signal?.addEventListener("abort", this.#abort, { once: true });
    }
    return this.#batches;
  }

  readonly #abort = (): void => this.#batches?.close();

  #end(): void {
    this.#ended = true;
    this.#items = [];
    this.#at = 0;
    this.#signal?.removeEventListener("abort", this.#abort);
    this.#batches?.close();
  }
}
