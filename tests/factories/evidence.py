"""Evidence, and files that could be some."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import models

from raiportal.accounts.models import User
from raiportal.evidence import actions
from raiportal.evidence.models import Evidence

PNG = b"\x89PNG\r\n\x1a\n" + bytes(32)
TEXT = b"What the pilot showed.\n"


def upload(name: str = "pilot.txt", content: bytes = TEXT) -> SimpleUploadedFile:
    """A file on its way in; its name is what a hostile client sends, past Django's own tidying."""
    file = SimpleUploadedFile("x", content)
    file._name = name
    return file


def make_file(subject: models.Model, *, actor: User, name: str = "pilot.txt", content: bytes = TEXT, **words: Any) -> Evidence:
    return actions.add_file(subject=subject, upload=upload(name, content), actor=actor, **words)


def office(*members: str, **contents: bytes) -> bytes:
    """An office file that lists these members."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for member in members:
            archive.writestr(member, contents.get(member, b"<x/>"))
    return packed.getvalue()


def docx(*more: str) -> bytes:
    return office("[Content_Types].xml", "word/document.xml", *more)


def open_document(kind: str = "text", *more: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", f"application/vnd.oasis.opendocument.{kind}", zipfile.ZIP_STORED)
        for member in ("content.xml", *more):
            archive.writestr(member, b"<x/>")
    return packed.getvalue()
