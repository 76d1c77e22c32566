"""A disk that is full while a file arrives: told in words at every door that takes files, with nothing kept."""

from __future__ import annotations

import errno
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile, TemporaryUploadedFile
from django.test import Client, RequestFactory
from django.urls import reverse

from harms.models import Harm, HarmUpload
from raiportal.accounts.enums import Role
from raiportal.api import problems
from raiportal.errors import NO_ROOM
from raiportal.evidence.models import Evidence
from tests.factories.accounts import make_user
from tests.factories.systems import make_system
from tests.systems.test_api import HERE, Caller

pytestmark = pytest.mark.django_db
CONTENT = b"title,category,origin\nLeaked note,data-privacy,application\n"
MOMENTS = ("__init__", "write", "seek")  # of a temporary file: made, written to, and written out at its end


@pytest.fixture
def places(tmp_path: Path, settings: Any) -> Path:
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    return tmp_path


def fill_the_disk(monkeypatch: pytest.MonkeyPatch, moment: str, number: int = errno.ENOSPC) -> None:
    def full(*arguments: object, **named: object) -> None:
        raise OSError(number, "No space left on device")

    monkeypatch.setattr(TemporaryUploadedFile, moment, full, raising=False)
    if moment != "__init__":
        monkeypatch.setattr(TemporaryUploadedFile, "close", closed_on_a_full_disk, raising=False)


def closed_on_a_full_disk(file: TemporaryUploadedFile) -> None:
    """What was not written yet is tried once more when a file is closed."""
    file.file.close()
    raise OSError(errno.ENOSPC, "No space left on device")


def sent(size: int = 1) -> SimpleUploadedFile:
    return SimpleUploadedFile("harms.csv", CONTENT * size)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("size", [1, 5_000])
@pytest.mark.parametrize("moment", MOMENTS)
def test_full_disk_refuses_a_file_in_words_and_keeps_nothing(moment: str, size: int, number: int, places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    system = make_system()
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(system.owner)
    page = browser.get(reverse("harm-import", args=[system.pk])).text
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert token

    with monkeypatch.context() as patched:
        fill_the_disk(patched, moment, number)
        answer = browser.post(reverse("harm-import", args=[system.pk]), {"csrfmiddlewaretoken": token[1], "file": sent(size), "format": "csv"})

    assert (answer.status_code, NO_ROOM.replace("'", "&#x27;") in answer.text) == (503, True)
    assert not HarmUpload.objects.exists()
    assert list(places.iterdir()) == []
    again = browser.post(reverse("harm-import", args=[system.pk]), {"csrfmiddlewaretoken": token[1], "file": sent(), "format": "csv"})
    assert again.status_code == 302


def test_full_disk_is_told_to_programs(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    system = make_system()
    owner = Caller(system.owner)
    fill_the_disk(monkeypatch, "write")

    answers = [
        owner.client.post(f"{HERE}/harms/import/", {"system": system.pk, "format": "csv", "file": sent()}),
        owner.client.post(f"{HERE}/evidence/", {"subject_kind": "systems.ai_system", "subject_id": system.pk, "file": sent()}),
    ]

    assert [(answer.status_code, answer.json()["code"], answer.json()["detail"]) for answer in answers] == [(503, "no_room", NO_ROOM)] * 2
    assert not Evidence.objects.exists()
    assert not Harm.objects.exists()


def test_full_disk_is_told_wherever_a_page_meets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    browser = Client()
    browser.force_login(make_user(Role.ADMINISTRATOR))

    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("raiportal.administration.views.people.selectors.people", full)
    page = browser.get(reverse("person-list"))
    program = problems.handle(OSError(errno.ENOSPC, "No space left on device"), {"request": RequestFactory().get("/")})

    assert (page.status_code, "no room" in page.text) == (503, True)
    assert program is not None
    assert (program.status_code, program.data["code"]) == (503, "no_room")


def test_other_troubles_of_a_disk_stay_errors(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    system = make_system()
    browser = Client(raise_request_exception=False)
    browser.force_login(system.owner)
    fill_the_disk(monkeypatch, "write", errno.EIO)

    assert browser.post(reverse("harm-import", args=[system.pk]), {"file": sent(), "format": "csv"}).status_code == 500
