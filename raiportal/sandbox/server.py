"""The simulator's process: listens, says so in one line, and ends cleanly when it is told to."""

import asyncio
import gc
import signal
import socket
import time
from functools import partial
from hashlib import sha256

from .behaviour import DEFAULT_SEED
from .log import Call
from .protocol import Hooks, SimulatorProtocol
from .routes import respond
from .settings import Settings
from .simulator import SAYS_WHAT_IT_IS, Simulator

LOOPBACK = "127.0.0.1"
BACKLOG = 1_024
YOUNG_OBJECTS = 50_000  # before the garbage collector looks: calls leave no cycles, and a pause would be seen as latency


def serve(
    port: int,
    *,
    host: str = LOOPBACK,
    seed: int = DEFAULT_SEED,
    latency_ms: float = 0.0,
    jitter_ms: float = 0.0,
    api_key: str | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT. Port 0 takes a free one, which the printed line names. Raises OSError for a taken port."""
    settings = Settings().updated({"latency_ms": latency_ms, "jitter_ms": jitter_ms})
    simulator = Simulator(seed=seed, settings=settings, key_digest=sha256(api_key.encode()).hexdigest() if api_key else None)
    simulator.log.reset(time.monotonic())
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 20, 100)
    asyncio.run(_serve(simulator, host, port))


async def _serve(simulator: Simulator, host: str, port: int) -> None:
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    hooks = Hooks(partial(respond, simulator), partial(_note_end, simulator))
    server = await loop.create_server(lambda: SimulatorProtocol(hooks, loop), host, port, backlog=BACKLOG)
    print(f"Simulator listening on {_address(server.sockets[0])} ({SAYS_WHAT_IT_IS})", flush=True)  # noqa: T201 -- a command speaks on its terminal
    await stopped.wait()
    server.close()
    for connection in list(hooks.connections):
        connection.close()
    await server.wait_closed()


def _note_end(simulator: Simulator, call: Call, status: str, completed: bool) -> None:
    simulator.log.end(call, status, completed, time.monotonic())


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
