// Builds the native part with cargo and puts it beside this file. `--profile dev` builds faster what runs slower.
import { spawnSync } from "node:child_process";
import { copyFileSync } from "node:fs";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    profile: { type: "string", default: process.env.DOKPLOY_NODE_PROFILE ?? "release" },
    features: { type: "string", default: "" },
    // Where the module goes, and the workspace that it is built of.
    out: { type: "string", default: import.meta.dirname ?? new URL(".", import.meta.url).pathname },
    workspace: { type: "string", default: new URL("..", import.meta.url).pathname },
  },
});

const built = spawnSync(
  "cargo",
  [
    ...["build", "--locked", "--package", "dokploy-node", "--lib", "--profile", values.profile],
    ...["--features", values.features, "--message-format", "json-render-diagnostics"],
  ],
  { cwd: values.workspace, stdio: ["ignore", "pipe", "inherit"], encoding: "utf8", maxBuffer: 2 ** 30 },
);
if (built.error) {
  console.error(`cargo cannot be run: ${built.error.message}. It comes with Rust: https://rustup.rs`);
  process.exit(1);
}
if (built.status !== 0) process.exit(built.status ?? 1);

// Cargo says where it put the library: the folder depends on the machine's settings.
const library = built.stdout
  .split("\n")
  .filter((line) => line.startsWith("{"))
  .map((line) => JSON.parse(line))
  .filter((message) => message.reason === "compiler-artifact" && message.target.name === "dokploy_node")
  .flatMap((message) => message.filenames)
  .find((name) => /\.(so|dylib|dll)$/.test(name));
if (!library) {
  console.error("cargo built no library");
  process.exit(1);
}
copyFileSync(library, `${values.out}/dokploy.${process.platform}-${process.arch}.node`);
