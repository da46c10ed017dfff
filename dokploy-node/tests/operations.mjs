// The tables that every language shares, and how an operation of them is called here.
import { readFileSync } from "node:fs";

export const table = (name) =>
  JSON.parse(readFileSync(new URL(`../../tests/parity/${name}.json`, import.meta.url), "utf8"));

export const { operations, open_options: openOptions } = table("operations");

export const camel = (name) => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());

/** An argument that may be left out is a field of one object at the end. */
export const isOptional = (arg) => "default" in arg;

/** Calls an operation with arguments by their names on the wire: what has to be given comes first, one by one. */
export function invoke(target, name, args) {
  const operation = operations.find((one) => one.name === name);
  const given = operation.args.filter((arg) => !isOptional(arg)).map((arg) => args[camel(arg.name)]);
  const { request, ...named } = args;
  const options = operation.args
    .filter((arg) => isOptional(arg) && camel(arg.name) in named)
    .map((arg) => [camel(arg.name), named[camel(arg.name)]]);
  return target[camel(name)](...given, { ...request, ...Object.fromEntries(options) });
}
