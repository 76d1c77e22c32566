"""A real broker keeps what it took, through kill -9."""

import os
import signal

import pytest
import redis

from raiportal.embedded import broker, programs
from raiportal.embedded.children import recorded
from raiportal.embedded.folder import DataFolder
from raiportal.embedded.supervisor import Supervisor

pytestmark = pytest.mark.processes

WAIT_SECONDS = 30


def test_queued_work_survives_kill_9(supervisor: Supervisor, place: DataFolder, small_broker: broker.Broker) -> None:
    supervisor.add(programs.broker_program(place, os.environ, small_broker))
    assert supervisor.run_until(lambda: broker.answers(small_broker), timeout_seconds=WAIT_SECONDS)
    identity = recorded(place.records / "broker.json")
    assert identity
    with redis.Redis(unix_socket_path=str(small_broker.socket_file)) as connection:
        connection.rpush("queue", "work")
        assert connection.execute_command("WAITAOF", 1, 0, 5000)[0] == 1

    os.kill(identity.pid, signal.SIGKILL)

    assert supervisor.run_until(lambda: recorded(place.records / "broker.json") not in (None, identity), timeout_seconds=WAIT_SECONDS)
    assert supervisor.run_until(lambda: broker.answers(small_broker), timeout_seconds=WAIT_SECONDS)
    with redis.Redis(unix_socket_path=str(small_broker.socket_file)) as connection:
        assert connection.lrange("queue", 0, -1) == [b"work"]


def test_it_has_no_network_port(supervisor: Supervisor, place: DataFolder, small_broker: broker.Broker) -> None:
    supervisor.add(programs.broker_program(place, os.environ, small_broker))
    assert supervisor.run_until(lambda: broker.answers(small_broker), timeout_seconds=WAIT_SECONDS)

    with redis.Redis(unix_socket_path=str(small_broker.socket_file)) as connection:
        assert connection.config_get("port") == {"port": "0"}
