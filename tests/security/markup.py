"""Texts that try to become markup, script, template code, htmx attributes or terminal codes; every one of them carries the word `data-planted`."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from html.parser import HTMLParser

HOSTILE = (
    '"><img src=x data-planted onerror=alert(1)>',
    "'><svg/onload=alert(1) data-planted>",
    "<script data-planted>alert(1)</script>",
    '</title><script data-planted>alert("title")</script>',
    "</textarea><iframe data-planted src=//e.test>",
    '" data-planted autofocus onfocus=alert(1) x="',
    "' data-planted hx-get='/settings/' hx-trigger='load' x='",
    '"><a data-planted href="javascript:alert(1)">x</a>',
    "<details data-planted open ontoggle=alert(1)>",
    "<math><mtext></form><form data-planted><mglyph><style></math><img src onerror=alert(1)>",
    "<!--<img data-planted src='--><img src=x onerror=alert(1)>'>",
    "]]><x data-planted:script xmlns:data-planted='http://www.w3.org/1999/xhtml'>",
    "{{ 'planted'|upper }}{% now 'Y' %}<b data-planted>",
    "\u202e<b data-planted>gnp.exe\u202c\u2066",
    "\x1b]0;title\x07\x1b[31m<b data-planted>",
    "![x](http://e.test/?data=1)<b data-planted>[x](javascript:alert(1))",
    "<base href=//e.test data-planted><meta http-equiv=refresh content=0;url=//e.test>",
    "`${alert(1)}`<template data-planted>",
)
SINKS = {"href", "src", "action", "formaction", "hx-get", "hx-post", "hx-delete", "xlink:href", "data"}


def hostile(field: str) -> str:
    """A text for this field, always the same, each hostile in another way."""
    return f"{field} {HOSTILE[zlib.crc32(field.encode()) % len(HOSTILE)]}"


@dataclass
class Planted(HTMLParser):
    """What of the hostile texts became part of a page's structure, and what a page has no business with under our policy."""

    found: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name.lower(): value or "" for name, value in attrs}
        if any("data-planted" in name for name in named) or "data-planted" in tag:
            self.found.append(f"<{tag}> with {sorted(named)}")
        if any(name.startswith("on") for name in named) or "style" in named:
            self.found.append(f"<{tag}> with a handler or style: {sorted(named)}")
        for name in SINKS & set(named):
            if named[name].strip().lower().startswith(("javascript:", "data:", "vbscript:", "//e.test", "http://e.test")):
                self.found.append(f"<{tag} {name}={named[name][:40]}>")
        if tag in {"script", "style"} and "src" not in named and "nonce" not in named:
            self.found.append(f"<{tag}> without a nonce")
        if tag in {"iframe", "object", "embed", "base", "math", "details:x"}:
            self.found.append(f"<{tag}>")


def planted(page: bytes) -> list[str]:
    parser = Planted()
    parser.feed(page.decode())
    return parser.found
