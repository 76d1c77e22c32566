"""The kernel's own catalogues: which there are, and what their entries say. Apps register theirs beside them."""

from __future__ import annotations

from pathlib import Path

from raiportal.accounts.actions import apply_review_kinds
from raiportal.catalogues.kinds import CatalogueKind, Field

DATA = Path(__file__).resolve().parent / "data"
STAGES = ("identify", "measure", "mitigate", "operate")

DESCRIPTION = Field("description", "Description", "long", is_required=True)
GIST = Field("gist", "In short", "long", is_required=True)
STAGES_OF = Field("stages", "Stages", "list", choices=STAGES)
NOTES = Field("notes", "Notes", "long")

PLACES = (
    CatalogueKind(
        "jurisdictions",
        "Jurisdictions",
        "Places whose law may hold for a system",
        DATA / "jurisdictions.yaml",
        (
            Field("level", "Level", "choice", is_required=True, choices=("union", "country", "state")),
            Field("region", "Region", is_required=True),
            Field("part_of", "Part of", "list", hint="Short names of unions or countries"),
            NOTES,
        ),
        is_advice=True,
        order=70,
    ),
    CatalogueKind("regions", "Regions", "Parts of the world in which a system is used", DATA / "regions.yaml", (NOTES,), order=71),
    CatalogueKind(
        "languages",
        "Languages",
        "Languages that a system speaks",
        DATA / "languages.yaml",
        (Field("is_filter_tested", "Content filter tested in it", "yes_no", hint="By its provider, as the provider says"), NOTES),
        order=72,
    ),
)
REVIEWS = (
    CatalogueKind(
        "review-kinds", "Kinds of review", "Reviews that a launch may need", DATA / "review_kinds.yaml", (DESCRIPTION,), apply_review_kinds, order=60
    ),
)
FRAMEWORKS = (
    CatalogueKind(
        "nist-ai-rmf",
        "NIST AI Risk Management Framework",
        "Outcomes that the framework asks for, by function",
        DATA / "nist_ai_rmf.yaml",
        (Field("function", "Function", "choice", is_required=True, choices=("GOVERN", "MAP", "MEASURE", "MANAGE")), GIST, STAGES_OF),
        is_advice=True,
        order=30,
    ),
    CatalogueKind(
        "nist-gai-risks",
        "NIST risks of generative AI",
        "The twelve risks of the generative AI profile, on which the harm categories rest",
        DATA / "nist_gai_risks.yaml",
        (GIST, Field("category", "Harm category", hint="Short name of the harm category made from it")),
        is_advice=True,
        order=31,
    ),
    CatalogueKind(
        "ms-rai-goals",
        "Microsoft Responsible AI Standard",
        "Goals of the standard, and to what they apply",
        DATA / "ms_rai_goals.yaml",
        (Field("applies", "Applies to", is_required=True), GIST, STAGES_OF, Field("gate", "Review at a gate")),
        is_advice=True,
        order=32,
    ),
    CatalogueKind(
        "iso-42001",
        "ISO/IEC 42001",
        "Clauses and controls of the management system for AI",
        DATA / "iso_42001.yaml",
        (Field("part", "Part", "choice", is_required=True, choices=("clause", "annex A")), GIST, STAGES_OF),
        is_advice=True,
        order=33,
    ),
    CatalogueKind(
        "eu-ai-act",
        "EU AI Act",
        "Articles that rows of the practice serve",
        DATA / "eu_ai_act.yaml",
        (GIST, STAGES_OF, NOTES),
        is_advice=True,
        order=34,
    ),
    CatalogueKind(
        "practice",
        "The practice",
        "What a responsible-AI programme does, and which standards each part serves",
        DATA / "practice.yaml",
        (
            Field("stage", "Stage", "choice", is_required=True, choices=(*STAGES, "across")),
            Field("asks", "The practice asks", "long", is_required=True),
            Field("serves", "Serves", "references"),
        ),
        order=10,
    ),
)
TAKEN_FROM = ("history", "purpose", "places", "intended uses", "unfit uses", "register", "sign-offs")
FORMS = (
    CatalogueKind(
        "impact-assessment",
        "Impact assessment",
        "Sections and questions of the impact assessment",
        DATA / "impact_assessment.yaml",
        (
            Field("section", "Section", "number", is_required=True),
            Field("asked", "Asked", "choice", is_required=True, choices=("once", "for each intended use", "for each stakeholder", "for each data set")),
            Field("question", "Question", "long", is_required=True),
            Field("answer", "Answer", "choice", is_required=True, choices=("text", "yes or no", "choice", "list", "table")),
            Field("choices", "To choose from", "list"),
            Field("columns", "Columns of the table", "list"),
            Field("is_trigger", "A yes makes the use sensitive", "yes_no"),
            Field("needed", "Needed", "choice", choices=("always", "when sensitive"), hint="Without it the assessment can't be closed."),
            Field("taken_from", "Taken from", "choice", choices=TAKEN_FROM, hint="What the portal knows already is shown, not asked."),
            Field("serves", "Serves", "references"),
        ),
        order=11,
    ),
    CatalogueKind(
        "ux-interventions",
        "UX interventions",
        "What an interface can do so that people use the system with care",
        DATA / "ux_interventions.yaml",
        (
            Field("practice", "Practice", "references", is_required=True),
            Field("good", "What good looks like", "long", is_required=True),
            Field("applies", "Where it applies", "long", is_required=True),
            Field("evidence", "How to show it", "list", is_required=True),
            Field("guidelines", "Guidelines", "references"),
        ),
        order=20,
    ),
    CatalogueKind(
        "hax-guidelines",
        "Guidelines for human-AI interaction",
        "The eighteen guidelines, by the phase in which they hold",
        DATA / "hax_guidelines.yaml",
        (
            Field("phase", "Phase", "choice", is_required=True, choices=("initially", "during use", "when wrong", "over time")),
            GIST,
            Field("used_by", "Used by", "references"),
        ),
        order=21,
    ),
)
OPERATION = (
    CatalogueKind(
        "content-filter",
        "Content filters",
        "What providers' filters look for and how they say it",
        DATA / "content_filter.yaml",
        (
            Field("part", "Part", "choice", is_required=True, choices=("category", "detector", "severity", "policy", "evaluator", "reading", "monitoring")),
            GIST,
            Field("keys", "Keys in the provider's answers", "list"),
            Field("levels", "Levels", "rows", columns=("severity", "name", "trimmed")),
            Field("applies", "Looks at", "list", choices=("prompt", "completion", "tool call", "tool response")),
            NOTES,
        ),
        order=40,
    ),
    CatalogueKind(
        "regulatory-clocks",
        "Regulatory clocks",
        "Deadlines that law sets after an incident",
        DATA / "regulatory_clocks.yaml",
        (
            Field("regime", "Regime", is_required=True),
            Field("rule", "Rule", is_required=True),
            Field("trigger", "Trigger", "long", is_required=True),
            Field("starts", "Clock starts", is_required=True),
            Field("hours", "Latest after, hours", "number", hint="Calendar hours; empty: without a number, as soon as possible"),
            Field("step", "Report", "choice", choices=("initial", "intermediate", "final", "other")),
            Field("applies_from", "Applies from", "date"),
            Field("is_active", "Offered to systems", "yes_no"),
            NOTES,
        ),
        is_advice=True,
        order=50,
    ),
    CatalogueKind(
        "incident-taxonomies",
        "Incident taxonomies",
        "Words by which incidents and harms are classed",
        DATA / "incident_taxonomies.yaml",
        (Field("taxonomy", "Taxonomy", is_required=True), Field("dimension", "Dimension", is_required=True), GIST),
        order=51,
    ),
)
KINDS = (*PLACES, *REVIEWS, *FRAMEWORKS, *FORMS, *OPERATION)
