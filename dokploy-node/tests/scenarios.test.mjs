// What has to happen the same way in every language.
import { test } from "node:test";
import { needs, redisUrl } from "./environment.mjs";
import { table } from "./operations.mjs";
import { Scenario } from "./scenario.mjs";
import { FakeWorld, RealWorld } from "./worlds.mjs";

const parts = table("scenarios");

for (const { name, options, steps } of parts.scenarios) {
  test(`in memory: ${name}`, (t) => new Scenario(t, new FakeWorld(t), parts, options).run(steps));
  test(`on a real engine: ${name}`, needs("docker"), (t) => {
    return new Scenario(t, new RealWorld(t), parts, options).run(steps);
  });
}

const needsBoth = { ...needs("docker"), ...needs("redis") };

test("over Redis, without looking by themselves: two engines share the work", needsBoth, async (t) => {
  const { options, steps } = parts.scenarios.find(({ name }) => name.startsWith("two engines"));
  const own = { ...options, redisUrl, pollInterval: 60 };
  await new Scenario(t, new RealWorld(t), parts, own).run(steps);
});
