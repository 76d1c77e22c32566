"""Stored files of evidence through a backup and back. INV-32, REL-37."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest

from raiportal.accounts.enums import Role
from raiportal.evidence import storage
from raiportal.evidence.models import Evidence, StoredFile
from raiportal.integrity import files
from raiportal.integrity.backup import back_up
from raiportal.integrity.errors import CannotRestore
from raiportal.integrity.invariants import violations
from raiportal.integrity.restore import restore
from tests.factories.accounts import make_user
from tests.factories.evidence import TEXT, make_file
from tests.factories.systems import make_system
from tests.integrity.test_backup import empty_database

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]


@pytest.fixture
def kept(tmp_path: Path, settings: Any) -> Evidence:
    settings.EVIDENCE_FILES = tmp_path / "files"
    make_user(Role.ADMINISTRATOR)
    system = make_system()
    return make_file(system, actor=system.owner)


def test_inv_32_stored_files_come_back_with_their_rows(tmp_path: Path, kept: Evidence, settings: Any) -> None:
    file = tmp_path / "backup.zip"
    manifest = back_up(file)
    assert [part.name for part in manifest.files if "/files/" in part.name] == [f"files/files/{StoredFile.objects.get().path}"]

    settings.EVIDENCE_FILES = tmp_path / "elsewhere"
    with empty_database():
        result = restore(file)
        assert result.problems == []
        stored = StoredFile.objects.get()
        assert storage.place_of(stored.path).read_bytes() == TEXT
        assert storage.place_of(stored.path).is_relative_to(tmp_path / "elsewhere")
        storage.drop(stored.path)
        assert [problem for problem in violations() if problem.startswith("INV-32:")] == [f"INV-32: The content of stored file {stored.pk} is missing."]


def test_altered_stored_file_in_an_archive_changes_nothing(tmp_path: Path, kept: Evidence, settings: Any) -> None:
    file, altered = tmp_path / "backup.zip", tmp_path / "altered.zip"
    back_up(file)
    with zipfile.ZipFile(file) as source, zipfile.ZipFile(altered, "w") as target:
        for member in source.infolist():
            content = source.read(member)
            target.writestr(member.filename, b"Other." if member.filename.startswith("files/files/") else content)

    settings.EVIDENCE_FILES = tmp_path / "elsewhere"
    with empty_database():
        with pytest.raises(CannotRestore, match="isn't what was written"):
            restore(altered)
        assert StoredFile.objects.count() == 0
    assert not (tmp_path / "elsewhere").exists()


def test_files_on_their_way_in_stay_out(kept: Evidence) -> None:
    storage.place_of("1/ab/x.part").parent.mkdir(parents=True, exist_ok=True)
    storage.place_of("1/ab/x.part").write_bytes(b"half")

    assert [place for name, place in files.evidence_files() if name.endswith(".part")] == []


@pytest.mark.parametrize("name", ["files/files/../../etc/passwd", "files/other/x", "files//etc/passwd", "elsewhere/files/x"])
def test_no_name_in_an_archive_leaves_the_data_folder(name: str) -> None:
    with pytest.raises(CannotRestore):
        files.place_of(name)
