/** Everything that operations take and answer. */
export { ERROR_CODES } from "./shapes/names.js";
export type * from "./shapes/names.js";
export type * from "./shapes/specification.js";
export type * from "./shapes/events.js";
export type * from "./shapes/records.js";
export type * from "./shapes/input.js";
