"""`manage.py up`: the whole portal in the foreground, from an empty data folder or from one that was killed a moment ago."""

import argparse
import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from signal import SIGKILL

from raiportal.embedded import binaries, broker, environment, folder, freshness, keys, orphans, ports, postgres, processes, programs
from raiportal.embedded.errors import CannotStart
from raiportal.embedded.folder import CHECKOUT, DataFolder
from raiportal.embedded.supervisor import StopAsked, Supervisor
from raiportal.embedded.unprivileged import Account

PREPARE_SECONDS = 600  # migrations of a large installation
READY_SECONDS = 120
PROBE_SECONDS = 2.0
BETWEEN_PROBES_SECONDS = 0.25


def say(line: str = "") -> None:
    with suppress(OSError):  # nobody reads any more; the portal goes on
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


def main(arguments: Sequence[str]) -> int:
    """Run the portal until it is asked to stop, and return the exit code. What a person has to change is told in one sentence."""
    parser = argparse.ArgumentParser(prog="manage.py up", description="Start the portal with its own database, broker, worker and sandbox.")
    add_arguments(parser)
    options = parser.parse_args(arguments)
    return run(port=options.port, data=options.data)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--port",
        default=os.environ.get("RAIPORTAL_PORT") or str(ports.DEFAULT_PORT),
        help="port of the portal; the sandbox takes the next one",
    )
    parser.add_argument("--data", default=None, help="data folder; by default one in your home for each checkout")


def run(*, port: str, data: str | None) -> int:
    os.umask(0o077)
    place = folder.choose(data)
    supervisor = Supervisor(say)
    try:
        number = ports.parse(port)
        account = folder.lay_out(place)
        with folder.locked(place):
            installation = settle(place, account, number)
            supervisor.listen_for_signals()
            try:
                with folder.explained(place.root):
                    start(installation, supervisor)
                supervisor.run()
            finally:
                supervisor.stop(programs.stop_order())
                supervisor.close()
    except StopAsked:
        say("raiportal has stopped.")
    except CannotStart as refusal:
        sentence = folder.no_space(place.root) if folder.is_full(place.root) else str(refusal)  # programs die of a full disk in many ways
        sys.stderr.write(f"raiportal can't start. {sentence}\n")
        return 1
    return 0


@dataclass(frozen=True)
class Installation:
    """Everything that is settled before the first process starts."""

    folder: DataFolder
    cluster: postgres.Cluster
    broker: broker.Broker
    login: postgres.Login  # what the portal signs in to the database with
    owner: postgres.Login  # what owns the tables
    settings: Mapping[str, str]  # what belongs to this installation
    environment: Mapping[str, str]  # all that its processes see
    port: int


def settle(place: DataFolder, account: Account, port: int) -> Installation:
    """Check what can be checked beforehand, and end what an earlier start left. The data folder is locked by the caller."""
    with folder.explained(place.root):
        secrets = keys.load_or_make(place.keys, has_data=place.cluster.exists())
        left = orphans.stop(place, secrets.mark)
        if left:
            say(f"{left} processes of an earlier start were still there and have been stopped.")
        ports.require_free(port)
        server = broker.Broker(binaries.broker_program(), place.broker, place.sockets.resolve())
        cluster = postgres.Cluster(
            binaries.postgres_programs(account, place.programs), place.cluster, place.sockets.resolve(), account, secrets.superuser_password
        )
        settings = environment.settings_of(place, secrets, server, port=port)
        keys.write_private(place.environment, settings)
        folder.remember(place)
    surroundings = environment.for_processes(settings, secrets)
    return Installation(place, cluster, server, environment.login(secrets), environment.owner(secrets), settings, surroundings, port)


def start(installation: Installation, supervisor: Supervisor) -> None:
    """Bring everything up and tell the person; returns when the portal is ready. Raises CannotStart or StopAsked."""
    began = time.monotonic()
    place, surroundings = installation.folder, installation.environment
    say(f"raiportal is starting. Data folder: {place.root}")
    supervisor.add(programs.broker_program(place, surroundings, installation.broker))
    supervisor.add(programs.sandbox_program(place, surroundings, port=installation.port))
    state = freshness.digest(installation.settings)
    if installation.cluster.is_initialised and freshness.is_fresh(place, state):
        start_servers(installation, supervisor)
    else:
        freshness.forget(place)
        with preparing(installation) as preparation:
            start_servers(installation, supervisor)
            finish(preparation, supervisor, place)
        freshness.remember(place, state)
    for program in programs.portal_programs(place, surroundings, port=installation.port):
        supervisor.add(program)
    await_readiness(installation, supervisor)
    say(f"\nraiportal is ready after {time.monotonic() - began:.1f} s: http://localhost:{installation.port}\n")
    tell_sign_ins(place)
    say(f"Logs: {place.logs}\nStop with Ctrl-C; the data stay.")


def require(supervisor: Supervisor, condition: Callable[[], bool], seconds: float, complaint: str, place: DataFolder) -> None:
    if not supervisor.run_until(condition, timeout_seconds=seconds):
        raise CannotStart(f"{complaint} after {seconds:.0f} s: the logs in {place.logs} may say why.")


def start_servers(installation: Installation, supervisor: Supervisor) -> None:
    """Database and broker, until both answer."""
    place, cluster = installation.folder, installation.cluster
    postgres.initialise(cluster)
    supervisor.add(programs.database_program(place, installation.environment, cluster))
    require(supervisor, lambda: postgres.answers(cluster), postgres.READY_SECONDS, "The database doesn't answer", place)
    postgres.ensure_roles(cluster, installation.owner, installation.login)
    postgres.forget_heartbeats(cluster, installation.owner)
    require(supervisor, lambda: broker.answers(installation.broker), broker.READY_SECONDS, "The broker doesn't answer", place)


@contextmanager
def preparing(installation: Installation) -> Iterator[subprocess.Popen[bytes]]:
    """A process that loads Django beside the start of the database; its work on the database begins with a line on standard input."""
    with (installation.folder.logs / "prepare.log").open("wb") as log:
        preparation = subprocess.Popen(
            [sys.executable, "-m", "raiportal.embedded.prepare"],
            env=environment.for_preparation(installation.environment, installation.owner),
            cwd=CHECKOUT,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=processes.die_with_parent(SIGKILL),
        )
    try:
        yield preparation
    finally:
        preparation.kill()
        preparation.wait()


def finish(preparation: subprocess.Popen[bytes], supervisor: Supervisor, place: DataFolder) -> None:
    """Let the preparation go on to the database, and wait for its end. Raises CannotStart with its last words if it fails."""
    if preparation.stdin:
        with suppress(BrokenPipeError):  # it failed before; its exit code tells
            preparation.stdin.write(b"go\n")
            preparation.stdin.close()
    require(supervisor, lambda: preparation.poll() is not None, PREPARE_SECONDS, "The database isn't up to date", place)
    if preparation.returncode:
        log = place.logs / "prepare.log"
        story = log.read_text(errors="replace").strip()
        last = story.splitlines()[-1] if story else "no reason was given"
        raise CannotStart(f"The database could not be brought up to date ({last}): the whole story is in {log}.")


def await_readiness(installation: Installation, supervisor: Supervisor) -> None:
    """Wait for `/readyz`, which says yes once a heartbeat has come back through broker and worker."""
    answer, asked_at = "The web server doesn't answer.", 0.0

    def is_ready() -> bool:
        nonlocal answer, asked_at
        if time.monotonic() - asked_at < BETWEEN_PROBES_SECONDS:
            return False
        asked_at = time.monotonic()
        status, text = probe(installation.port)
        answer = text or answer
        return status == http.client.OK

    if not supervisor.run_until(is_ready, timeout_seconds=READY_SECONDS):
        raise CannotStart(f"The portal isn't ready after {READY_SECONDS} s ({answer}): the logs in {installation.folder.logs} may say why.")


def probe(port: int) -> tuple[int | None, str]:
    """Status and problems that `/readyz` gives; no status while nobody answers."""
    connection = http.client.HTTPConnection(programs.HOST, port, timeout=PROBE_SECONDS)
    try:
        connection.request("GET", "/readyz", headers={"Host": f"localhost:{port}"})
        response = connection.getresponse()
        body = response.read()
        return response.status, " ".join(json.loads(body).get("problems", []))
    except (OSError, http.client.HTTPException, ValueError):
        return None, ""
    finally:
        connection.close()


def tell_sign_ins(place: DataFolder) -> None:
    """Print one sign-in for each role of the sample programme."""
    try:
        entries = json.loads(place.sign_ins.read_text())
    except (OSError, ValueError):
        return
    say("Sign in as")
    width = max((len(entry["role"]) for entry in entries), default=0)
    name_width = max((len(entry["username"]) for entry in entries), default=0)
    for entry in entries:
        say(f"  {entry['role']:{width}}  {entry['username']:{name_width}}  {entry['password']}")
    say()
