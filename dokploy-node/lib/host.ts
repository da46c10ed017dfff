import { DokployError, wired } from "./errors.js";
import type { ErrorCode } from "./errors.js";
import type { HostFunction } from "./native.js";
import type { ApplicationId, Event, Revision, SourceRequest } from "./shapes.js";

/** What is in a file. Text is written as UTF-8. */
export type FileContent = string | Uint8Array;

/** A tree of code: a directory of this machine, or the files themselves by their paths. */
export type SourceTree =
  | { directory: string }
  | { files: Record<string, FileContent | { content: FileContent; executable?: boolean }> };

/**
 * Fetches code in place of the engine's own fetchers. What it throws fails the deployment with its message, as
 * `source_failed` unless it is a {@link DokployError} with another code; one that is `retryable` is tried again.
 */
export interface SourceFetcher {
  /**
   * Finds out which revision a request means now: a full commit id, for example. The same state of the source has to
   * give the same revision, since an image that was built of it is not built again.
   */
  resolve(request: SourceRequest, signal: AbortSignal): Revision | Promise<Revision>;
  /** Fetches the tree of a revision. Asked more than once in a deployment: keep what was costly. */
  fetch(request: SourceRequest, revision: Revision, signal: AbortSignal): SourceTree | Promise<SourceTree>;
  /** Removes what is kept for an application that is deleted. */
  forget?(application: ApplicationId): void | Promise<void>;
}

/**
 * Takes every event of the deployments that the engine works on, in order, while the deployment waits for at most ten
 * seconds. What it throws fails the deployment with its message.
 */
export type EventSink = (event: Event) => unknown;

type Question =
  | { method: "resolve"; request: SourceRequest }
  | { method: "fetch"; request: SourceRequest; revision: Revision }
  | { method: "forget"; application: ApplicationId };

interface Request<Q> {
  number: number;
  /** Nothing is asked: nobody waits for the answer with this number any more. */
  over?: boolean;
  question: Q;
}

/** Makes a function that the core asks. Whatever the part does, the core gets an answer. */
function answering<Q>(code: ErrorCode, answer: (question: Q, signal: AbortSignal) => unknown): HostFunction {
  const asked = new Map<number, AbortController>();
  return async (text) => {
    const { number, over, question } = JSON.parse(text) as Request<Q>;
    if (over) {
      asked.get(number)?.abort(new DokployError("nobody waits for the answer any more", { code: "cancelled" }));
      return "";
    }
    const controller = new AbortController();
    asked.set(number, controller);
    try {
      return JSON.stringify({ answer: (await answer(question, controller.signal)) ?? null });
    } catch (error) {
      return JSON.stringify({ error: wired(error, code) });
    } finally {
      asked.delete(number);
    }
  };
}

export function sourceFunction(source: SourceFetcher): HostFunction {
  return answering<Question>("source_failed", async (question, signal) => {
    switch (question.method) {
      case "resolve":
        return source.resolve(question.request, signal);
      case "fetch":
        return treeOnTheWire(await source.fetch(question.request, question.revision, signal));
      case "forget":
        return source.forget?.(question.application);
    }
  });
}

export function sinkFunction(sink: EventSink): HostFunction {
  return answering<Event>("unexpected", async (event) => {
    await sink(event);
  });
}

function treeOnTheWire(tree: SourceTree): unknown {
  if (!("files" in tree)) return tree;
  const files = Object.entries(tree.files).map(([path, file]) => {
    const { content, executable = false } =
      typeof file === "string" || file instanceof Uint8Array ? { content: file } : file;
    return [path, { content: Buffer.from(content as string).toString("base64"), executable }];
  });
  return { files: Object.fromEntries(files) as unknown };
}
