// A web program that deploys and shows in the browser what happens, as it happens. It needs `npm install fastify`.
//
// node live-events.mjs <URL or path of a git repository with a Dockerfile>
import { once } from "node:events";
import { resolve } from "node:path";
import { DokployError, Engine } from "dokploy";
import Fastify from "fastify";

const [location] = process.argv.slice(2);
if (!location) throw new Error("the URL or the path of a git repository is expected");

const engine = await Engine.open({
  dataDir: process.env.DOKPLOY_DATA_DIR,
  dockerHost: process.env.DOCKER_HOST,
  localSources: true,
});
const project = (await engine.findProjectByName("examples")) ?? (await engine.createProject("examples"));
const application = await engine.createApplication(project, {
  name: `live-${process.pid}`,
  gitSource: { repoUrl: location.includes(":") ? location : `file://${resolve(location)}` },
  update: { monitor: 3 },
});

const app = Fastify();

app.get("/", (_request, reply) => reply.type("text/html; charset=utf-8").send(PAGE));

app.post("/deployments", async (_request, reply) => {
  const { id } = await engine.deploy(application, { actor: "browser" });
  return reply.code(202).send({ id });
});

/** Events as the browser reads them. Where a connection was lost, it goes on after the last one that it has seen. */
app.get("/deployments/:id/events", async (request, reply) => {
  const { id } = /** @type {{ id: string }} */ (request.params);
  const after = Number(request.headers["last-event-id"] ?? 0);
  const deployment = engine.deployment(id);
  await deployment.get();
  const gone = new AbortController();
  request.raw.once("close", () => gone.abort());
  reply.hijack();
  reply.raw.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  try {
    for await (const event of deployment.events({ after, signal: gone.signal })) {
      const taken = reply.raw.write(`id: ${event.seq}\ndata: ${JSON.stringify(event)}\n\n`);
      // A slow browser slows its own stream and nothing else.
      if (!taken) await once(reply.raw, "drain", { signal: gone.signal });
    }
    reply.raw.end("event: end\ndata: \n\n");
  } catch (error) {
    if (!gone.signal.aborted) throw error;
  }
});

/** @type {Partial<Record<import("dokploy").ErrorCode, number>>} */
const STATUS = { not_found: 404, invalid_spec: 422, conflict: 409, rate_limited: 429, unavailable: 503 };

app.setErrorHandler((error, _request, reply) => {
  if (!(error instanceof DokployError)) return reply.send(error);
  const { code, message, hint } = error;
  return reply.code(STATUS[code] ?? 500).send({ code, message, hint });
});

const PAGE = `<!doctype html>
<title>Deployments</title>
<button>Deploy</button>
<ol></ol>
<script>
  document.querySelector("button").onclick = async () => {
    const { id } = await (await fetch("/deployments", { method: "POST" })).json();
    const events = new EventSource("/deployments/" + id + "/events");
    events.onmessage = ({ data }) => {
      const { type, step = "", message = "" } = JSON.parse(data);
      const item = document.createElement("li");
      item.textContent = [type, step, message].join(" ");
      document.querySelector("ol").append(item);
    };
    events.addEventListener("end", () => events.close());
  };
</script>
`;

console.log(await app.listen({ port: Number(process.env.PORT ?? 3000) }));

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, async () => {
    await app.close();
    // What still runs is handed back: the next start goes on with it.
    await engine.close();
  });
}
