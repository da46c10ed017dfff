// The package itself: what it holds and says, and that its README tells the truth.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { version } from "dokploy";
import { directory } from "./environment.mjs";

const require = createRequire(import.meta.url);
const here = dirname(fileURLToPath(import.meta.url));
const installed = dirname(require.resolve("dokploy/package.json"));
const manifest = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));

test("the versions of the package, of its native part and of the workspace are one", () => {
  const workspace = readFileSync(join(here, "..", "..", "Cargo.toml"), "utf8");
  const [, expected] = /^version = "(.+)"$/m.exec(workspace);
  assert.deepEqual([manifest.version, version], [expected, expected]);
});

test("the package needs no other one, and holds no sources and no tests", () => {
  assert.equal(manifest.dependencies, undefined);
  const native = `dokploy.${process.platform}-${process.arch}.node`;
  assert.deepEqual(readdirSync(installed).sort(), ["README.md", "dist", native, "package.json"].sort());
});

test("loading it takes little time", () => {
  const program = "const begun = performance.now(); require('dokploy'); console.log(performance.now() - begun);";
  const once = () => Number(execFileSync(process.execPath, ["--eval", program], { cwd: here, encoding: "utf8" }));
  const times = [once(), once(), once(), once(), once()].sort((a, b) => a - b);
  // The figure is 50 ms; a build that is not optimised on a busy machine gets more.
  assert.ok(times[0] < 500, `${times} ms`);
});

test("the programs of the README compile", (t) => {
  const readme = readFileSync(join(installed, "README.md"), "utf8");
  const programs = [...readme.matchAll(/```(js|ts)\n([^]*?)```/g)];
  assert.ok(programs.length >= 4);
  const folder = directory(t);
  const declared = `declare const engine: import("dokploy").Engine;
declare const project: import("dokploy").Project;
declare const application: import("dokploy").Application;
declare const deployment: import("dokploy").DeploymentHandle;
declare const chat: { send(text: string): Promise<void> };
declare function newestBuild(branch: string): Promise<string>;
declare function unpack(build: string): Promise<string>;
`;
  const files = programs.map(([, , program], index) => {
    // What a program has of its own is not declared for it.
    const own = declared.split("\n").filter((line) => {
      const [, name] = /^declare (?:const|function) (\w+)/.exec(line) ?? [];
      return !name || !new RegExp(`(const|let|var|function) ${name}\\b|\\{[^}]*\\b${name}\\b[^}]*\\} = `).test(program);
    });
    writeFileSync(join(folder, `${index}.ts`), `${own.join("\n")}\n${program}\nexport {};\n`);
    return `${index}.ts`;
  });
  const compilerOptions = {
    strict: true,
    noEmit: true,
    target: "es2022",
    module: "nodenext",
    types: ["node"],
    typeRoots: [join(dirname(dirname(require.resolve("@types/node/package.json"))))],
    paths: { dokploy: [join(installed, "dist", "index.d.mts")] },
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  const tsc = join(dirname(require.resolve("typescript/package.json")), "bin", "tsc");
  try {
    execFileSync(process.execPath, [tsc, "--project", folder], { encoding: "utf8" });
  } catch (error) {
    assert.fail(error.stdout);
  }
});
