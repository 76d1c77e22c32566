"""Files and exports by their exact addresses: for strangers there are none, and whoever is signed out is led to the sign-in. SEC-05."""

from __future__ import annotations

import pytest

from tests.project.access import DOORS
from tests.project.door import Who
from tests.project.world import Words, World
from tests.security.crawling import Visited, visit_door

CANARY = "kanarienvogel"
FILES = ("-export", "-file", "-rejected", "-pdf", "-pack")
OF_S1 = [door for door in DOORS if door.is_reading and door.name.endswith(FILES) and Who.OWNER in door.may and Who.FOREIGNER not in door.may]


@pytest.fixture(scope="module")
def words() -> Words:
    return lambda field: f"{field} {CANARY}"


def test_the_table_knows_the_files_of_a_system() -> None:
    assert {"evidence-file", "evidence-export", "upload-rejected", "harm-upload-rejected", "report-file", "baseline-export"} <= {door.name for door in OF_S1}


@pytest.mark.parametrize("who", [Who.FOREIGNER, Who.NOBODY, Who.ANONYMOUS])
def test_a_known_address_of_a_file_opens_nothing(world: World, who: Who) -> None:
    """SEC-05: with the very link that the owner of the system uses; a link is no key."""
    answers: dict[str, Visited] = {door.id: visit_door(world, who, door) for door in OF_S1}

    expected = {302, 401} if who is Who.ANONYMOUS else {403, 404}
    assert {name: answer.status for name, answer in answers.items() if answer.status not in expected} == {}
    assert [name for name, answer in answers.items() if "Content-Disposition" in answer.headers or CANARY.encode() in answer.everything.lower()] == []


def test_the_owner_gets_them_all(world: World) -> None:
    """The control: the same addresses hand the files out."""
    answers = {door.id: visit_door(world, Who.OWNER, door) for door in OF_S1 if door.success(Who.OWNER) == 200}  # a PDF is typeset first

    assert len(answers) >= len(OF_S1) - 1
    assert {name: answer.status for name, answer in answers.items() if answer.status != 200} == {}
    assert sum(CANARY.encode() in answer.everything.lower() for answer in answers.values()) > len(answers) / 2
