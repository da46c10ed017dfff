// Nothing that the table of operations has is missing here, in the code as in the types, and nothing else is there.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { DeploymentHandle, Engine } from "dokploy";
import { directory, open } from "./environment.mjs";
import { camel, isOptional, openOptions, operations, table } from "./operations.mjs";

const CLASSES = { Engine, DeploymentHandle };

const require = createRequire(import.meta.url);

test("every operation of the table is there, and no other", async (t) => {
  const engine = await open(t);
  const handle = engine.deployment("01890000-0000-7000-8000-000000000000");
  for (const [name, { prototype, ...statics }] of Object.entries({
    Engine: { prototype: Engine.prototype, ...functionsOf(Engine) },
    DeploymentHandle: { prototype: DeploymentHandle.prototype },
  })) {
    const own = [...Object.getOwnPropertyNames(prototype), ...Object.keys(name === "Engine" ? {} : handle)];
    const found = [...own.filter((key) => key !== "constructor"), ...Object.keys(statics)];
    const expected = operations.filter(({ on }) => on === name).map((operation) => camel(operation.name));
    assert.deepEqual(found.sort(), expected.sort());
  }
});

function functionsOf(of) {
  const own = Object.getOwnPropertyNames(of).filter((key) => typeof of[key] === "function");
  return Object.fromEntries(own.map((key) => [key, of[key]]));
}

test("an operation documents itself and the errors that the table has", () => {
  const types = dirname(require.resolve("dokploy"));
  const declared = { Engine: "engine.d.ts", DeploymentHandle: "deployment.d.ts" };
  for (const { name, on, errors } of operations) {
    const text = readFileSync(join(types, declared[on]), "utf8");
    const member = new RegExp(`/\\*\\*((?:(?!\\*/)[^])*)\\*/\\s+(?:static |readonly |get )*${camel(name)}[(:]`);
    const comment = member.exec(text)?.[1];
    assert.ok(comment, `${on}.${camel(name)} has no documentation`);
    const told = [...comment.matchAll(/`([a-z_]+)`/g)].map(([, code]) => code);
    for (const code of errors) assert.ok(told.includes(code), `${on}.${camel(name)} does not tell of ${code}`);
  }
});

/** The type of an argument or an answer, as it is written in TypeScript. */
function typed(type, input) {
  if (type === null) return "void";
  if (type.endsWith("?")) return `${typed(type.slice(0, -1), input)} | null`;
  const page = /^Page<(\w+)>$/.exec(type);
  if (page) return `d.Page<d.${page[1]}>`;
  const primitives = { integer: "number", seconds: "number", Secret: "string" };
  if (type in primitives) return primitives[type];
  if (["string", "number", "boolean"].includes(type)) return type;
  if (type === "bytes") return "Uint8Array";
  if (type.startsWith("Map<string, string>")) return "Record<string, string>";
  const kept = /^Kept<(\w+)>$/.exec(type);
  if (kept) return `${typed(kept[1], input)} | null`;
  if (type.endsWith("[]")) return `${typed(type.slice(0, -2), input)}[]`;
  return input && ["ApplicationSpec", "DeploymentRequest"].includes(type) ? `d.${type}Input` : `d.${type}`;
}

/** Lines that only compile when an operation takes and answers what the table says. */
function assertion({ name, on, kind, args, returns }) {
  const method = camel(name);
  const target = kind === "open" ? `d.${on}` : `on${on}`;
  if (kind === "value" && args.length === 0) return `{ const _: ${typed(returns)} = ${target}.${method}; }`;
  const given = args.filter((arg) => !isOptional(arg)).map((arg) => `null! as ${typed(arg.type, true)}`);
  const optional = args.filter(isOptional).map((arg) => {
    if (arg.name === "request") return typed(arg.type, true);
    if (arg.name === "options") return typed(arg.type, true);
    return `{ ${camel(arg.name)}?: ${typed(arg.type.replace("?", ""), true)} }`;
  });
  const options = optional.length > 0 ? [`null! as ${optional.join(" & ")}`] : [];
  const answer = { open: "Promise", call: "Promise", stream: "AsyncIterable", value: "" }[kind];
  const whole = answer ? `${answer}<${typed(returns)}>` : typed(returns);
  const call = (values) => `{ const _: ${whole} = ${target}.${method}(${values.join(", ")}); }`;
  // Everything that has a default may be left out.
  return [call([...given, ...options]), call(given)].join("\n");
}

test("the types are those of the table", (t) => {
  const folder = directory(t);
  const options = openOptions.map(({ name, type }) => `  ${camel(name)}: ${typed(type.replace("?", ""), true)};`);
  const lines = [
    'import * as d from "dokploy";',
    "declare const onEngine: d.Engine;",
    "declare const onDeploymentHandle: d.DeploymentHandle;",
    ...operations.map(assertion),
    `interface Table {\n${options.join("\n")}\n}`,
    "const complete: Required<d.OpenOptions> = null! as Table;",
    "const known: Record<keyof d.OpenOptions, true> = null! as Record<keyof Table, true>;",
    "const sameOptions: Record<keyof Table, true> = null! as Record<keyof d.OpenOptions, true>;",
  ];
  writeFileSync(join(folder, "table.ts"), `${lines.join("\n")}\n`);
  checkTypes(folder, ["table.ts"], {});
});

test("a program that uses it wrongly does not compile", (t) => {
  const folder = directory(t);
  const wrong = [
    "engine.createProject();",
    'engine.createApplication("id", { image: "busybox" });',
    'engine.createApplication("id", { name: "web", replicas: "2" });',
    'engine.deploy("id", { barnch: "main" });',
    'engine.listDeployments({ status: "done" });',
    "async () => { for await (const event of handle.events()) event.type === 'acceptd'; };",
    "async () => { for await (const event of handle.events()) if (event.type === 'succeeded') event.failure; };",
    'new d.DokployError("message", { code: "bad" });',
  ];
  const lines = wrong.map((line) => `// @ts-expect-error\n${line}`);
  const head = ['import * as d from "dokploy";', "declare const engine: d.Engine, handle: d.DeploymentHandle;"];
  writeFileSync(join(folder, "wrong.ts"), `${[...head, ...lines].join("\n")}\n`);
  checkTypes(folder, ["wrong.ts"], {});
});

test("a program needs neither the newest language nor the types of Node", (t) => {
  const folder = directory(t);
  const lines = [
    'import { Engine, type Event } from "dokploy";',
    "export async function first(engine: Engine, id: string): Promise<Event | undefined> {",
    "  await using opened = await Engine.open();",
    "  for await (const event of opened.deployment(id).events()) return event;",
    "  return undefined;",
    "}",
  ];
  writeFileSync(join(folder, "plain.ts"), `${lines.join("\n")}\n`);
  checkTypes(folder, ["plain.ts"], { target: "es2020", lib: ["es2020", "dom"], types: [] });
});

/** Runs the type checker in a folder from which the package is found. */
function checkTypes(folder, files, options) {
  const here = dirname(fileURLToPath(import.meta.url));
  const paths = { dokploy: [join(dirname(require.resolve("dokploy")), "index.d.mts")] };
  const compilerOptions = { strict: true, noEmit: true, module: "nodenext", types: ["node"], paths, ...options };
  if (compilerOptions.types.length > 0) compilerOptions.typeRoots = [join(root(here), "node_modules", "@types")];
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  const tsc = join(dirname(require.resolve("typescript/package.json")), "bin", "tsc");
  try {
    execFileSync(process.execPath, [tsc, "--project", folder], { encoding: "utf8" });
  } catch (error) {
    assert.fail(error.stdout);
  }
}

/** The folder in which the packages are installed. */
function root(here) {
  return dirname(dirname(dirname(require.resolve("typescript/package.json", { paths: [here] }))));
}

test("the shapes of the table are the exported types", () => {
  const folder = join(dirname(require.resolve("dokploy")), "shapes");
  const files = readdirSync(folder).filter((name) => name.endsWith(".d.ts"));
  const types = files.map((name) => readFileSync(join(folder, name), "utf8")).join("\n");
  for (const name of Object.keys(table("shapes"))) {
    assert.match(types, new RegExp(`^export (interface|type) ${name}\\b`, "m"));
  }
});
