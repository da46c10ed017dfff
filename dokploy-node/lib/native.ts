/** The native part. Shapes cross as JSON text: see `src/lib.rs`. */

/** Promises an answer of {@link HostFunction}'s question, as text. It never throws and never rejects. */
export type HostFunction = (request: string) => Promise<string>;

export interface NativeBatches {
  /** The next items as a JSON array, or null at the end. */
  next(): Promise<string | null>;
  close(): void;
}

export interface NativeStop {
  stop(): void;
}

export interface NativeEngine {
  readonly worker: string;
  call(operation: string, args: string, stop?: NativeStop): Promise<string | null>;
  stream(operation: string, args: string): NativeBatches;
  close(): Promise<void>;
  /** Closes while the thread waits. */
  handBack(): void;
}

export interface Native {
  version(): string;
  checkDeploymentId(id: string): void;
  open(options: string, source?: HostFunction, eventSink?: HostFunction): Promise<NativeEngine>;
  migrate(options: string): Promise<void>;
  Stop: new () => NativeStop;
}

function load(): Native {
  const file = `dokploy.${process.platform}-${process.arch}.node`;
  try {
    return require(`../${file}`) as Native;
  } catch (cause) {
    const message = `the native part of dokploy, ${file}, cannot be loaded: build the package on this machine with \`npm run build\``;
    throw new Error(message, { cause });
  }
}

export const native = load();
