// What has to happen the same way in every language.
import { test } from "node:test";
import { needs } from "./environment.mjs";
import { table } from "./operations.mjs";
import { Scenario } from "./scenario.mjs";

const parts = table("scenarios");

for (const { name, options, steps } of parts.scenarios) {
  test(name, needs("docker"), (t) => new Scenario(t, parts, options).run(steps));
}
