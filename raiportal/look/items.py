"""Lists with a state in front: checks, gaps, and the evidence that something rests on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from raiportal.look.marks import Mark, Tone


@dataclass(frozen=True)
class Item:
    """One line: an icon, words, and at the right a mark, a digest or a few words."""

    title: str
    icon: str = "draft"
    tone: Tone = ""
    url: str = ""
    text: str = ""
    mark: Mark | None = None
    digest: str = ""
    side: str = ""
    side_url: str = ""


EvidenceKind = Literal["file", "link", "live"]
EVIDENCE_WORDS: dict[EvidenceKind, tuple[str, str]] = {"file": ("file", "File"), "link": ("link", "Link"), "live": ("measure", "Live object")}
RELIED_ON = Mark("Kept, relied on", "lock")


@dataclass(frozen=True)
class Evidence:
    """A file that is kept, a link to elsewhere, or an object of the portal: `about` says what it is and who added it.

    `icon` replaces the one of its kind, so that a live object wears that of its stage.
    """

    kind: EvidenceKind
    title: str
    url: str
    about: str = ""
    digest: str = ""
    is_relied_on: bool = False
    icon: str = ""

    @property
    def item(self) -> Item:
        shape, word = EVIDENCE_WORDS[self.kind]
        text = ", ".join(part for part in (word if self.kind != "live" else "", self.about) if part)
        return Item(self.title, self.icon or shape, url=self.url, text=text, mark=RELIED_ON if self.is_relied_on else None, digest=self.digest)
