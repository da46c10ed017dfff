/// <reference lib="esnext.disposable" preserve="true" />
// One copy of the classes for both kinds of modules, so that `instanceof` holds across them.
export { DeploymentHandle, DokployError, ERROR_CODES, Engine, version } from "./index.js";
export type * from "./index.js";
