"""What an installation's processes are given, and that the list of settings is whole."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from raiportal.embedded import broker, environment, folder, freshness, keys

SETTING = re.compile(r"RAIPORTAL_[A-Z][A-Z_]+")
PACKAGES = ("raiportal", "systems", "harms", "measurements")


@pytest.fixture
def secrets(tmp_path: Path) -> keys.Keys:
    return keys.load_or_make(tmp_path / "keys.json", has_data=False)


@pytest.fixture
def settings_of(tmp_path: Path, secrets: keys.Keys) -> dict[str, str]:
    place = folder.DataFolder(tmp_path)
    return environment.settings_of(place, secrets, broker.Broker(Path("valkey-server"), place.broker, place.sockets), port=8100)


def test_each_setting_that_the_code_reads_is_in_the_example_file_and_no_other() -> None:
    sources = [path.read_text() for package in PACKAGES for path in (folder.CHECKOUT / package).rglob("*.py")]
    sources.append((folder.CHECKOUT / "docker-compose.yml").read_text())
    read = {name for source in sources for name in SETTING.findall(source)}

    listed = set(SETTING.findall((folder.CHECKOUT / ".env.example").read_text()))

    assert listed == read


def test_the_sandbox_joins_the_users_own_allowlist(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, secrets: keys.Keys) -> None:
    monkeypatch.setenv("RAIPORTAL_ENDPOINT_ALLOWLIST", "models.example, 127.0.0.1:8101")
    place = folder.DataFolder(tmp_path)

    settings = environment.settings_of(place, secrets, broker.Broker(Path("valkey-server"), place.broker, place.sockets), port=8100)

    assert settings["RAIPORTAL_ENDPOINT_ALLOWLIST"] == "models.example,127.0.0.1:8101,localhost:8101"


def test_another_terminal_reaches_the_installation_last_started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings_of: dict[str, str]) -> None:
    keys.write_private(folder.DataFolder(tmp_path).environment, settings_of)
    monkeypatch.setattr(os, "environ", {"RAIPORTAL_DATA": str(tmp_path)})

    environment.attach()

    assert {name: os.environ[name] for name in settings_of} == settings_of


def test_another_terminal_finds_a_data_folder_chosen_at_the_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(folder, "_everybodys_folders", lambda: tmp_path / "own")
    monkeypatch.delenv("RAIPORTAL_DATA", raising=False)
    chosen = folder.DataFolder(tmp_path / "chosen")
    chosen.root.mkdir()
    keys.write_private(chosen.environment, {})

    folder.remember(chosen)

    assert folder.latest() == chosen
    monkeypatch.setenv("RAIPORTAL_DATA", str(tmp_path / "named"))
    assert folder.latest().root == tmp_path / "named"


def test_a_data_folder_that_is_gone_is_not_looked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(folder, "_everybodys_folders", lambda: tmp_path)
    monkeypatch.delenv("RAIPORTAL_DATA", raising=False)

    folder.remember(folder.DataFolder(tmp_path / "gone"))

    assert folder.latest() == folder.choose()


def test_a_command_before_the_first_start_says_what_to_do_in_one_sentence(tmp_path: Path) -> None:
    surroundings = {"PATH": os.environ["PATH"], "RAIPORTAL_DATA": str(tmp_path)}

    ended = subprocess.run([sys.executable, "manage.py", "create_token"], cwd=folder.CHECKOUT, env=surroundings, capture_output=True, text=True, check=False)

    assert ended.returncode == 1
    assert ended.stderr.startswith("Nothing was started from this checkout yet: run `make up`.")
    assert ended.stderr.count("\n") == 1


def test_the_simulator_starts_without_any_settings(tmp_path: Path) -> None:
    surroundings = {"PATH": os.environ["PATH"], "RAIPORTAL_DATA": str(tmp_path)}

    ended = subprocess.run(
        [sys.executable, "manage.py", "sandbox", "--help"], cwd=folder.CHECKOUT, env=surroundings, capture_output=True, text=True, check=False
    )

    assert (ended.returncode, ended.stderr) == (0, "")
    assert "--latency-ms" in ended.stdout


def test_an_environment_that_is_settled_is_left_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings_of: dict[str, str]) -> None:
    keys.write_private(folder.DataFolder(tmp_path).environment, settings_of)
    monkeypatch.setenv("RAIPORTAL_DATA", str(tmp_path))
    before = dict(os.environ)

    environment.attach()

    assert dict(os.environ) == before


def test_the_mark_is_not_written_where_other_commands_would_take_it_up(settings_of: dict[str, str], secrets: keys.Keys) -> None:
    assert secrets.mark not in json.dumps(settings_of)
    assert environment.for_processes(settings_of, secrets)[environment.MARK_VARIABLE] == secrets.mark


def test_a_start_is_fresh_until_a_file_or_a_setting_changes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    checkout, place = tmp_path / "checkout", folder.DataFolder(tmp_path)
    (checkout / "harms" / "migrations").mkdir(parents=True)
    monkeypatch.setattr(freshness, "CHECKOUT", checkout)
    state = freshness.digest({"port": "1"})
    assert not freshness.is_fresh(place, state)
    freshness.remember(place, state)

    assert freshness.is_fresh(place, freshness.digest({"port": "1"}))
    assert not freshness.is_fresh(place, freshness.digest({"port": "2"}))
    (checkout / "harms" / "migrations" / "0002_more.py").write_text("more")
    assert not freshness.is_fresh(place, freshness.digest({"port": "1"}))
