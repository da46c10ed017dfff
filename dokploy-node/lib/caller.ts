import { rebuilt } from "./errors.js";
import { native } from "./native.js";
import type { NativeEngine } from "./native.js";
import { Stream } from "./stream.js";

/** How an engine is asked. */
export interface Caller {
  call<T>(operation: string, args: object, signal?: AbortSignal): Promise<T>;
  stream<T>(operation: string, args: object, signal?: AbortSignal): Stream<T>;
}

/** Asks the native part and gives its errors the form that they have here. */
export class NativeCaller implements Caller {
  constructor(readonly engine: NativeEngine) {}

  async call<T>(operation: string, args: object, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    const stop = signal && new native.Stop();
    const abort = () => stop?.stop();
    signal?.addEventListener("abort", abort, { once: true });
    try {
      const answer = await this.engine.call(operation, JSON.stringify(args), stop).catch((error: unknown) => {
        throw rebuilt(error);
      });
      if (answer === null) throw signal?.reason;
      return JSON.parse(answer) as T;
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  }

  stream<T>(operation: string, args: object, signal?: AbortSignal): Stream<T> {
    return new Stream<T>(() => this.engine.stream(operation, JSON.stringify(args)), signal);
  }
}
