"""A backup taken while a run is in flight, restored into an empty database: the ledger verifies, every invariant holds, the run goes on."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from allauth.mfa.totp.internal.auth import TOTP
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, connections, transaction
from django.test import override_settings

from measurements.enums import RunState
from measurements.models import Lease, Output, Run
from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from raiportal.integrity import tables
from raiportal.integrity.backup import back_up, one_moment
from raiportal.integrity.errors import CannotBackUp, CannotRestore
from raiportal.integrity.invariants import violations
from raiportal.integrity.restore import restore
from systems.models import Deployment
from tests.factories.accounts import make_user
from tests.factories.runs import make_run, prompts
from tests.measurements.workers import flush_broker, require_sound, running_worker, stored, wait_for_estimates, wait_for_outputs
from tests.sandbox.process import running_simulator

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]
KEY = "sk-backed-up-93b1f0a7"


@pytest.fixture
def half_done() -> Run:
    """A run that waits for its worker, on a deployment with a key."""
    make_user(Role.ADMINISTRATOR)
    return make_run(api_key=KEY, start=True)


def test_a_run_in_flight_is_backed_up_restored_and_goes_on(tmp_path: Path) -> None:
    make_user(Role.ADMINISTRATOR)
    file = tmp_path / "backup.zip"
    with running_simulator("--latency-ms", "50") as simulator:
        run = make_run(port=simulator.port, cases=prompts(200), max_concurrency=4, start=True)
        with running_worker(tmp_path):
            wait_for_outputs(run, 20)
            manifest = back_up(file)
        stored_then = next(part.rows for part in manifest.tables if part.name == "tables/output.copy")
        flush_broker()

        with empty_database(has_tables=False):
            result = restore(file)
            assert result.problems == []
            assert stored(run) == stored_then
            assert 20 <= stored_then < 200
            assert Run.objects.get(pk=run.pk).state == RunState.RUNNING
            with running_worker(tmp_path, "two", beat=True):
                wait_for_estimates(run)
            require_sound(Run.objects.get(pk=run.pk))
            assert violations() == []


def test_backup_restores_to_the_same_rows(tmp_path: Path, half_done: Run) -> None:
    file = tmp_path / "backup.zip"
    manifest = back_up(file)
    before = _rows()

    with empty_database():
        result = restore(file)
        assert result.problems == []
        assert _rows() == before
        assert result.manifest == manifest
        assert Deployment.objects.get().api_key == KEY
        assert User.objects.create(username="next", name="Next").pk > max(before["account_user"])
        with connection.cursor() as cursor, pytest.raises(Exception, match="written once"):
            cursor.execute("delete from audit_entry")


def test_backup_sees_one_moment_while_work_goes_on(half_done: Run) -> None:
    other = connections.create_connection("default")
    with one_moment():
        before = Output.objects.count()
        with other.cursor() as cursor:
            cursor.execute("update run set cause_detail = 'changed meanwhile' where id = %s", [half_done.pk])
        assert Output.objects.count() == before
        assert Run.objects.get(pk=half_done.pk).cause_detail == ""
    other.close()
    assert Run.objects.get(pk=half_done.pk).cause_detail == "changed meanwhile"


def test_archive_holds_no_key_and_no_session(tmp_path: Path, half_done: Run) -> None:
    file = tmp_path / "backup.zip"
    manifest = back_up(file)

    with zipfile.ZipFile(file) as content:
        everything = b"".join(content.read(name) for name in content.namelist())
    assert KEY.encode() not in everything
    assert not [part for part in manifest.tables if "session" in part.name and "django" in part.name]
    assert len(manifest.field_keys) == 1
    assert file.stat().st_mode & 0o077 == 0


def test_restore_says_which_key_is_missing(tmp_path: Path, half_done: Run) -> None:
    file = tmp_path / "backup.zip"
    manifest = back_up(file)

    with empty_database(), override_settings(FIELD_KEYS=[Fernet.generate_key().decode()]):
        with pytest.raises(CannotRestore, match=manifest.field_keys[0]):
            restore(file)
        assert not User.objects.filter(kind="person").exists()


def test_restore_refuses_a_database_that_somebody_works_in(tmp_path: Path, half_done: Run) -> None:
    file = tmp_path / "backup.zip"
    back_up(file)

    with pytest.raises(CommandError, match="isn't empty"):
        call_command("restore", str(file))
    assert Run.objects.filter(pk=half_done.pk).exists()


def test_restore_notices_a_damaged_archive_and_changes_nothing(tmp_path: Path, half_done: Run) -> None:
    file = tmp_path / "backup.zip"
    back_up(file)
    damaged = _with_changed_table(file, "tables/run.copy", b"running", b"planned")

    with empty_database():
        with pytest.raises(CannotRestore, match="damaged"):
            restore(damaged)
        assert not Run.objects.exists()


def test_restore_notices_a_damaged_file_before_it_writes_a_row(tmp_path: Path, half_done: Run) -> None:
    file = tmp_path / "backup.zip"
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail" / "1.log").write_bytes(b"as it was")

    with override_settings(DATA_DIR=tmp_path):
        back_up(file)
        damaged = _with_changed_table(file, "files/mail/1.log", b"was", b"is")
        with empty_database():
            with pytest.raises(CannotRestore, match="damaged"):
                restore(damaged)
            assert not Run.objects.exists()


def test_key_of_second_factors_alone_is_asked_for(tmp_path: Path, half_done: Run) -> None:
    Deployment.objects.update(api_key="")
    TOTP.activate(make_user(), "JBSWY3DPEHPK3PXP")

    assert len(back_up(tmp_path / "backup.zip").field_keys) == 1
    with override_settings(FIELD_KEYS=[Fernet.generate_key().decode()]):
        assert [told for told in violations() if "Second factor" in told]


def test_backup_writes_over_nothing(tmp_path: Path, half_done: Run) -> None:
    file = tmp_path / "backup.zip"
    file.write_text("something else")

    with pytest.raises(CannotBackUp, match="is there already"):
        back_up(file)
    assert file.read_text() == "something else"
    assert list(tmp_path.iterdir()) == [file]


def test_restore_refuses_a_file_that_is_no_backup(tmp_path: Path, half_done: Run) -> None:
    (tmp_path / "other.zip").write_bytes(b"PK\x03\x04 no archive")

    for name in ("other.zip", "nothing.zip"):
        with pytest.raises(CannotRestore):
            restore(tmp_path / name)


@contextmanager
def empty_database(*, has_tables: bool = True) -> Iterator[None]:
    """A second database beside the test's with empty tables or without any, to which Django's default connection leads until the end."""
    before = connection.settings_dict["NAME"]
    name = f"{before}_restored"
    template = f'template "{before}"' if has_tables else ""
    connection.close()
    _administer(f'drop database if exists "{name}" with (force)', f'create database "{name}" {template}')
    connection.settings_dict["NAME"] = name
    try:
        if has_tables:
            _empty_all_tables()
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before
        _administer(f'drop database "{name}" with (force)')


def _administer(*statements: str) -> None:
    given = connection.settings_dict
    with psycopg.connect(host=given["HOST"], port=given["PORT"], user=given["USER"], password=given["PASSWORD"], dbname="postgres", autocommit=True) as other:
        for statement in statements:
            other.execute(statement)


def _empty_all_tables() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set local session_replication_role = replica")
        names = [f'"{table.name}"' for table in tables.tables() if table.name != tables.MIGRATIONS]
        cursor.execute(f"truncate {', '.join(names)}")


def _rows() -> dict[str, list[int]]:
    """Ids of the rows of the tables that matter most, and the outputs' texts."""
    found = {model._meta.db_table: list(model._base_manager.order_by("pk").values_list("pk", flat=True)) for model in (User, Run, Output, Lease)}
    with connection.cursor() as cursor:
        cursor.execute("select md5(string_agg(e::text, '' order by e.id)) from audit_entry e union all select md5(string_agg(r::text, '')) from run r")
        found["digests"] = [digest for (digest,) in cursor.fetchall()]
    return found


def _with_changed_table(file: Path, name: str, before: bytes, after: bytes) -> Path:
    changed = file.with_name("damaged.zip")
    with zipfile.ZipFile(file) as source, zipfile.ZipFile(changed, "w") as target:
        for member in source.namelist():
            content = source.read(member)
            target.writestr(member, content.replace(before, after) if member == name else content)
    return changed
