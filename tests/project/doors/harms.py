"""The doors of the harm register."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from tests.project.door import (
    ACTS_IN_S1,
    READS_S1,
    SIGNED_IN,
    Answer,
    Arguments,
    Door,
    a_change,
    a_form,
    a_page,
    acts,
    api_add,
    api_change,
    api_list,
    by_pk,
    reads,
    why,
)
from tests.project.doors.systems import SYSTEM

HARM = by_pk(lambda world: world.s1.harm, "harm_id")
HARM_SENT: Arguments = lambda world: {"title": "Another harm", "category": world.s1.harm.category_id, "origin": "model"}  # noqa: E731 (one of many)
HARM_UPLOAD = by_pk(lambda world: world.s1.harm_upload, "upload_id")


def _harm_file() -> io.BytesIO:
    file = io.BytesIO(b"title,category,origin\nLeaked note,data-privacy,application\n")
    file.name = "harms.csv"
    return file


HARMS = [
    reads("Harms", "See the register of harms", "harm-list", SYSTEM),
    reads("Harms", "Take the register away as a file", "harm-export", lambda world: {"system_id": world.s1.system.pk, "format": "csv"}),
    a_page("Harms", "See the register over all systems", "harm-register", SIGNED_IN),
    a_page(
        "Harms", "Take the register over all systems away as a file", "harm-register-export", SIGNED_IN, at=lambda world: {"format": "json"}, knows=SIGNED_IN
    ),
    a_change(
        *("Harms", "Change many harms at once", "harm-bulk", ACTS_IN_S1, "harm"),
        knows=READS_S1,
        sent=lambda world: {"harm": world.s1.harm.pk, "owner": "none", "apply": "yes"},
        stranger=Answer.UNKNOWN_ID,
    ),
    a_form("Harms", "Open the form for importing harms", "harm-import", SYSTEM),
    Door(
        *("Harms", "Look at what a file of harms would bring", "POST", "harm-import", ACTS_IN_S1, READS_S1, SYSTEM),
        sent=lambda world: {"file": _harm_file(), "format": "csv"},
        status=302,
        changes=frozenset({"harm_upload", "harm_upload_part", "audit_entry", "audit_payload"}),
        is_multipart=True,
    ),
    reads("Harms", "Take the template of an import away", "harm-import-template", lambda world: {"system_id": world.s1.system.pk, "format": "csv"}),
    a_form("Harms", "Look at an uploaded file of harms", "harm-upload", HARM_UPLOAD),
    a_form("Harms", "Take its rejected rows away", "harm-upload-rejected", HARM_UPLOAD),
    acts("Harms", "Confirm an upload of harms", "harm-upload-confirm", HARM_UPLOAD, "harm harm_upload harm_upload_part"),
    acts("Harms", "Discard an upload of harms", "harm-upload-discard", HARM_UPLOAD, "harm_upload harm_upload_part"),
    reads("Harms", "Look through the harm library", "harm-library", SYSTEM),
    acts(
        *("Harms", "Propose a harm from the library", "harm-library-propose"),
        lambda world: {"system_id": world.s1.system.pk, "slug": "sycophancy"},
        "harm",
    ),
    a_form("Harms", "Open the form for a harm", "harm-add", SYSTEM),
    acts("Harms", "Propose a harm", "harm-add", SYSTEM, "harm", sent=HARM_SENT),
    reads("Harms", "Read about a harm", "harm", HARM),
    a_form("Harms", "Open the form of a harm", "harm-edit", HARM),
    acts("Harms", "Change a harm", "harm-edit", HARM, "harm", sent=HARM_SENT),
    a_form("Harms", "Open the form for an assessment", "harm-assess", HARM),
    acts(
        *("Harms", "Assess a harm", "harm-assess", HARM, "harm risk_point"),
        sent=lambda world: {"severity": 5, "frequency": 5, "rationale": "Seen in a pilot."},
    ),
]
ASSESSMENT = by_pk(lambda world: world.s1.assessment, "assessment_id")
IMPACT = by_pk(lambda world: world.s1.impact, "impact_id")
ANSWER_TABLES = "impact_assessment_answer"
IMPACT_TABLES = "impact_assessment_impact"
BECOMES: Mapping[str, Any] = {"title": "Another harm", "origin": "scenario"}
ASSESSMENTS = [
    reads("Harms", "See the versions of the impact assessment", "assessment-list", SYSTEM),
    acts("Harms", "Begin a version (one is being written)", "assessment-add", SYSTEM, "", status=409),
    reads("Harms", "Read an impact assessment", "assessment", ASSESSMENT),
    reads("Harms", "See its uses side by side", "assessment-uses", ASSESSMENT),
    reads("Harms", "See what changed in it", "assessment-compare", ASSESSMENT),
    acts(
        *("Harms", "Answer one of its questions", "assessment-answer", ASSESSMENT, ANSWER_TABLES),
        sent=lambda world: {"key": "description-0-0", "value": "Another description.", "seen": "1"},
    ),
    acts("Harms", "Close it", "assessment-close", ASSESSMENT, "impact_assessment"),
    acts("Harms", "Discard it", "assessment-discard", ASSESSMENT, "impact_assessment", sent=why),
    a_form("Harms", "Open the form for a row of impacts", "impact-add", ASSESSMENT),
    acts(
        *("Harms", "Add a row of impacts", "impact-add", ASSESSMENT, IMPACT_TABLES),
        sent=lambda world: {"use": world.s1.use.pk, "stakeholder": world.s1.stakeholder.pk, "potential_harm": "They lose money."},
    ),
    a_form("Harms", "Open the form for changing a row of impacts", "impact-edit", IMPACT),
    acts("Harms", "Change a row of impacts", "impact-edit", IMPACT, IMPACT_TABLES, sent=lambda world: {"benefit": "Time."}),
    acts("Harms", "Take a row of impacts away", "impact-remove", IMPACT, IMPACT_TABLES),
    a_form("Harms", "Open the form for making a harm of an impact", "impact-propose", IMPACT),
    acts(
        *("Harms", "Make a harm of an impact", "impact-propose", IMPACT, f"{IMPACT_TABLES} harm harm_use"),
        sent=lambda world: {**BECOMES, "category": world.s1.harm.category_id},
    ),
]

API_HARM = by_pk(lambda world: world.s1.harm)
API_ASSESSMENT = by_pk(lambda world: world.s1.assessment)
API_IMPACT = by_pk(lambda world: world.s1.impact)
ASSESSMENTS_API = [
    api_list("API: harms", "List impact assessments", "assessment"),
    reads("API: harms", "Read an impact assessment", "api-assessment-detail", API_ASSESSMENT),
    Door(
        *("API: harms", "Begin a version (one is being written)", "POST", "api-assessment-list", ACTS_IN_S1, READS_S1),
        sent=lambda world: {"system": world.s1.system.pk},
        status=409,
        stranger=Answer.UNKNOWN_ID,
    ),
    api_change(
        *("API: harms", "Answer one of its questions", "assessment-answers", API_ASSESSMENT, ANSWER_TABLES),
        lambda world: {"question": "description", "value": "Another description."},
    ),
    api_change("API: harms", "Close it", "assessment-close", API_ASSESSMENT, "impact_assessment"),
    api_change("API: harms", "Discard it", "assessment-discard", API_ASSESSMENT, "impact_assessment", why),
    api_list("API: harms", "List impacts", "impact"),
    reads("API: harms", "Read an impact", "api-impact-detail", API_IMPACT),
    api_add(
        *("API: harms", "Add an impact", "impact", IMPACT_TABLES),
        lambda world: {
            "assessment": world.s1.assessment.pk,
            "intended_use": world.s1.use.pk,
            "stakeholder": world.s1.stakeholder.pk,
            "potential_harm": "They lose money.",
        },
    ),
    api_change("API: harms", "Change an impact", "impact-detail", API_IMPACT, IMPACT_TABLES, lambda world: {"benefit": "Time."}, method="PATCH"),
    api_change("API: harms", "Take an impact away", "impact-remove", API_IMPACT, IMPACT_TABLES, status=204),
    api_change(
        *("API: harms", "Make a harm of an impact", "impact-propose", API_IMPACT, f"{IMPACT_TABLES} harm harm_use"),
        lambda world: {**BECOMES, "category": world.s1.harm.category.slug},
        status=201,
    ),
]
HARMS_API = [
    api_list("API: harms", "List harms", "harm"),
    api_add(
        *("API: harms", "Propose a harm", "harm", "harm"),
        lambda world: {"system": world.s1.system.pk, "title": "New", "category": world.s1.harm.category.slug, "origin": "model"},
    ),
    reads("API: harms", "Read a harm", "api-harm-detail", API_HARM),
    api_change("API: harms", "Change a harm", "harm-detail", API_HARM, "harm", lambda world: {"title": "Other"}, method="PATCH"),
    api_change(
        *("API: harms", "Assess a harm", "harm-assess", API_HARM, "harm risk_point"),
        lambda world: {"severity": 5, "frequency": 5, "rationale": "Seen."},
        status=201,
    ),
    reads("API: harms", "Read the risk points of a harm", "api-harm-risk-points", API_HARM),
    Door(
        *("API: harms", "Import harms", "POST", "api-harm-import-harms", ACTS_IN_S1, READS_S1),
        sent=lambda world: {"system": world.s1.system.pk, "file": _harm_file(), "format": "csv"},
        changes=frozenset({"harm", "audit_entry", "audit_payload"}),
        stranger=Answer.UNKNOWN_ID,
        is_multipart=True,
    ),
]
