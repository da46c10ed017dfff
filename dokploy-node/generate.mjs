// Makes the files of `lib/shapes/` of the tables that every language shares: the shapes, which a test of the workspace reads out of
// the sources of the core, and the options of an engine. With `--check` it only tells whether they are as they have to be.
import { readFileSync, writeFileSync } from "node:fs";

const table = (name) =>
  JSON.parse(readFileSync(new URL(`../tests/parity/${name}.json`, import.meta.url), "utf8"));
const shapes = table("shapes");
const { open_options: openOptions } = table("operations");

/** What callers hand in: these, and every record within them, have a form in which what has a default may be left out. */
const INPUTS = ["ApplicationSpec", "DeploymentRequest"];

const PRIMITIVES = {
  string: "string",
  integer: "number",
  number: "number",
  seconds: "number",
  boolean: "boolean",
  Secret: "string",
  Timestamp: "Timestamp",
};

/** The names of the shapes within a type. */
const within = (type) => type.split(/[^A-Za-z]+/).filter((name) => name in shapes);

/** The records that have a form for input. */
function inputs() {
  const reached = new Set();
  const wanted = [...INPUTS];
  for (let name = wanted.pop(); name; name = wanted.pop()) {
    if (reached.has(name)) continue;
    reached.add(name);
    wanted.push(...(shapes[name].fields ?? []).flatMap((field) => within(field.type)));
  }
  const differs = (name, seen = new Set()) => {
    if (shapes[name].kind !== "record" || seen.has(name)) return false;
    seen.add(name);
    return shapes[name].fields.some(
      (field) =>
        ("default" in field && !field.type.endsWith("?")) ||
        within(field.type).some((inner) => differs(inner, seen)),
    );
  };
  return new Set([...reached].filter((name) => differs(name)));
}
const withInput = inputs();

function typed(type, input) {
  if (type.endsWith("?")) return `${typed(type.slice(0, -1), input)} | null`;
  if (type.endsWith("[]")) {
    const item = typed(type.slice(0, -2), input);
    return /^\w+$/.test(item) ? `${item}[]` : `(${item})[]`;
  }
  const map = /^Map<(\w+), (.+)>$/.exec(type);
  if (map) {
    const key = typed(map[1], input);
    const value = typed(map[2], input);
    // Only what is there has a key, unless the key is one of any strings.
    return key === "string" ? `Record<string, ${value}>` : `Partial<Record<${key}, ${value}>>`;
  }
  if (type in PRIMITIVES) return PRIMITIVES[type];
  if (!(type in shapes)) throw new Error(`nothing is known of the type ${type}`);
  return input && withInput.has(type) ? `${type}Input` : type;
}

const wires = new Map(
  Object.values(shapes)
    .flatMap((shape) => [...(shape.fields ?? []), ...(shape.variants ?? []).flatMap((variant) => variant.fields ?? [])])
    .map(({ name, wire }) => [name, wire]),
);

/** Documentation of the core as it reads here: links lead nowhere, and fields have the names of the wire. */
const rendered = (text) =>
  text.replace(/\[(`[^`]+`)\]/g, "$1").replaceAll("::", ".").replace(/`(\w+)`/g, (_, name) => `\`${wires.get(name) ?? name}\``);

function comment(text, indent = "") {
  const lines = [];
  for (const paragraph of rendered(text).split("\n\n")) {
    if (lines.length > 0) lines.push("");
    let line = "";
    for (const word of paragraph.split(" ")) {
      if (line && line.length + word.length > 110 - indent.length) {
        lines.push(line);
        line = "";
      }
      line += (line && " ") + word;
    }
    lines.push(line);
  }
  if (lines.length === 1) return `${indent}/** ${lines[0]} */\n`;
  const starred = lines.map((line) => `${indent} *${line && " "}${line}\n`);
  return `${indent}/**\n${starred.join("")}${indent} */\n`;
}

const said = (value) => (Array.isArray(value) || typeof value === "object" ? JSON.stringify(value) : String(value));

function field({ wire, type, doc, ...rest }, input, indent) {
  const hasDefault = input && "default" in rest;
  const optional = hasDefault || type.endsWith("?") || rest.omitted;
  const known = hasDefault && rest.default !== null && !["{}", "[]", '""'].includes(JSON.stringify(rest.default));
  const told = known ? `${doc.replace(/\.$/, "")}. Default: ${said(rest.default)}.` : doc;
  const units = type.startsWith("seconds") && !/ seconds/.test(told) ? `${told} In seconds.` : told;
  return `${comment(units, indent)}${indent}${wire}${optional ? "?" : ""}: ${typed(type, input)}${optional && input ? " | undefined" : ""};\n`;
}

function fields(list, input, indent = "  ") {
  return list.map((one) => field(one, input, indent)).join("");
}

function tagged(shape) {
  const variants = shape.variants.map(
    (variant) =>
      `${comment(variant.doc, "  ")}  | {\n      ${shape.tag}: "${variant.value}";\n${fields(variant.fields ?? [], false, "      ")}    }\n`,
  );
  return variants.join("");
}

const KINDS = {
  id: (name, shape) => `${comment(shape.doc)}export type ${name} = string;\n`,
  enum: (name, shape) => {
    const values = shape.values.map((value) => `${comment(value.doc, "  ")}  | "${value.value}"\n`);
    return `${comment(shape.doc)}export type ${name} =\n${values.join("").trimEnd()};\n`;
  },
  either: (name, shape) => {
    const types = shape.types.map((type) => (type === "Secret" ? "{ secret: string }" : typed(type, false)));
    return `${comment(shape.doc)}export type ${name} = ${types.join(" | ")};\n`;
  },
  wrapped: (name, shape) => {
    const variants = shape.variants.map(
      (variant) =>
        `${comment(variant.doc, "  ")}  | {\n      ${variant.value}: {\n${fields(variant.fields, true, "        ")}      };\n    }\n`,
    );
    return `${comment(shape.doc)}export type ${name} =\n${variants.join("").trimEnd()};\n`;
  },
  union: (name, shape) => {
    const shared = fields(shape.fields, false, "  ");
    const base = shared && `{\n${shared}} & (\n`;
    return `${comment(shape.doc)}export type ${name} = ${base || "\n"}${tagged(shape).trimEnd()}${shared && "\n)"};\n`;
  },
  record: (name, shape) => `${comment(shape.doc)}export interface ${name} {\n${fields(shape.fields, false)}}\n`,
};

function inputForm([name, shape]) {
  const doc = `${shape.doc} What may be left out has a default.`;
  return `${comment(doc)}export interface ${name}Input {\n${fields(shape.fields, true)}}\n`;
}

const camel = (name) => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());

/** Parts that are written in JavaScript have interfaces of their own. */
const PARTS = ["SourceFetcher?", "EventSink?"];

function options() {
  const plain = openOptions.filter((option) => !PARTS.includes(option.type));
  const list = plain.map((option) => ({ wire: camel(option.name), ...option }));
  return `/** The options of an engine that are plain data. Everything has a default. */\nexport interface PlainOptions {\n${fields(list, true)}}\n`;
}

const TIMESTAMP = `/** A moment in UTC, as in \`2026-01-31T12:00:00.000001Z\`. */
export type Timestamp = string;
`;

const PAGE = `/** One part of a list, newest first. */
export interface Page<T> {
  /** The items. */
  items: T[];
  /** Where the next part starts; null on the last one. */
  next: string | null;
}
`;

const codes = shapes.ErrorKind.values.map((value) => `  "${value.value}",\n`);
const CODES = `/** Every code of an error. */\nexport const ERROR_CODES = [\n${codes.join("")}] as const satisfies readonly ErrorKind[];\n`;

/** Everything that a shape is made of, and itself. */
function parts(name, found = new Set()) {
  if (found.has(name)) return found;
  found.add(name);
  const { fields = [], variants = [], types = [] } = shapes[name];
  const all = [...fields, ...variants.flatMap((variant) => variant.fields ?? [])].map((one) => one.type);
  for (const inner of [...all, ...types].flatMap(within)) parts(inner, found);
  return found;
}

const isName = ([, shape]) => ["id", "enum"].includes(shape.kind);
const specification = parts("ApplicationSpec");
const event = parts("Event");
const stored = new Set(["Project", "Application", "Database", "Deployment", "Release"].flatMap((name) => [...parts(name)]));

/** Which file a shape is in. */
function home([name, shape]) {
  if (isName([name, shape])) return "names";
  if (specification.has(name)) return "specification";
  if (event.has(name)) return "events";
  return stored.has(name) ? "records" : "answers";
}

const files = { names: [TIMESTAMP], specification: [], events: [], records: [], answers: [PAGE], input: [] };
for (const one of Object.entries(shapes)) {
  const [name, shape] = one;
  files[home(one)].push(KINDS[shape.kind](name, shape));
  if (withInput.has(name)) files.input.push(inputForm(one));
}
files.names.push(CODES);
files.input.push(options());

const declares = (name) => new RegExp(`^export (?:type|interface|const) ${name}\\b`, "m");
const declared = Object.entries(files).flatMap(([file, bodies]) => {
  const names = [...bodies.join("\n").matchAll(/^export (?:type|interface) (\w+)/gm)];
  return names.map(([, name]) => ({ file, name }));
});

/** A file with what it needs of the others. */
function text(file, bodies) {
  const body = bodies.join("\n");
  // Names within texts are none.
  const code = body.replace(/\/\*\*[^]*?\*\//g, "").replace(/"[^"]*"/g, "");
  const foreign = declared.filter(
    (one) => one.file !== file && new RegExp(`[^.\\w]${one.name}\\b`).test(code) && !declares(one.name).test(body),
  );
  const imports = Object.keys(files).map((from) => {
    const names = foreign.filter((one) => one.file === from).map((one) => one.name);
    return names.length > 0 ? `import type {\n${names.map((name) => `  ${name},\n`).join("")}} from "./${from}.js";\n` : "";
  });
  const head = "// Made by generate.mjs out of the sources of the core. Change those, and run it again.\n";
  return [head, imports.join(""), body].filter(Boolean).join("\n");
}

const stale = [];
for (const [file, bodies] of Object.entries(files)) {
  const path = new URL(`lib/shapes/${file}.ts`, import.meta.url);
  const wanted = text(file, bodies);
  if (!process.argv.includes("--check")) writeFileSync(path, wanted);
  else if (readFileSync(path, "utf8") !== wanted) stale.push(`lib/shapes/${file}.ts`);
}
if (stale.length > 0) {
  console.error(`${stale.join(", ")}: not what the core says. Run node generate.mjs`);
  process.exit(1);
}
