"""The catalogues of harms: the scale, the categories, the library of known harms, and the strategies of attacks."""

from __future__ import annotations

from pathlib import Path

from harms.actions import apply_acceptance_rules, apply_categories, apply_scale
from harms.enums import Axis, Origin
from raiportal.catalogues.kinds import CatalogueKind, Field

DATA = Path(__file__).resolve().parent / "catalogue"
STEP = ("level", "label", "anchor")
CAPABILITIES = (
    *("text-generation", "summarisation", "question-answering", "retrieval", "code-generation", "translation", "image-generation"),
    *("image-understanding", "speech", "agents-tools", "embeddings-ranking", "companionship-roleplay", "persuasion"),
)
DOMAINS = (
    *("any", "health", "finance", "employment", "education", "legal", "public-services", "insurance", "housing", "retail", "media"),
    *("security", "children", "software", "science"),
)

STRATEGY_FAMILIES = ("Encoding", "Perturbation", "Language", "Framing", "Multi-turn", "Indirect", "Search")

KINDS = (
    CatalogueKind(
        "harm-library",
        "Harm library",
        "Harms that AI systems are known to do, to start from",
        DATA / "harm_library.yaml",
        (
            Field("description", "Description", "long", is_required=True),
            Field("capabilities", "Capabilities of the model", "list", is_required=True, choices=CAPABILITIES),
            Field("domains", "Domains", "list", is_required=True, choices=DOMAINS),
            Field("uses", "Uses", "list"),
            Field("category", "Category", is_required=True, hint="Short name of a harm category"),
            Field("origin", "Origin", "choice", is_required=True, choices=tuple(Origin.values)),
            Field("stakeholders", "Who is harmed", "list"),
            Field("example_signs", "Signs", "list"),
            Field("first_questions", "First questions", "list"),
            Field("typical_severity", "Typical severity", "number", hint="1 to 5, a first guess"),
            Field("severity_reason", "Why that severe", "long"),
            Field("mitigation_ideas", "Ideas to mitigate it", "list"),
            Field("references", "References", "references"),
        ),
        order=1,
    ),
    CatalogueKind(
        "harm-categories",
        "Harm categories",
        "Kinds of harm by which the register is sorted",
        DATA / "harm_categories.yaml",
        (Field("description", "Description", "long", is_required=True),),
        apply_categories,
        order=2,
    ),
    CatalogueKind(
        "risk-scale",
        "Risk scale",
        "The two axes on which harms are scored; a change makes a new version, and scores keep theirs",
        DATA / "risk_scale.yaml",
        (
            Field("severity_unit", "Unit of severity", is_required=True),
            Field("frequency_unit", "Unit of frequency", is_required=True),
            *(Field(axis.value, f"{axis.label}, 1 to 5", "rows", is_required=True, columns=STEP) for axis in Axis),
        ),
        apply_scale,
        order=3,
    ),
    CatalogueKind(
        "acceptance-rules",
        "Acceptance of risks",
        "Who may accept what remains of a risk, for how long at most, and how often it is looked at again",
        DATA / "acceptance_rules.yaml",
        (
            Field("up_to", "Up to this score", "number", is_required=True, hint="1 to 25, above that of the rule before it"),
            Field("days", "Holds for at most this many days", "number", is_required=True, hint="1 to 365"),
            Field("review_days", "Looked at again after this many days", "number", is_required=True, hint="1 to 365"),
            Field("signers", "Who has to sign", "rows", is_required=True, columns=("role", "review_kind", "people")),
        ),
        apply_acceptance_rules,
        order=4,
    ),
    CatalogueKind(
        "attack-strategies",
        "Attack strategies",
        "Ways to make a system do harm on purpose; red-team campaigns tag what was tried with them",
        DATA / "attack_strategies.yaml",
        (
            Field("family", "Family", "choice", is_required=True, choices=STRATEGY_FAMILIES),
            Field("description", "Description", "long", is_required=True),
        ),
        order=5,
    ),
)
