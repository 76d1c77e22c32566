"""What a file is, found out from its content. What isn't on the list, or isn't what its ending says, is refused.

Archives are looked at by their list of contents alone and never unpacked, so none of them can grow.
"""

from __future__ import annotations

import codecs
import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO

from raiportal.errors import Invalid

HEAD_BYTES = 4096
READ_BYTES = 1024 * 1024
MOST_MEMBERS = 10_000  # of an office file
MOST_UNPACKED_BYTES = 1024**3  # that an office file says it has; nobody's reader should choke on it
LONGEST_TYPE = 100  # bytes of the member that names an OpenDocument's type
OFFICE = "application/vnd.openxmlformats-officedocument."
OPEN_DOCUMENT = "application/vnd.oasis.opendocument."
ARCHIVES = frozenset({".zip", ".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".jar", ".exe", ".dll", ".js", ".vbs", ".hta", ".lnk"})
MARKUP = ("<!doctype", "<html", "<head", "<body", "<svg", "<script", "<?xml", "<iframe", "<!--", "<math")
NOT_WHAT_IT_SAYS = "The file's content isn't what its ending says. Save it again in that format, or give it the right ending."
MACROS = "The file holds macros or programs. Save it without them, or as PDF."


@dataclass(frozen=True)
class MediaType:
    """One kind of file that is taken: its ending, what it is served as, and the check that a content is of it."""

    ending: str
    name: str
    is_one: Callable[[BinaryIO], bool]


def media_type_of(file_name: str, content: BinaryIO) -> str:
    """The media type of a file. Raises Invalid on the field `file` unless ending and content are of one kind on the list."""
    ending = PurePosixPath(file_name).suffix.lower()
    kind = KINDS.get(ending)
    if kind is None:
        raise Invalid(f"Files of this kind aren't taken. There is {', '.join(sorted(name[1:] for name in KINDS))}.", field="file", code="type_refused")
    content.seek(0)
    if not kind.is_one(content):
        raise Invalid(NOT_WHAT_IT_SAYS, field="file", code="type_refused")
    return kind.name


def _starts(*beginnings: bytes) -> Callable[[BinaryIO], bool]:
    return lambda content: content.read(HEAD_BYTES).startswith(beginnings)


def _is_webp(content: BinaryIO) -> bool:
    head = content.read(12)
    return head[:4] == b"RIFF" and head[8:12] == b"WEBP"


def _is_text(content: BinaryIO) -> bool:
    """Whether all of it is UTF-8 without control characters, and doesn't begin as markup that a browser would run."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    beginning = ""
    try:
        for piece in _pieces(content):
            text = decoder.decode(piece, final=not piece)
            beginning = beginning or text.lstrip()[:HEAD_BYTES]
            if any(character < " " and character not in "\t\n\r\f" for character in set(text)):
                return False
    except UnicodeDecodeError:
        return False
    return not beginning.lower().startswith(MARKUP)


def _is_json(content: BinaryIO) -> bool:
    if not _is_text(content):
        return False
    content.seek(0)
    try:
        json.load(codecs.getreader("utf-8-sig")(content))
    except (ValueError, RecursionError):
        return False
    return True


def _pieces(content: BinaryIO) -> Iterator[bytes]:
    """The content, and an empty piece as its end."""
    while piece := content.read(READ_BYTES):
        yield piece
    yield b""


def _office(main: str) -> Callable[[BinaryIO], bool]:
    """An office file of Microsoft's kind, whose main part has this name."""

    def is_one(content: BinaryIO) -> bool:
        members = _members(content)
        return {"[Content_Types].xml", main} <= {member.filename for member in members}

    return is_one


def _open_document(name: str) -> Callable[[BinaryIO], bool]:
    """An OpenDocument file: its first member names its type, stored as it is."""

    def is_one(content: BinaryIO) -> bool:
        members = _members(content)
        if not members or members[0].filename != "mimetype" or members[0].compress_type != zipfile.ZIP_STORED or members[0].file_size > LONGEST_TYPE:
            return False
        with zipfile.ZipFile(content) as archive:
            return archive.read(members[0]) == name.encode()

    return is_one


def _members(content: BinaryIO) -> list[zipfile.ZipInfo]:
    """What an office file says it holds; [] for what is none. Raises Invalid for macros, programs, archives within, and what is out of all measure."""
    content.seek(0)
    if content.read(4) != b"PK\x03\x04":  # a file in front of the archive would make it two files in one
        return []
    try:
        with zipfile.ZipFile(content) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return []
    if len(members) > MOST_MEMBERS or sum(member.file_size for member in members) > MOST_UNPACKED_BYTES:
        raise Invalid("The file holds more than an office file can. Save it as PDF.", field="file", code="type_refused")
    if any(_is_dangerous(member.filename) for member in members):
        raise Invalid(MACROS, field="file", code="type_refused")
    if len({member.filename for member in members}) != len(members):
        return []
    return members


def _is_dangerous(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    lower = path.as_posix().lower()
    return (
        path.is_absolute()
        or ".." in path.parts
        or path.suffix.lower() in ARCHIVES
        or "vbaproject" in lower
        or lower.startswith(("basic/", "scripts/"))
        or "/activex/" in lower
        or "macrosheets/" in lower
    )


KINDS = {
    kind.ending: kind
    for kind in (
        MediaType(".png", "image/png", _starts(b"\x89PNG\r\n\x1a\n")),
        MediaType(".jpg", "image/jpeg", _starts(b"\xff\xd8\xff")),
        MediaType(".jpeg", "image/jpeg", _starts(b"\xff\xd8\xff")),
        MediaType(".gif", "image/gif", _starts(b"GIF87a", b"GIF89a")),
        MediaType(".webp", "image/webp", _is_webp),
        MediaType(".pdf", "application/pdf", _starts(b"%PDF-")),
        MediaType(".txt", "text/plain", _is_text),
        MediaType(".md", "text/plain", _is_text),
        MediaType(".log", "text/plain", _is_text),
        MediaType(".csv", "text/csv", _is_text),
        MediaType(".json", "application/json", _is_json),
        MediaType(".docx", f"{OFFICE}wordprocessingml.document", _office("word/document.xml")),
        MediaType(".xlsx", f"{OFFICE}spreadsheetml.sheet", _office("xl/workbook.xml")),
        MediaType(".pptx", f"{OFFICE}presentationml.presentation", _office("ppt/presentation.xml")),
        MediaType(".odt", f"{OPEN_DOCUMENT}text", _open_document(f"{OPEN_DOCUMENT}text")),
        MediaType(".ods", f"{OPEN_DOCUMENT}spreadsheet", _open_document(f"{OPEN_DOCUMENT}spreadsheet")),
        MediaType(".odp", f"{OPEN_DOCUMENT}presentation", _open_document(f"{OPEN_DOCUMENT}presentation")),
    )
}
