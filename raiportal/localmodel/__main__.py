"""`python -m raiportal.localmodel`: serve the local model in the foreground until SIGINT or SIGTERM."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import Any

from . import weights
from .wheels import CannotFetch

MODEL = "smollm2-135m"
HOST = "127.0.0.1"
PORT = 8090
THREADS = 1  # two write half as much again on an idle machine, and next to nothing where other programs want the processor: each waits for the other
SLOTS = 4  # calls answered at once: half as many tokens a second again as one call after the other
SLOT_TOKENS = 4_096  # prompt and answer of one call; the model was trained on up to 8,192
ANSWER_TOKENS = 256  # of a call that doesn't say how many: so small a model often finds no end, above all inside a text field of a JSON schema
ERRORS_ONLY = 1  # llama.cpp's verbosity


class Stopped(Exception):
    """Somebody asked the model to stop."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve as the command line says; the exit code is 0 after SIGTERM or SIGINT and 1 when it could not start."""
    options = _parser().parse_args(arguments)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    try:
        server = _serve(options.port, slots=options.slots, threads=options.threads)
        _say(_introduction(server.listening_address, options))
        signal.pause()
    except Stopped:
        _say("The local model has stopped.")
    except ModuleNotFoundError:
        return _refuse("The extra `local-llm` isn't installed: `make local-llm` installs it.")
    except CannotFetch as problem:
        return _refuse(str(problem))
    except RuntimeError as problem:  # llama.cpp says more on standard error
        return _refuse(f"Port {options.port} may be taken: choose another with PORT=. ({problem})")
    return 0


def _serve(port: int, *, slots: int, threads: int) -> Any:
    """A server that has loaded the model and listens; its threads end with this process."""
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(weights.path())
    parameters.model_alias = {MODEL}
    parameters.hostnames, parameters.port = [HOST], port
    parameters.n_parallel, parameters.n_ctx = slots, slots * SLOT_TOKENS
    parameters.n_predict = ANSWER_TOKENS
    for pool in (parameters.cpuparams, parameters.cpuparams_batch):
        pool.n_threads = threads
        pool.poll = 0  # a thread that waits for work leaves the processor to others
    parameters.ui = parameters.endpoint_slots = False
    parameters.cors_origins = ""  # no web page may read its answers
    parameters.offline = True
    parameters.verbosity = ERRORS_ONLY
    return xllamacpp.Server(parameters)


def _introduction(address: str, options: argparse.Namespace) -> str:
    host = address.removeprefix("http://")
    return (
        f"Local model listening on {address}/v1 as {MODEL} ({options.slots} calls at once)\n\n"
        f"To measure it, let the portal call it, and add a deployment:\n"
        f"  RAIPORTAL_ENDPOINT_ALLOWLIST={host} make up\n"
        f"  Address {address}/v1, Model {MODEL}, no key, at most {options.slots} calls at once\n"
        "It has 135 million parameters: it answers fluently and is often wrong, as a judge too.\n"
        "Stop with Ctrl-C."
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m raiportal.localmodel", description="A real small model behind an OpenAI-compatible endpoint on loopback.")
    parser.add_argument("--port", type=int, default=PORT, help="port to listen on; 0 takes a free one (default: %(default)s)")
    parser.add_argument("--slots", type=int, default=SLOTS, help="calls answered at once (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=THREADS, help="threads that compute (default: %(default)s)")
    return parser


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stopped


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 -- a command speaks on its terminal


def _refuse(sentence: str) -> int:
    print(f"The local model can't start. {sentence}", file=sys.stderr)  # noqa: T201 -- a command speaks on its terminal
    return 1


if __name__ == "__main__":
    sys.exit(main())
