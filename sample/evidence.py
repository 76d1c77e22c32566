"""Evidence of a system's worst harm, and what people said about it."""

from __future__ import annotations

from django.core.files.uploadedfile import SimpleUploadedFile

from harms.models import Harm
from raiportal.accounts.models import User
from raiportal.comments import actions as comment_actions
from raiportal.evidence import actions as evidence_actions
from systems.models import AISystem

READINGS = """reading,ward,drafts,with the harm
1,pilot,120,3
2,pilot,140,4
3,pilot,140,2
"""


def add_evidence(system: AISystem) -> None:
    """A file, a link and the system itself as a live object, attached to the worst harm, with a short discussion of it."""
    harm = Harm.objects.filter(system=system).order_by("-priority", "pk").first()
    if harm is None or system.owner is None:
        return
    owner, administrator = system.owner, User.objects.get(username="admin")
    readings = SimpleUploadedFile("pilot-readings.csv", READINGS.encode())
    words = {"title": "Readings of the pilot", "note": "Nine of 400 answers, read by two people who didn't know of each other's reading."}
    evidence_actions.add_file(subject=harm, upload=readings, actor=owner, **words)
    evidence_actions.add_link(subject=harm, url="https://wiki.example.org/pilot", title="How the pilot was read", actor=owner)
    evidence_actions.add_object(subject=harm, object_kind="systems.aisystem", object_id=system.pk, title="What the system is, as of today", actor=owner)
    asked = comment_actions.add_comment(subject=harm, text=f"@{owner.username}, did both readers see the same answers?", actor=administrator)
    comment_actions.add_comment(subject=harm, text="Yes, all 400, in different orders. The file has the counts.", parent=asked, actor=owner)
