/// <reference lib="esnext.disposable" preserve="true" />
import { native } from "./native.js";

export type { DatabaseChange, DatabaseOptions, DeployOptions, NewDatabase, OpenOptions, Part, Ref } from "./arguments.js";
export { Engine } from "./engine.js";
export { DeploymentHandle } from "./deployment.js";
export { DokployError } from "./errors.js";
export type { DokployErrorOptions, ErrorCode } from "./errors.js";
export type { EventSink, FileContent, SourceFetcher, SourceTree } from "./host.js";
export type { StreamOptions } from "./stream.js";
export { ERROR_CODES } from "./shapes.js";
export type * from "./shapes.js";

/** Version of the engine. */
export const version: string = native.version();
