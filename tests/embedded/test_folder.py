"""The data folder: chosen, locked, and refused in one sentence where it can't serve."""

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections import namedtuple
from pathlib import Path

import pytest

from raiportal.embedded import binaries, folder, keys, ports, postgres
from raiportal.embedded.errors import CannotStart
from raiportal.embedded.folder import DataFolder

Usage = namedtuple("Usage", "total used free")
LOCK_ELSEWHERE = """
import sys; from pathlib import Path; from raiportal.embedded.folder import DataFolder, locked
with locked(DataFolder(Path(sys.argv[1]))): print("locked", flush=True); sys.stdin.readline()
"""


def test_a_second_start_with_the_same_folder_is_refused(place: DataFolder) -> None:
    folder.lay_out(place)
    other = [sys.executable, "-c", LOCK_ELSEWHERE, str(place.root)]
    with subprocess.Popen(other, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={"PYTHONPATH": str(folder.CHECKOUT)}) as first:
        assert first.stdout
        assert first.stdout.readline() == b"locked\n"

        with pytest.raises(CannotStart, match="running already with the data folder"), folder.locked(place):
            pass
        first.kill()
    with folder.locked(place):
        assert place.lock.exists()


def test_argument_wins_over_environment_over_the_usual_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(folder.VARIABLE, str(tmp_path / "named"))

    assert folder.choose(str(tmp_path / "asked")).root == tmp_path / "asked"
    assert folder.choose().root == tmp_path / "named"


def test_an_ordinary_users_folder_follows_xdg_and_the_checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(folder.VARIABLE, raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: 1234)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    here = folder.choose().root
    monkeypatch.setattr(folder, "CHECKOUT", tmp_path / "another checkout")

    assert here.parent == tmp_path / "raiportal"
    assert folder.choose().root != here


def test_roots_folder_is_where_other_accounts_can_enter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(folder.VARIABLE, raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: 0)

    assert folder.choose().root.parent == Path("/var/lib/raiportal")


def test_somebody_elses_content_is_left_alone(place: DataFolder) -> None:
    place.root.mkdir()
    (place.root / "letters.txt").write_text("mine")

    with pytest.raises(CannotStart, match="isn't empty and isn't a data folder of raiportal"):
        folder.lay_out(place)

    assert [entry.name for entry in place.root.iterdir()] == ["letters.txt"]


def test_a_file_in_the_folders_place_is_told(place: DataFolder) -> None:
    place.root.write_text("a file")

    with pytest.raises(CannotStart, match="isn't a folder"):
        folder.lay_out(place)


def test_rights_that_are_missing_are_told(place: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise PermissionError(13, "Permission denied", str(place.root))

    monkeypatch.setattr(Path, "mkdir", refuse)

    with pytest.raises(CannotStart, match=r"can't be used \(.*Permission denied\).*DATA="):
        folder.lay_out(place)


def test_a_full_disk_is_told_before_anything_starts(place: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**9, 10**9 - 1, 199_999_999))

    with pytest.raises(CannotStart, match=r"no space left on the disk.*200 MB"):
        folder.lay_out(place)


def test_a_disk_that_fills_up_later_is_told_the_same_way(place: DataFolder) -> None:
    with pytest.raises(CannotStart, match="no space left on the disk"), folder.explained(place.root):
        raise OSError(28, "No space left on device")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the database as another account")
def test_a_way_that_is_closed_to_the_database_is_told() -> None:
    closed = Path(tempfile.mkdtemp(prefix="raiportal-closed-"))
    try:
        with pytest.raises(CannotStart, match=f"may not enter {closed}"):
            folder.lay_out(DataFolder(closed / "data"))
    finally:
        shutil.rmtree(closed)


@pytest.mark.processes
def test_a_path_too_long_for_a_socket_gets_a_short_one_that_is_closed(place: DataFolder) -> None:
    deep = DataFolder(place.root.parent / ("long-" * 20) / "data")

    account = folder.lay_out(deep)

    sockets = deep.sockets.resolve()
    try:
        assert len(str(sockets)) < folder.SOCKET_PATH_BYTES
        assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
        folder.lay_out(deep)
        assert deep.sockets.resolve() == sockets
        postgres.initialise(postgres.Cluster(binaries.postgres_programs(account, deep.programs), deep.cluster, sockets, account, "throw-away"), durable=False)
    finally:
        shutil.rmtree(sockets)


def test_keys_are_random_kept_and_closed(tmp_path: Path) -> None:
    made = keys.load_or_make(tmp_path / "keys.json", has_data=False)
    other = keys.load_or_make(tmp_path / "other.json", has_data=False)

    assert keys.load_or_make(tmp_path / "keys.json", has_data=True) == made
    assert made.secret_key != other.secret_key
    assert stat.S_IMODE((tmp_path / "keys.json").stat().st_mode) == 0o600
    assert made.secret_key not in repr(made)


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"secret_key": "only this"}'])
def test_damaged_keys_are_never_replaced(tmp_path: Path, content: str) -> None:
    file = tmp_path / "keys.json"
    file.write_text(content)

    with pytest.raises(CannotStart, match="backup"):
        keys.load_or_make(file, has_data=True)

    assert file.read_text() == content


def test_missing_keys_are_not_made_anew_for_data_that_exist(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="backup"):
        keys.load_or_make(tmp_path / "keys.json", has_data=True)


@pytest.mark.parametrize("text", ["", "0", "-1", "80a", "65535", "70000", "8000.5"])
def test_what_is_no_port_is_refused(text: str) -> None:
    with pytest.raises(CannotStart, match="isn't a port"):
        ports.parse(text)
