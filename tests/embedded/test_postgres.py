"""A real PostgreSQL survives what happens to it, and refuses what it can't use."""

import os
import signal
import stat

import psycopg
import pytest

from raiportal.embedded import postgres, programs
from raiportal.embedded.children import recorded
from raiportal.embedded.errors import CannotStart
from raiportal.embedded.folder import DataFolder
from raiportal.embedded.supervisor import Supervisor

pytestmark = pytest.mark.processes

LOGIN = postgres.Login("raiportal", "raiportal", "a password")
WAIT_SECONDS = 60


def _start(supervisor: Supervisor, place: DataFolder, cluster: postgres.Cluster) -> int:
    """Start the cluster under the supervisor; the number of its first process."""
    postgres.initialise(cluster, durable=False)
    program = programs.database_program(place, os.environ, cluster)
    supervisor.add(program)
    assert supervisor.run_until(lambda: postgres.answers(cluster), timeout_seconds=WAIT_SECONDS)
    identity = recorded(program.record)
    assert identity
    return identity.pid


def test_committed_rows_survive_kill_9(supervisor: Supervisor, place: DataFolder, cluster: postgres.Cluster) -> None:
    pid = _start(supervisor, place, cluster)
    postgres.ensure_login(cluster, LOGIN)
    with postgres.connect(cluster, LOGIN) as connection:
        connection.execute("create table kept (n int)")
        connection.execute("insert into kept values (7)")

    os.kill(pid, signal.SIGKILL)

    assert supervisor.run_until(lambda: recorded(place.records / "database.json") is not None and postgres.answers(cluster), timeout_seconds=WAIT_SECONDS)
    with postgres.connect(cluster, LOGIN) as connection:
        assert connection.execute("select n from kept").fetchall() == [(7,)]
    renewed = recorded(place.records / "database.json")
    assert renewed
    assert renewed.pid != pid


def test_it_listens_on_no_network_and_asks_for_a_password(supervisor: Supervisor, place: DataFolder, cluster: postgres.Cluster) -> None:
    _start(supervisor, place, cluster)

    with postgres.connect(cluster) as connection:
        assert connection.execute("show listen_addresses").fetchone() == ("",)
        assert connection.execute("show server_encoding").fetchone() == ("UTF8",)
    with pytest.raises(psycopg.OperationalError, match="password"):
        postgres.connect(cluster, postgres.Login("postgres", postgres.SUPERUSER, "wrong"))


def test_its_files_and_socket_are_closed_to_others(supervisor: Supervisor, place: DataFolder, cluster: postgres.Cluster) -> None:
    _start(supervisor, place, cluster)

    for closed in (place.cluster, place.sockets.resolve(), place.broker, place.logs):
        assert stat.S_IMODE(closed.stat().st_mode) & 0o077 == 0, closed


def test_a_stale_lock_file_with_somebody_elses_number_is_no_obstacle(supervisor: Supervisor, place: DataFolder, cluster: postgres.Cluster) -> None:
    postgres.initialise(cluster, durable=False)
    lock = place.cluster / "postmaster.pid"
    lock.write_text(f"{os.getpid()}\n{place.cluster}\n1\n5432\n{place.sockets}\n\n")
    cluster.account.owns(lock)

    assert _start(supervisor, place, cluster)


def test_another_major_versions_files_are_refused_in_one_sentence(cluster: postgres.Cluster) -> None:
    postgres.initialise(cluster, durable=False)
    (cluster.folder / "PG_VERSION").write_text("15\n")

    with pytest.raises(CannotStart, match=r"written by PostgreSQL 15 and this is PostgreSQL \d+.*DATA="):
        postgres.initialise(cluster)


def test_an_interrupted_initialisation_is_done_again(cluster: postgres.Cluster) -> None:
    half_done = cluster.folder.with_name("postgres.unfinished")
    half_done.mkdir()
    (half_done / "PG_VERSION").write_text("18\n")

    postgres.initialise(cluster, durable=False)

    assert cluster.is_initialised
    assert not half_done.exists()


def test_a_changed_password_is_set_at_the_next_start(supervisor: Supervisor, place: DataFolder, cluster: postgres.Cluster) -> None:
    _start(supervisor, place, cluster)
    postgres.ensure_login(cluster, LOGIN)

    postgres.ensure_login(cluster, postgres.Login("raiportal", "raiportal", "another"))

    with postgres.connect(cluster, postgres.Login("raiportal", "raiportal", "another")) as connection:
        assert connection.execute("select current_user").fetchone() == ("raiportal",)
