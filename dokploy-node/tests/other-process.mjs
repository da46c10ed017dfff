// An engine in a process of its own: it opens one with the options that it is sent, and closes it when it is told to.
import { Engine } from "dokploy";

let engine;
process.on("message", async (message) => {
  if (message === "close") {
    await engine.close();
    process.disconnect();
  } else {
    engine = await Engine.open(message);
    process.send("open");
  }
});
