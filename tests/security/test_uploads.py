"""Whatever is uploaded is read as data or refused; nothing of it is kept under a name, or served as a type, that its sender chose. SEC-26."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from measurements.models import SetUpload
from tests.project.door import Who
from tests.project.world import World

CASE = b'{"input": "How do I tie a bowline?"}\n'


def _zip_bomb() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("cases.jsonl", b"0" * 20_000_000)
    return packed.getvalue()


REFUSED = {
    "HTML": b"<html><script>alert(1)</script></html>",
    "SVG": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    "zip bomb": _zip_bomb(),
    "polyglot of GIF and script": b"GIF89a/*\x00*/=1;alert(1)//",
    "program": b"\x7fELF\x02\x01\x01\x00" + bytes(200),
    "nothing": b"",
}
NAMES = {
    "with path parts": "../../../etc/cron.d/x.jsonl",
    "with backslashes": "..\\..\\windows\\x.jsonl",
    "with NUL": "cases.jsonl\x00.html",
    "of 300 characters": "a" * 300 + ".jsonl",
    "turned right to left": "cases\u202elmth.jsonl",
    "with two endings": "cases.html.jsonl",
    "of a device": "con",
    "with line ends": "cases\r\nX-Header: 1.jsonl",
}


def _files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def _import(world: World, name: str, content: bytes, kind: str = "application/json") -> int:
    address = reverse("set-import", args=[world.s1.measurement_set.pk])
    file = SimpleUploadedFile("x", content, kind)
    file._name = name  # past Django's own tidying, as a hostile client sends it
    return world.browser(Who.OWNER).post(address, {"file": file, "format": "jsonl"}).status_code


@pytest.mark.parametrize("what", REFUSED)
def test_import_keeps_nothing_of_a_file_that_is_no_list_of_cases(world: World, what: str) -> None:
    before, stored = SetUpload.objects.count(), _files(Path(settings.DATA_DIR))

    status = _import(world, "cases.jsonl", REFUSED[what], "text/html")

    confirmable = SetUpload.objects.filter(pk__gt=world.s2.upload.pk).exclude(report__accepted=0) if SetUpload.objects.count() > before else []
    assert status in {302, 422}
    assert list(confirmable) == []
    assert _files(Path(settings.DATA_DIR)) == stored


@pytest.mark.parametrize("what", NAMES)
def test_import_takes_no_path_from_a_file_name(world: World, what: str) -> None:
    stored = _files(Path(settings.DATA_DIR))

    status = _import(world, NAMES[what], CASE)

    assert status in {302, 422}
    assert _files(Path(settings.DATA_DIR)) == stored
    if status == 302:
        kept = SetUpload.objects.latest("pk").file_name
        assert not set(kept) & set("/\\\x00\r\n\u202e")
        assert len(kept) <= 200


def test_what_is_served_of_an_upload_is_an_attachment_under_a_name_of_ours(world: World) -> None:
    _import(world, '"><img src=x>.jsonl', CASE + b"not a case\n")
    upload = SetUpload.objects.latest("pk")

    answer = world.browser(Who.OWNER).get(reverse("upload-rejected", args=[upload.pk]))

    assert answer["Content-Disposition"].startswith("attachment")
    assert "<" not in answer["Content-Disposition"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert not answer["Content-Type"].startswith(("text/html", "image/"))
