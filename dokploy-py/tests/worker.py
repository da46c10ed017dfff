"""An engine in a process of its own, with the options of its first argument, until it is told to end."""

from __future__ import annotations

import asyncio
import json
import signal
import sys

import dokploy


async def main() -> None:
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    async with dokploy.Engine.open(**json.loads(sys.argv[1])):
        print("open", flush=True)
        await ended.wait()


if __name__ == "__main__":
    asyncio.run(main())
