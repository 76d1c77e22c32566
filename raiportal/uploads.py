"""Files on their way in: stopped while they arrive when they are too large, known when they arrived only in part."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import PurePosixPath
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload, TemporaryFileUploadHandler
from django.core.handlers.wsgi import LimitedStream
from django.http import HttpRequest

from raiportal.errors import NO_ROOM, Invalid, NoRoom, is_disk_full

READ_ON = 4  # times the limit: up to there the rest is read and thrown away, since a browser shows no answer to a request that it can't finish
TOO_LARGE = "raiportal.upload_too_large"
DISK_IS_FULL = "raiportal.upload_disk_is_full"
LONGEST_FILE_NAME = 200  # characters


class LimitedUploadHandler(FileUploadHandler):
    """Stands before the handlers that keep what arrives. A file over the limit leaves no file in the request and a mark on it."""

    def handle_raw_input(
        self,
        input_data: Any,
        META: dict[str, Any],  # noqa: N803 (Django's name)
        content_length: int,
        boundary: Any,
        encoding: str | None = None,
    ) -> None:
        self.announced = content_length
        self.received = 0

    def new_file(self, *arguments: Any, **named: Any) -> None:
        super().new_file(*arguments, **named)
        if self.announced > settings.UPLOAD_MAX_BYTES + settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            self._stop()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self.received += len(raw_data)
        if self.received > settings.UPLOAD_MAX_BYTES:
            self._stop()
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None

    def _stop(self) -> None:
        if self.request is not None:
            self.request.META[TOO_LARGE] = True
        raise StopUpload(connection_reset=self.announced > READ_ON * settings.UPLOAD_MAX_BYTES)


class SpooledUploadHandler(TemporaryFileUploadHandler):
    """Keeps what arrives in a temporary file. A full disk leaves no file in the request and a mark on it."""

    def new_file(self, *arguments: Any, **named: Any) -> None:
        with self._room():
            super().new_file(*arguments, **named)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        with self._room():
            super().receive_data_chunk(raw_data, start)

    def file_complete(self, file_size: int) -> UploadedFile | None:
        try:
            with self._room():
                return super().file_complete(file_size)
        except StopUpload:
            return None  # the parser asks for a finished file at a place where it takes no stop

    @contextmanager
    def _room(self) -> Iterator[None]:
        try:
            yield
        except OSError as problem:
            self._drop()
            if not is_disk_full(problem):
                raise
            if self.request is not None:
                self.request.META[DISK_IS_FULL] = True
            raise StopUpload(connection_reset=False) from problem

    def _drop(self) -> None:
        """Close the file, which deletes it: what is still to be written finds no room again, and the parser shall not try."""
        if file := self.__dict__.pop("file", None):
            with suppress(OSError):
                file.close()


def was_stopped(request: HttpRequest) -> bool:
    """Whether a file was on its way that isn't in the request now."""
    return TOO_LARGE in request.META or DISK_IS_FULL in request.META


def received_file(request: HttpRequest, field: str = "file") -> UploadedFile:
    """The file of this field, whole and within the limit. Raises Invalid on the field in words otherwise, NoRoom for a full disk."""
    file = request.FILES.get(field)
    if DISK_IS_FULL in request.META:
        raise NoRoom(NO_ROOM)
    if TOO_LARGE in request.META:
        raise Invalid(f"The file is larger than {settings.UPLOAD_MAX_BYTES // 1024**2:,} MB. Split it and import the parts.", field=field, code="too_large")
    if request.META.get("HTTP_TRANSFER_ENCODING", "").lower() == "chunked" and "CONTENT_LENGTH" not in request.META:
        raise Invalid("Send the file with its length (Content-Length), not in chunks.", field=field)
    if _is_cut_off(request):
        raise Invalid("The upload broke off before its end. Send the file again.", field=field, code="cut_off")
    if not isinstance(file, UploadedFile):
        raise Invalid("Choose a file.", field=field)
    return file


def _is_cut_off(request: HttpRequest) -> bool:
    """Whether fewer bytes came than were announced; the parser itself takes the end of a broken connection for the end of the file."""
    stream = getattr(request, "_stream", None)
    return isinstance(stream, LimitedStream) and stream._pos < stream.limit  # type: ignore[attr-defined]


def stored_file_name(name: str) -> str:
    """The last part of a file's name, without characters that hide or reverse what is read."""
    last = PurePosixPath(name.replace("\\", "/")).name
    visible = "".join(character for character in last if not unicodedata.category(character).startswith("C")).strip() or "file"
    if len(visible) <= LONGEST_FILE_NAME:
        return visible
    suffix = PurePosixPath(visible).suffix[:20]
    return visible[: LONGEST_FILE_NAME - len(suffix)] + suffix
