import type { ErrorKind, Violation } from "./shapes.js";

/** The code of an error, the same in every language and over HTTP. */
export type ErrorCode = ErrorKind;

/** What an error says besides its message. */
export interface DokployErrorOptions {
  /** What kind of thing went wrong. */
  code: ErrorCode;
  /** Whether the same call may succeed later. Default: false. */
  retryable?: boolean | undefined;
  /** What to do next. */
  hint?: string | undefined;
  /** The fields that break a rule, where `code` is `invalid_spec`. */
  violations?: readonly Violation[] | undefined;
  /** What made it necessary. */
  cause?: unknown;
}

/**
 * What every call of the engine fails with. A part of your own, such as a {@link SourceFetcher}, may throw it as well, to
 * choose the code of a deployment's failure.
 */
export class DokployError extends Error {
  /** What kind of thing went wrong. */
  readonly code: ErrorCode;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;
  /** What to do next, where that is known. */
  declare readonly hint?: string;
  /** The fields that break a rule; empty unless `code` is `invalid_spec`. */
  readonly violations: readonly Violation[];

  constructor(message: string, options: DokployErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = options.code;
    this.retryable = options.retryable ?? false;
    if (options.hint !== undefined) this.hint = options.hint;
    this.violations = options.violations ?? [];
  }

  static {
    // On the prototype, so that it is not printed with the fields.
    Object.defineProperty(this.prototype, "name", { value: "DokployError", configurable: true, writable: true });
  }
}

/** An error as it crosses the border: see `src/error.rs`. */
interface WireError {
  code: ErrorCode;
  message: string;
  retryable: boolean;
  hint?: string | null;
  violations?: Violation[];
  /** The messages of the cause chain, outermost first. */
  causes?: string[];
}

/** Makes an error of what the native part threw, of which only the message survives an asynchronous call. */
export function rebuilt(thrown: unknown): DokployError {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  const wire = parsed(text);
  if (!wire) return new DokployError(text, { code: "unexpected", cause: thrown });
  const cause = (wire.causes ?? []).reduceRight<Error | undefined>(
    (inner, message) => new Error(message, inner && { cause: inner }),
    undefined,
  );
  // Stacks of causes would lead nowhere: they are of another language.
  for (let inner = cause; inner; inner = inner.cause as Error | undefined) inner.stack = `Error: ${inner.message}`;
  const { message, code, retryable, violations } = wire;
  const error = new DokployError(message, { code, retryable, hint: wire.hint ?? undefined, violations, cause });
  Error.captureStackTrace(error, rebuilt);
  return error;
}

function parsed(text: string): WireError | undefined {
  if (!text.startsWith('{"code":')) return undefined;
  try {
    return JSON.parse(text) as WireError;
  } catch {
    return undefined;
  }
}

/** What a part that is written in JavaScript threw, on its way to the core. */
export function wired(thrown: unknown, fallback: ErrorCode): WireError {
  const { name, message } = thrown instanceof Error ? thrown : { name: "", message: String(thrown) };
  const known = thrown instanceof DokployError ? thrown : undefined;
  const causes: string[] = [];
  for (let cause = (thrown as { cause?: unknown } | null)?.cause; cause !== undefined && causes.length < 10; ) {
    causes.push(cause instanceof Error ? cause.message : String(cause));
    cause = (cause as { cause?: unknown } | null)?.cause;
  }
  return {
    code: known?.code ?? fallback,
    message: message || name || "it failed without a message",
    retryable: known?.retryable ?? false,
    hint: known?.hint ?? null,
    causes,
  };
}
