"""The doctor finds what is wrong and says what to do; it changes nothing and never fails itself."""

import os
import shutil
from collections import namedtuple
from pathlib import Path

import django
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command, get_commands
from django.db import DatabaseError, connection
from pytest_django import Settings

from raiportal import clocks
from raiportal.audit import rights
from raiportal.embedded import doctor, folder, keys
from raiportal.embedded.folder import DataFolder
from raiportal.status.models import Heartbeat

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def well(place: DataFolder, settings: Settings, monkeypatch: pytest.MonkeyPatch, db: None) -> DataFolder:
    """An installation with nothing wrong: one worker gave a sign of life just now."""
    folder.lay_out(place)
    keys.load_or_make(place.keys, has_data=False)
    monkeypatch.setenv(folder.VARIABLE, str(place.root))
    monkeypatch.setattr(rights, "excess_rights", list)  # the tests' own role owns the tables
    Heartbeat.objects.create(name="worker", at=clocks.now())
    return place


def _problems() -> dict[str, doctor.Finding]:
    return {finding.subject: finding for finding in doctor.examine() if finding.remedy}


def test_a_healthy_installation_has_no_problem(well: DataFolder, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor.main([]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 8
    assert all(line.startswith("ok") for line in lines)


def test_a_role_that_may_change_the_ledger_is_found(well: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rights, "excess_rights", lambda: [rights.Excess("audit_entry", ("owner", "UPDATE"))])

    assert "audit_entry (owner, UPDATE)" in _problems()["rights"].state


def test_keys_open_to_others_are_found(well: DataFolder) -> None:
    well.keys.chmod(0o644)

    assert _problems()["keys.json"].remedy == f"Close it to others: chmod 600 {well.keys}"


def test_a_missing_key_file_is_found(well: DataFolder) -> None:
    well.keys.unlink()
    well.cluster.mkdir()

    assert "backup" in _problems()["keys.json"].remedy


def test_a_disk_nearly_full_is_found(well: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**9, 10**9, 5_000_000))

    finding = _problems()["disk"]

    assert finding.state == "5 MB free"
    assert finding.remedy == "Free at least 200 MB."


def test_a_silent_worker_is_found(well: DataFolder) -> None:
    Heartbeat.objects.all().delete()

    assert "worker" in _problems()["heartbeat"].remedy


def test_too_many_processes_for_the_database_are_found(well: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAIPORTAL_WEB_WORKERS", "100")

    assert "max_connections" in _problems()["connections"].remedy


def test_a_number_of_processes_that_is_none_is_found(well: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAIPORTAL_RUNNERS", "many")

    assert "RAIPORTAL_RUNNERS=many" in _problems()["connections"].remedy


def test_a_broker_that_is_away_is_found(well: DataFolder, settings: Settings, tmp_path: Path) -> None:
    settings.BROKER_URL = f"redis+socket://{tmp_path}/nobody.sock?virtual_host=0"

    assert _problems()["broker"].state.startswith("doesn't answer")


def test_static_files_that_were_not_collected_are_found(well: DataFolder, settings: Settings, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}}

    assert "collectstatic" in _problems()["static files"].remedy


def test_a_database_that_is_away_is_found(well: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise DatabaseError("connection refused\nmore")

    with monkeypatch.context() as away:
        away.setattr(connection, "cursor", refuse)
        problems = _problems()

    assert problems["database"].state == "doesn't answer (connection refused)"


def test_settings_that_do_not_load_are_told(well: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise ImproperlyConfigured("RAIPORTAL_SECRET_KEY is not set.")

    monkeypatch.setattr(django, "setup", fail)

    assert _problems()["settings"].state == "don't load (ImproperlyConfigured: RAIPORTAL_SECRET_KEY is not set.)"


def test_a_folder_that_was_never_used_is_told(well: DataFolder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(folder.VARIABLE, str(tmp_path / "nothing"))

    assert "make up" in _problems()["data folder"].remedy
    assert not (tmp_path / "nothing").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to root")
def test_a_folder_closed_to_us_is_told(well: DataFolder) -> None:
    well.root.chmod(0)
    try:
        assert "rights" in _problems()["data folder"].remedy
    finally:
        well.root.chmod(0o711)


def test_django_lists_the_command_and_runs_the_same(well: DataFolder) -> None:
    with pytest.raises(SystemExit) as ended:
        call_command("doctor", data=str(well.root))

    assert ended.value.code == 0
    assert get_commands()["up"] == get_commands()["doctor"] == get_commands()["sandbox"] == "raiportal.embedded"
