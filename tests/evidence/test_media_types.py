"""What files are taken: by their content, and only what is on the list. SEC-26."""

from __future__ import annotations

import io
import zipfile

import pytest

from raiportal.errors import Invalid
from raiportal.evidence.media_types import media_type_of
from tests.factories.evidence import PNG, docx, office, open_document

OFFICE = "application/vnd.openxmlformats-officedocument"
TAKEN = {
    "a.png": (PNG, "image/png"),
    "a.JPG": (b"\xff\xd8\xff\xe0" + bytes(20), "image/jpeg"),
    "a.gif": (b"GIF89a" + bytes(20), "image/gif"),
    "a.webp": (b"RIFF\x10\x00\x00\x00WEBPVP8 ", "image/webp"),
    "a.pdf": (b"%PDF-1.7\n", "application/pdf"),
    "a.txt": ("Ünïcode “quotes”\r\n".encode("utf-8-sig"), "text/plain"),
    "a.md": (b"# Head\n", "text/plain"),
    "a.csv": (b"a,b\n1,2\n", "text/csv"),
    "a.json": (b'{"a": [1]}', "application/json"),
    "a.docx": (docx("word/embeddings/sheet.xlsx"), f"{OFFICE}.wordprocessingml.document"),
    "a.xlsx": (office("[Content_Types].xml", "xl/workbook.xml"), f"{OFFICE}.spreadsheetml.sheet"),
    "a.pptx": (office("[Content_Types].xml", "ppt/presentation.xml"), f"{OFFICE}.presentationml.presentation"),
    "a.odt": (open_document(), "application/vnd.oasis.opendocument.text"),
    "a.ods": (open_document("spreadsheet"), "application/vnd.oasis.opendocument.spreadsheet"),
}


def _bomb() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", b"<x/>")
        archive.writestr("word/document.xml", b"<x/>")
    content = bytearray(packed.getvalue())
    start = content.rindex(b"PK\x01\x02")
    content[start + 24 : start + 28] = (3 * 1024**3).to_bytes(4, "little")  # the size that the list of contents claims
    return bytes(content)


REFUSED = {
    "page": ("a.html", b"<html></html>"),
    "picture that runs": ("a.svg", b"<svg onload='alert(1)'/>"),
    "page as text": ("a.txt", b"\n <!DOCTYPE html><script>alert(1)</script>"),
    "picture that runs, as text": ("a.csv", b"<svg onload='alert(1)'/>"),
    "page behind two endings": ("a.pdf.html", b"%PDF-1.7"),
    "page with a document's ending": ("a.html.pdf", b"<html></html>"),
    "page with a picture's ending": ("a.png", b"<html></html>"),
    "polyglot of GIF and script as text": ("a.txt", b"GIF89a/*\x00*/=1;alert(1)//"),
    "program": ("a.pdf", b"\x7fELF\x02\x01\x01\x00"),
    "no ending": ("a", b"text"),
    "text with NUL": ("a.txt", b"a\x00b"),
    "text in another encoding": ("a.txt", "naïve".encode("latin-1")),
    "half a letter at the end": ("a.txt", "naï".encode()[:-1]),
    "what only looks like JSON": ("a.json", b"{1}"),
    "JSON nested without end": ("a.json", b"[" * 200_000),
    "archive": ("a.zip", docx()),
    "macros by name": ("a.docm", docx()),
    "macros within": ("a.docx", docx("word/vbaProject.bin")),
    "OpenDocument with macros": ("a.odt", open_document("text", "Basic/Standard/Module1.xml")),
    "archive within": ("a.docx", docx("word/embeddings/inner.zip")),
    "path that leaves": ("a.docx", docx("../../etc/cron.d/x")),
    "sheet called document": ("a.docx", office("[Content_Types].xml", "xl/workbook.xml")),
    "archive with something in front": ("a.docx", b"GIF89a" + docx()),
    "archive cut off": ("a.docx", docx()[:-30]),
    "OpenDocument of another kind": ("a.odt", open_document("spreadsheet")),
    "bomb": ("a.docx", _bomb()),
    "too many members": ("a.docx", docx(*(f"word/{number}.xml" for number in range(10_001)))),
}


@pytest.mark.parametrize("name", TAKEN)
def test_type_is_found_out(name: str) -> None:
    content, expected = TAKEN[name]

    assert media_type_of(name, io.BytesIO(content)) == expected


@pytest.mark.parametrize("what", REFUSED)
def test_sec_26_what_is_not_on_the_list_is_refused(what: str) -> None:
    name, content = REFUSED[what]

    with pytest.raises(Invalid) as refusal:
        media_type_of(name, io.BytesIO(content))

    assert (refusal.value.field, refusal.value.code) == ("file", "type_refused")


def test_letters_that_two_pieces_share_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("raiportal.evidence.media_types.READ_BYTES", 3)

    assert media_type_of("a.txt", io.BytesIO("€äöü".encode())) == "text/plain"
