"""An engine in a FastAPI application, with live events in the browser.

    pip install fastapi uvicorn
    uvicorn fastapi_app:app

Open http://127.0.0.1:8000 and press the button. The events come as server-sent events; a browser that was away goes on
where it stopped.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import dokploy
from dokploy import errors
from fastapi import FastAPI, Header, Request
from fastapi.responses import HTMLResponse, JSONResponse, StreamingResponse

PROJECT = os.environ.get("PROJECT", "fastapi")
IMAGE = os.environ.get("IMAGE", "nginx:alpine")

STATUS = {"not_found": 404, "conflict": 409, "invalid_spec": 422, "rate_limited": 429, "unavailable": 503}


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None, None]:
    # A deployment that runs when the server stops is handed back, and goes on with the next start.
    async with dokploy.Engine.open(
        data_dir="dokploy-data",
        docker_host=os.environ.get("DOCKER_HOST"),
        initialise_swarm=True,
    ) as engine:
        app.state.engine = engine
        yield


app = FastAPI(lifespan=lifespan)


@app.exception_handler(dokploy.Error)
async def failed(_: Request, error: dokploy.Error) -> JSONResponse:
    body = {"code": error.code, "detail": str(error), "hint": error.hint}
    return JSONResponse(body, STATUS.get(error.code, 500))


@app.post("/deployments")
async def deploy(request: Request) -> dict[str, str]:
    engine: dokploy.Engine = request.app.state.engine
    project = await engine.find_project_by_name(PROJECT) or await engine.create_project(PROJECT)
    spec = dokploy.ApplicationSpec("web", image=IMAGE, update=dokploy.UpdatePolicy(monitor=5))
    found = await engine.find_application_by_name(project, "web")
    application = found or await engine.create_application(project, spec)
    return {"id": (await engine.deploy(application, force=True)).id}


@app.get("/deployments/{id}")
async def show(id: str, request: Request) -> dict[str, Any]:
    engine: dokploy.Engine = request.app.state.engine
    deployment = await engine.find_deployment(id)
    if deployment is None:
        raise errors.NotFound(f"deployment {id} does not exist")
    return deployment.to_dict()


@app.get("/deployments/{id}/events")
async def events(id: str, request: Request, last_event_id: Annotated[int, Header()] = 0) -> StreamingResponse:
    stream = request.app.state.engine.deployment(id).events(after=last_event_id)

    async def sent() -> AsyncIterator[str]:
        async for event in stream:
            yield f"id: {event.seq}\ndata: {json.dumps(event.to_dict())}\n\n"
        # Without this a browser would ask again and again.
        yield "event: end\ndata: {}\n\n"

    return StreamingResponse(sent(), media_type="text/event-stream")


PAGE = """<!doctype html><title>dokploy</title>
<button>Deploy</button><ol></ol>
<script>
const list = document.querySelector("ol");
document.querySelector("button").onclick = async () => {
  const { id } = await (await fetch("/deployments", { method: "POST" })).json();
  const events = new EventSource(`/deployments/${id}/events`);
  events.onmessage = ({ data }) => {
    const { type, step = "", message = "" } = JSON.parse(data);
    list.append(Object.assign(document.createElement("li"), { textContent: `${type} ${step} ${message}` }));
  };
  events.addEventListener("end", () => events.close());
};
</script>"""


@app.get("/", response_class=HTMLResponse)
async def page() -> str:
    return PAGE
