import type { NativeEngine } from "./native.js";

/** Engines that are not closed. */
const opened = new Set<NativeEngine>();

// The end of a process waits for no promise: what runs is handed back, so that the next start goes on with it.
process.on("exit", () => {
  for (const engine of opened) engine.handBack();
});

/** An engine that the end of the process closes. */
export function closesAtExit(engine: NativeEngine): void {
  opened.add(engine);
}

/** An engine that is closed already. */
export function isClosed(engine: NativeEngine): void {
  opened.delete(engine);
}
