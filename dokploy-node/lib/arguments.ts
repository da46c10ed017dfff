/** What operations of an engine are given, beside what is stored. */
import type { DeploymentHandle } from "./deployment.js";
import type { EventSink, SourceFetcher } from "./host.js";
import type { Database, DeploymentRequestInput, EndpointMode, PlainOptions } from "./shapes.js";

/** What an engine is made of. */
export interface OpenOptions extends PlainOptions {
  /** Fetches code in place of the engine's own fetchers. */
  source?: SourceFetcher | undefined;
  /** Is told each event of the deployments that this engine works on. */
  eventSink?: EventSink | undefined;
}

/** The id of something, or the thing itself. */
export type Ref<Id extends string> = Id | { readonly id: Id };

/** Which part of a list. */
export interface Part {
  /** At most so many items, 1 to 200. Default: 50. */
  limit?: number | undefined;
  /** The `next` of the part before. */
  before?: string | null | undefined;
}

/** What is deployed, and how. */
export interface DeployOptions extends DeploymentRequestInput {
  /** The same key gives the same deployment. */
  idempotencyKey?: string | undefined;
  /** Digest of a plan that was looked at: `conflict` when the world has moved since. */
  planDigest?: string | undefined;
}

/** What a database is made of. */
export interface DatabaseOptions {
  /** Tag of the official image. */
  tag?: string | undefined;
  /** Another image that works like the official one. Not together with `tag`. */
  image?: string | undefined;
  /** Memory limit in MiB. */
  memoryLimit?: number | undefined;
  /** Processor limit in cores. */
  cpuLimit?: number | undefined;
  /** How its name resolves. Default: vip. */
  endpointMode?: EndpointMode | undefined;
  /** Who asks for it. */
  actor?: string | undefined;
}

/** What of a database is to change. What is left out stays as it is. */
export interface DatabaseChange {
  /** Tag of the official image. */
  tag?: string | undefined;
  /** Another image that works like the official one. Not together with `tag`. */
  image?: string | undefined;
  /** Memory limit in MiB; null takes it away. */
  memoryLimit?: number | null | undefined;
  /** Processor limit in cores; null takes it away. */
  cpuLimit?: number | null | undefined;
}

/** A database that was made, and its first deployment. */
export interface NewDatabase {
  /** The database. */
  database: Database;
  /** The deployment that begins to run it. */
  deployment: DeploymentHandle;
}

/** The id of something. */
export function idOf<Id extends string>(ref: Ref<Id>): Id {
  if (typeof ref === "string") return ref;
  // Whoever writes no types hands over what was not found.
  if (typeof ref?.id !== "string") throw new TypeError("an id, or something that has one, is expected");
  return ref.id;
}

/** The id of something that may be absent. */
export const idOrNone = <Id extends string>(ref: Ref<Id> | null | undefined) => (ref == null ? undefined : idOf(ref));

/** Options, which are an object: of anything else nothing would be read, without a word. */
export function optionsOf<T extends object>(options: T): T {
  if (typeof options !== "object" || options === null) throw new TypeError("options are expected as an object");
  return options;
}
