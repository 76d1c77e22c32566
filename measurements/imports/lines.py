"""A stream of bytes as numbered lines of text, with memory bounded whatever the stream holds.

UTF-8, or UTF-16 with its byte order mark. Lines end in LF, CRLF or CR and in nothing else: Unicode's further separators are text. A line that is not
valid text is marked and the next ones go on, since a guessed encoding would store other words than were meant.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple, Protocol

from measurements.imports.cases import Limits
from raiportal.errors import Invalid

CHUNK_BYTES = 256 * 1024
MOST_CHARACTERS = 10_000_000  # of files that are read whole: YAML and configurations

SIGNATURES = {  # first bytes of what people upload by mistake
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "a ZIP archive or a spreadsheet",
    b"\xd0\xcf\x11\xe0": "an old Office document",
    b"\x1f\x8b": "a gzip archive",
    b"PAR1": "a Parquet file",
    b"\x7fELF": "a program",
    b"SQLite format 3": "a database",
    codecs.BOM_UTF32_LE: "text in UTF-32",  # begins like UTF-16's mark, so it is looked for first
    codecs.BOM_UTF32_BE: "text in UTF-32",
}
CONTROL_BYTES = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")


class ByteStream(Protocol):
    """What is read: an open binary file or an upload."""

    def read(self, size: int, /) -> bytes: ...
    def seek(self, offset: int, /) -> int: ...


class Line(NamedTuple):
    """One physical line with its end. `fault` says why its text can't be trusted; empty when it can."""

    number: int
    text: str
    fault: str = ""


def read_lines(stream: ByteStream, limits: Limits) -> Iterator[Line]:
    """Lines of the stream, numbered from 1. Raises Invalid, while iterated, for a file that is too large or no text at all."""
    chunks = _chunks(stream, limits)
    head = _head(chunks)
    _require_text(head)
    encoded = _as_utf8(chain([head], chunks), head)
    for number, raw in enumerate(_physical_lines(encoded, limits.max_record_bytes), start=1):
        yield _line(number, raw, limits)


def read_text(stream: ByteStream, limits: Limits) -> Iterator[str]:
    """The stream's text in pieces of any length, its byte order mark left out. Bytes that are no text become half surrogates, to be found where they
    stand. Raises as `read_lines`.
    """
    chunks = _chunks(stream, limits)
    head = _head(chunks)
    _require_text(head)
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    for chunk in _as_utf8(chain([head], chunks), head):
        yield decoder.decode(chunk)
    yield decoder.decode(b"", final=True)


def read_short_text(stream: ByteStream, limits: Limits) -> Iterator[str]:
    """The text of a file that has to be read whole. Raises Invalid, while iterated, beyond MOST_CHARACTERS."""
    length = 0
    for piece in read_text(stream, limits):
        length += len(piece)
        if length > MOST_CHARACTERS:
            raise Invalid(f"A file of this kind may have {MOST_CHARACTERS:,} characters; split it.", field="file")
        yield piece


def read_head(stream: ByteStream, size: int) -> bytes:
    """The first `size` bytes, fewer of a shorter stream, which stands at its beginning again afterwards."""
    head = b""
    while len(head) < size and (chunk := stream.read(size - len(head))):
        head += chunk
    stream.seek(0)
    return head


def _chunks(stream: ByteStream, limits: Limits) -> Iterator[bytes]:
    read = 0
    while chunk := stream.read(CHUNK_BYTES):
        read += len(chunk)
        if read > limits.max_bytes:
            raise Invalid(f"The file is larger than {limits.max_bytes // 1024**2:,} MB. Split it and import the parts.", field="file")
        yield chunk


def _head(chunks: Iterator[bytes]) -> bytes:
    """Enough of the beginning to tell what it is, also from a stream that answers in small pieces."""
    head = b""
    while len(head) < 4096 and (chunk := next(chunks, b"")):
        head += chunk
    return head


def _require_text(head: bytes) -> None:
    for signature, what in SIGNATURES.items():
        if head.startswith(signature):
            raise Invalid(f"This is {what}, not a text file. Save it as CSV, JSONL or plain text in UTF-8.", field="file")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return
    if head.count(0) > len(head) * 0.3:
        raise Invalid("This looks like UTF-16 without a byte order mark. Save the file as UTF-8.", field="file")
    controls = len(CONTROL_BYTES.findall(head)) / max(1, len(head))
    if controls > 0.3 or (controls > 0.05 and not _is_utf8(head)):
        raise Invalid("This is not a text file. Save it as CSV, JSONL or plain text in UTF-8.", field="file")


def _is_utf8(head: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return True


def _as_utf8(chunks: Iterator[bytes], head: bytes) -> Iterator[bytes]:
    """The same text in UTF-8 and without byte order mark; lone surrogates pass, to be found in their line."""
    for mark, codec in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if head.startswith(mark):
            yield from _transcoded(chunks, codec)
            return
    first = next(chunks)
    yield first.removeprefix(codecs.BOM_UTF8)
    yield from chunks


def _transcoded(chunks: Iterator[bytes], codec: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(codec)("surrogatepass")
    first = True
    for chunk in chunks:
        text = decoder.decode(chunk)
        yield (text.removeprefix("\ufeff") if first else text).encode("utf-8", "surrogatepass")
        first = False
    if decoder.getstate()[0]:
        raise Invalid("The file ends in the middle of a character: it seems to be cut off.", field="file")


def _physical_lines(chunks: Iterator[bytes], longest: int) -> Iterator[bytes | None]:
    """Lines with their ends; None stands for one that is longer than `longest` bytes, whose content is dropped."""
    rest, is_overlong = b"", False
    for chunk in chunks:
        lines = (rest + chunk).splitlines(keepends=True)
        rest = lines.pop() if lines and not lines[-1].endswith(b"\n") else b""  # a CR may be half of a CRLF
        for line in lines:
            yield None if is_overlong else line
            is_overlong = False
        if len(rest) > longest:
            rest, is_overlong = rest[-1:] if rest.endswith(b"\r") else b"", True
    if rest or is_overlong:
        yield None if is_overlong else rest


def _line(number: int, raw: bytes | None, limits: Limits) -> Line:
    if raw is None:
        return Line(number, "", f"The line is longer than {limits.max_record_bytes:,} bytes.")
    try:
        return Line(number, raw.decode())
    except UnicodeDecodeError as error:
        return Line(number, raw.decode(errors="surrogateescape"), _encoding_fault(raw, error.start))


def _encoding_fault(raw: bytes, start: int) -> str:
    try:
        raw.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return f"The text is not UTF-8 (byte {start + 1:,} of the line). Save the file as UTF-8."
    return f"The line holds half of a surrogate pair, which is no character (byte {start + 1:,} of the line)."
