"""`python -m raiportal.sandbox`: start the simulator from a command line."""

import argparse
import sys
from collections.abc import Sequence

from .behaviour import DEFAULT_SEED
from .server import LOOPBACK, serve
from .settings import BadSettings


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve as the command line says; the exit code is 0 after SIGTERM or SIGINT and 1 when it could not start."""
    options = _parser().parse_args(arguments)
    try:
        serve(
            options.port,
            host=options.host,
            seed=options.seed,
            latency_ms=options.latency_ms,
            jitter_ms=options.jitter_ms,
            api_key=options.api_key,
        )
    except OSError as error:
        print(f"The simulator cannot listen on {options.host}:{options.port}: {error.strerror or error}.", file=sys.stderr)  # noqa: T201 -- a command speaks on its terminal
        return 1
    except BadSettings as error:
        print(f"The simulator was not started: {error}", file=sys.stderr)  # noqa: T201 -- a command speaks on its terminal
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m raiportal.sandbox", description="A simulator of an OpenAI-compatible model endpoint.")
    parser.add_argument("--port", type=int, required=True, help="port to listen on; 0 takes a free one")
    parser.add_argument("--host", default=LOOPBACK, help="address to listen on (default: %(default)s, this machine only)")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help="another seed draws other answers (default: %(default)s)")
    parser.add_argument("--latency-ms", type=float, default=0.0, help="milliseconds before each answer (default: %(default)s)")
    parser.add_argument("--jitter-ms", type=float, default=0.0, help="up to so many more, fixed for each prompt (default: %(default)s)")
    parser.add_argument("--api-key", help="ask callers for this bearer key (default: none is asked for)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
