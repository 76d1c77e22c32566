"""REL-32 on a disk that is really full: a small file system in memory, where the machine lets us mount one."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from raiportal.errors import NoRoom
from raiportal.evidence import storage
from raiportal.evidence.models import Evidence
from tests.factories.evidence import make_file
from tests.factories.systems import make_system

pytestmark = pytest.mark.django_db


@pytest.fixture
def small_disk(tmp_path: Path, settings: Any) -> Iterator[Path]:
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("only root may mount a small disk here; test_actions has the same with a disk that says it is full")
    settings.EVIDENCE_FILES = place
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_rel_32_full_disk_is_told_and_recovers(small_disk: Path) -> None:
    system = make_system()
    first = make_file(system, actor=system.owner, content=b"a" * 200_000)

    with pytest.raises(NoRoom, match="no room"):
        make_file(system, actor=system.owner, content=b"b" * 200_000)
    assert first.file is not None
    assert list(storage.stored_paths()) == [first.file.path]
    assert Evidence.objects.count() == 1

    storage.drop(first.file.path)
    assert make_file(system, actor=system.owner, content=b"b" * 200_000).pk
