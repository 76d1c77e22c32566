"""Who may do what at every address: the one table from which the tests of access and `docs/permissions.md` are made.

A line of the table is a *door*: one address and method, whom it lets in, who may know of it at all, an object of system S1 that it is tried on, and
what is sent to it so that it really does its work. An address or method that has no line fails the tests.
"""

from __future__ import annotations

import enum
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.project.world import World

Arguments = Callable[["World"], Mapping[str, Any]]


class Who(enum.StrEnum):
    """Everybody who tries; owner and viewer have their role in S1."""

    ADMINISTRATOR = "administrator"
    RISK_MANAGER = "risk manager"
    AUDITOR = "auditor"
    OWNER = "owner"
    VIEWER = "viewer"
    FOREIGNER = "owner of another system"
    NOBODY = "without a role"
    ANONYMOUS = "not signed in"
    READING_TOKEN = "owner's token that may only read"


class Answer(enum.Enum):
    """What somebody gets."""

    DONE = "done"
    DENIED = "403 with the reason, noted in the ledger"
    HIDDEN = "404, as for an id that doesn't exist"
    UNKNOWN_ID = "422 on the field, as for an id that doesn't exist"
    SIGN_IN = "sent to the sign-in, or 401"


PERSONS = frozenset(Who) - {Who.READING_TOKEN}
EVERYBODY = frozenset(Who)
SIGNED_IN = EVERYBODY - {Who.ANONYMOUS}
READS_EVERYTHING = frozenset({Who.ADMINISTRATOR, Who.RISK_MANAGER, Who.AUDITOR})
MANAGES = frozenset({Who.ADMINISTRATOR, Who.RISK_MANAGER})
ADMINISTERS = frozenset({Who.ADMINISTRATOR})
READS_S1 = READS_EVERYTHING | {Who.OWNER, Who.VIEWER, Who.READING_TOKEN}
ACTS_IN_S1 = MANAGES | {Who.OWNER}


def _nothing(world: World) -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True)
class Door:
    """One address and method.

    `may` are let in, `knows` may know of the object; the others get `stranger`. `sent` is a valid body, `asked` a query. `status` is what success
    gives. `changes` are the tables that success changes, and nothing else may be changed; `audit_entry` is in it by itself when anything is.
    """

    area: str
    what: str
    method: str
    name: str
    may: frozenset[Who]
    knows: frozenset[Who] = SIGNED_IN
    at: Arguments = _nothing
    sent: Arguments = _nothing
    asked: Arguments = _nothing
    status: int = 200
    others_status: int | None = None  # what everybody but the anonymous gets, where it differs
    changes: frozenset[str] = frozenset()
    stranger: Answer = Answer.HIDDEN
    is_multipart: bool = False

    @property
    def id(self) -> str:
        return f"{self.method} {self.name}"

    @property
    def is_api(self) -> bool:
        return self.name.startswith("api-") and self.name != "api-docs"

    @property
    def is_public(self) -> bool:
        return Who.ANONYMOUS in self.may

    @property
    def is_reading(self) -> bool:
        return self.method in {"GET", "HEAD", "OPTIONS"}

    @property
    def names_an_object(self) -> bool:
        return self.at is not _nothing

    def success(self, who: Who) -> int:
        return self.status if who is Who.ANONYMOUS or self.others_status is None else self.others_status

    def answer_to(self, who: Who) -> Answer:
        if who is Who.READING_TOKEN and not self.is_reading:
            return Answer.DENIED
        if who in self.may:
            return Answer.DONE
        if who is Who.ANONYMOUS:
            return Answer.SIGN_IN
        return Answer.DENIED if who in self.knows else self.stranger


def _get(area: str, what: str, name: str, may: frozenset[Who], *, knows: frozenset[Who] = SIGNED_IN, at: Arguments = _nothing, **rest: Any) -> Door:
    return Door(area, what, "GET", name, may, knows, at, **rest)


def _post(
    area: str, what: str, name: str, may: frozenset[Who], changes: str, *, knows: frozenset[Who] = SIGNED_IN, at: Arguments = _nothing, **rest: Any
) -> Door:
    """A change. `changes` are table names; what success answers is a redirect unless `status` says otherwise."""
    tables = frozenset(changes.split())
    written = tables | {"audit_entry", "audit_payload"} if tables else tables
    return Door(area, what, rest.pop("method", "POST"), name, may, knows, at, status=rest.pop("status", 302), changes=written, **rest)


def _reads(area: str, what: str, name: str, at: Arguments, **rest: Any) -> Door:
    """A page about something in S1, for everybody with a role there."""
    return _get(area, what, name, READS_S1, knows=READS_S1, at=at, **rest)


def _acts(area: str, what: str, name: str, at: Arguments, changes: str, **rest: Any) -> Door:
    """A change of something in S1, by those who act there."""
    return _post(area, what, name, ACTS_IN_S1, changes, knows=READS_S1, at=at, **rest)


def _form(area: str, what: str, name: str, at: Arguments) -> Door:
    """The form of such a change."""
    return _get(area, what, name, ACTS_IN_S1, knows=READS_S1, at=at)


def _api_list(area: str, what: str, name: str, **rest: Any) -> Door:
    """A list of the API: everybody gets what they may see of it, maybe nothing."""
    return _get(area, what, f"api-{name}-list", SIGNED_IN, **rest)


def _api_add(area: str, what: str, name: str, changes: str, sent: Arguments) -> Door:
    """An object made in S1 through the API: the body names the system, so strangers learn nothing from the refusal."""
    return _post(area, what, f"api-{name}-list", ACTS_IN_S1, changes, knows=READS_S1, sent=sent, status=201, stranger=Answer.UNKNOWN_ID)


def _api_change(area: str, what: str, name: str, at: Arguments, changes: str, sent: Arguments = _nothing, *, status: int = 200, method: str = "POST") -> Door:
    return _post(area, what, f"api-{name}", ACTS_IN_S1, changes, knows=READS_S1, at=at, sent=sent, status=status, method=method)


def _pk(find: Callable[[World], Any], name: str = "pk") -> Arguments:
    return lambda world: {name: find(world).pk}


def _why(world: World) -> Mapping[str, Any]:
    return {"reason": "Tried by a test."}


def _case_file(name: str = "more.jsonl") -> Any:
    file = io.BytesIO(b'{"input": "A case that is new."}\n')
    file.name = name
    return file


SYSTEM = _pk(lambda world: world.s1.system, "system_id")
SYSTEM_FACTS: Mapping[str, Any] = {"name": "Renamed", "purpose": "Another purpose.", "stage": "planning"}
DEPLOYMENT_SETTINGS: Mapping[str, Any] = {
    "name": "Another endpoint",
    "provider": "openai_compatible",
    "target": "model",
    "base_url": "http://127.0.0.1:9/v1",
    "model": "small",
    "environment": "development",
    "max_concurrency": 4,
    "timeout_seconds": 30,
    "currency": "USD",
}

# --- The portal itself ---
PORTAL = [
    _get("Portal", "See that the process is alive", "healthz", EVERYBODY),
    _get("Portal", "See whether a run could start", "readyz", EVERYBODY, status=503),
    _get("Portal", "Look at the components", "style", SIGNED_IN),
    _get("Portal", "See the portfolio of the systems that one may see", "portfolio", SIGNED_IN),
    _get("Portal", "Read what the API does", "api-docs", SIGNED_IN),
    _get("Portal", "Get the API's description", "api-schema", SIGNED_IN),
]

# --- Signing in ---
ACCOUNT = [
    _get("Account", "Open the sign-in", "account_login", PERSONS, others_status=302),
    _get("Account", "Ask before signing out", "account_logout", PERSONS, status=302, others_status=200),
    _get("Account", "Be told that an account is switched off", "account_inactive", PERSONS),
    _get("Account", "Be told that nobody registers by themselves", "account_signup", PERSONS, others_status=302),
    _get("Account", "Open the form that asks for the password again", "account_reauthenticate", SIGNED_IN),
    _get("Account", "Open the form for a new password", "account_change_password", SIGNED_IN),
]

# --- Settings ---
PERSON = _pk(lambda world: world.somebody, "user_id")
SETTINGS = [
    _get("Settings", "Go to the first settings page that one may see", "settings", SIGNED_IN, status=302),
    _get("Settings", "List people and their roles", "person-list", READS_EVERYTHING),
    _get("Settings", "Open the form for a new person", "person-add", ADMINISTERS),
    _post(
        *("Settings", "Add a person", "person-add", ADMINISTERS, "account_user account_membership"),
        sent=lambda world: {"name": "New Person", "username": "new-person", "password": "a long and new password", "role": "auditor"},
    ),
    _get("Settings", "Read about a person", "person", READS_EVERYTHING, at=PERSON),
    _post("Settings", "Give an organisation role", "role-give", ADMINISTERS, "account_membership", at=PERSON, sent=lambda world: {"role": "risk_manager"}),
    _post(
        *("Settings", "Take an organisation role", "role-take", ADMINISTERS, "account_membership"),
        at=_pk(lambda world: world.somebodys_role, "membership_id"),
        sent=_why,
    ),
    _post("Settings", "Keep somebody out, let them in", "person-set-active", ADMINISTERS, "account_user", at=PERSON, sent=_why),
    _get("Settings", "List one's own API tokens", "token-list", SIGNED_IN),
    _post(
        *("Settings", "Make an API token for oneself", "token-add", SIGNED_IN, "account_api_token"),
        sent=lambda world: {"name": "pipeline", "ability": "read", "lifetime": "90"},
        status=200,
    ),
    _post(
        *("Settings", "Revoke a token (the owner's)", "token-revoke", frozenset({Who.ADMINISTRATOR, Who.OWNER}), "account_api_token"),
        knows=frozenset({Who.ADMINISTRATOR, Who.OWNER}),
        at=_pk(lambda world: world.tokens[Who.OWNER], "token_id"),
    ),
    _get("Settings", "Read the ledger", "ledger", READS_EVERYTHING),
    _reads("Settings", "Read the history of an object", "history", lambda world: {"kind": "systems.aisystem", "pk": world.s1.system.pk}),
    _get("Settings", "List the organisation's deployments", "organisation-deployment-list", READS_EVERYTHING),
    _get("Settings", "Open the form for a deployment of the organisation", "organisation-deployment-add", ADMINISTERS),
    _post(
        *("Settings", "Add a deployment of the organisation", "organisation-deployment-add", ADMINISTERS, "deployment configuration"),
        sent=lambda world: DEPLOYMENT_SETTINGS,
    ),
    _get("Settings", "Open the form for a configuration of the organisation", "organisation-configuration-add", ADMINISTERS),
    _post(
        *("Settings", "Make a configuration of the organisation's deployment", "organisation-configuration-add", ADMINISTERS, "configuration"),
        sent=lambda world: {"deployment": world.organisation_deployment.pk, "temperature": "0.9"},
    ),
]

# --- Systems ---
DEPLOYMENT = _pk(lambda world: world.s1.deployment, "deployment_id")
SYSTEMS = [
    _get("Systems", "Open the form for a new system", "system-add", MANAGES),
    _post("Systems", "Register a system", "system-add", MANAGES, "ai_system account_scope account_membership", sent=lambda world: SYSTEM_FACTS),
    _reads("Systems", "See a system's overview", "system", SYSTEM),
    _form("Systems", "Open the form for a system's facts", "system-edit", SYSTEM),
    _acts("Systems", "Change a system's facts", "system-edit", SYSTEM, "ai_system account_scope", sent=lambda world: SYSTEM_FACTS),
    _acts("Systems", "Retire a system", "system-retire", SYSTEM, "ai_system", sent=_why),
    _acts("Systems", "Bring a retired system back", "system-bring-back", _pk(lambda world: world.s1_retired.system, "system_id"), "ai_system", sent=_why),
    _reads("Systems", "See who has a role in a system", "system-people", SYSTEM),
    _acts(
        *("Systems", "Give a role in a system", "system-people", SYSTEM, "account_membership"),
        sent=lambda world: {"user": world.somebody.pk, "role": "viewer"},
    ),
    _acts(
        *("Systems", "Take a role in a system", "system-role-take"),
        lambda world: {"system_id": world.s1.system.pk, "membership_id": world.s1.membership.pk},
        "account_membership",
        sent=_why,
    ),
    _reads("Systems", "List deployments", "deployment-list", SYSTEM),
    _form("Systems", "Open the form for a deployment", "deployment-add", SYSTEM),
    _acts("Systems", "Add a deployment", "deployment-add", SYSTEM, "deployment configuration", sent=lambda world: DEPLOYMENT_SETTINGS),
    _reads("Systems", "Read about a deployment", "deployment", DEPLOYMENT),
    _form("Systems", "Open the form of a deployment", "deployment-edit", DEPLOYMENT),
    _acts("Systems", "Change a deployment", "deployment-edit", DEPLOYMENT, "deployment configuration", sent=lambda world: DEPLOYMENT_SETTINGS),
    _acts("Systems", "Test a connection", "deployment-test", DEPLOYMENT, "audit_entry", status=200),
    _acts("Systems", "Switch a deployment off", "deployment-switch-off", DEPLOYMENT, "deployment", sent=_why),
    _acts("Systems", "Switch a deployment on", "deployment-switch-on", _pk(lambda world: world.s1.off_deployment, "deployment_id"), "deployment", sent=_why),
    _reads("Systems", "List metaprompt versions", "metaprompt-list", SYSTEM),
    _form("Systems", "Open the form for a metaprompt", "metaprompt-add", SYSTEM),
    _acts("Systems", "Add a metaprompt version", "metaprompt-add", SYSTEM, "metaprompt_version", sent=lambda world: {"text": "Be kind.", "note": "shorter"}),
    _reads("Systems", "Read a metaprompt version", "metaprompt", _pk(lambda world: world.s1.metaprompt, "metaprompt_id")),
    _reads("Systems", "List configurations", "configuration-list", SYSTEM),
    _form("Systems", "Open the form for a configuration", "configuration-add", SYSTEM),
    _acts(
        *("Systems", "Freeze a configuration", "configuration-add", SYSTEM, "configuration"),
        sent=lambda world: {"deployment": world.s1.deployment.pk, "metaprompt": world.s1.metaprompt.pk, "temperature": "0.9"},
    ),
    _reads("Systems", "Read a configuration", "configuration", _pk(lambda world: world.s1.configuration, "configuration_id")),
]
API_SYSTEM = _pk(lambda world: world.s1.system)
API_DEPLOYMENT = _pk(lambda world: world.s1.deployment)
SYSTEMS_API = [
    _api_list("API: systems", "List systems", "system"),
    _post(
        *("API: systems", "Register a system", "api-system-list", MANAGES, "ai_system account_scope account_membership"),
        sent=lambda world: {"name": "New", "purpose": "Answers."},
        status=201,
    ),
    _reads("API: systems", "Read a system", "api-system-detail", API_SYSTEM),
    _api_change("API: systems", "Change a system", "system-detail", API_SYSTEM, "ai_system", lambda world: {"purpose": "Another."}, method="PATCH"),
    _api_change("API: systems", "Retire a system", "system-retire", API_SYSTEM, "ai_system", _why),
    _api_change("API: systems", "Bring a retired system back", "system-bring-back", _pk(lambda world: world.s1_retired.system), "ai_system", _why),
    _api_list("API: systems", "List deployments", "deployment"),
    _api_add(
        *("API: systems", "Add a deployment", "deployment", "deployment configuration"),
        lambda world: {"system": world.s1.system.pk, "name": "New", "base_url": "http://127.0.0.1:9/v1", "model": "m"},
    ),
    _reads("API: systems", "Read a deployment", "api-deployment-detail", API_DEPLOYMENT),
    _api_change("API: systems", "Change a deployment", "deployment-detail", API_DEPLOYMENT, "deployment", lambda world: {"name": "Other"}, method="PATCH"),
    _api_change("API: systems", "Test a connection", "deployment-test", API_DEPLOYMENT, "audit_entry"),
    _api_change("API: systems", "Switch a deployment off", "deployment-switch-off", API_DEPLOYMENT, "deployment", _why),
    _api_change("API: systems", "Switch a deployment on", "deployment-switch-on", _pk(lambda world: world.s1.off_deployment), "deployment", _why),
    _api_list("API: systems", "List metaprompt versions", "metaprompt-version"),
    _api_add(
        *("API: systems", "Add a metaprompt version", "metaprompt-version", "metaprompt_version"),
        lambda world: {"system": world.s1.system.pk, "text": "Be kind."},
    ),
    _reads("API: systems", "Read a metaprompt version", "api-metaprompt-version-detail", _pk(lambda world: world.s1.metaprompt)),
    _api_list("API: systems", "List configurations", "configuration"),
    _api_add(
        *("API: systems", "Freeze a configuration", "configuration", "configuration"),
        lambda world: {"deployment": world.s1.deployment.pk, "parameters": {"temperature": 0.7}},
    ),
    _reads("API: systems", "Read a configuration", "api-configuration-detail", _pk(lambda world: world.s1.configuration)),
]

# --- Harms ---
HARM = _pk(lambda world: world.s1.harm, "harm_id")
HARM_SENT: Arguments = lambda world: {"title": "Another harm", "category": world.s1.harm.category_id, "origin": "model"}  # noqa: E731 (one of many)
HARMS = [
    _reads("Harms", "See the register of harms", "harm-list", SYSTEM),
    _reads("Harms", "Take the register away as a file", "harm-export", lambda world: {"system_id": world.s1.system.pk, "format": "csv"}),
    _form("Harms", "Open the form for a harm", "harm-add", SYSTEM),
    _acts("Harms", "Propose a harm", "harm-add", SYSTEM, "harm", sent=HARM_SENT),
    _reads("Harms", "Read about a harm", "harm", HARM),
    _form("Harms", "Open the form of a harm", "harm-edit", HARM),
    _acts("Harms", "Change a harm", "harm-edit", HARM, "harm", sent=HARM_SENT),
    _form("Harms", "Open the form for an assessment", "harm-assess", HARM),
    _acts(
        *("Harms", "Assess a harm", "harm-assess", HARM, "harm risk_point"),
        sent=lambda world: {"severity": 5, "frequency": 5, "rationale": "Seen in a pilot."},
    ),
]
API_HARM = _pk(lambda world: world.s1.harm)
HARMS_API = [
    _api_list("API: harms", "List harms", "harm"),
    _api_add(
        *("API: harms", "Propose a harm", "harm", "harm"),
        lambda world: {"system": world.s1.system.pk, "title": "New", "category": world.s1.harm.category.slug, "origin": "model"},
    ),
    _reads("API: harms", "Read a harm", "api-harm-detail", API_HARM),
    _api_change("API: harms", "Change a harm", "harm-detail", API_HARM, "harm", lambda world: {"title": "Other"}, method="PATCH"),
    _api_change(
        *("API: harms", "Assess a harm", "harm-assess", API_HARM, "harm risk_point"),
        lambda world: {"severity": 5, "frequency": 5, "rationale": "Seen."},
        status=201,
    ),
    _reads("API: harms", "Read the risk points of a harm", "api-harm-risk-points", API_HARM),
]

# --- Measuring ---
SET = _pk(lambda world: world.s1.measurement_set, "set_id")
UPLOAD = _pk(lambda world: world.s1.upload, "upload_id")
VERSION = _pk(lambda world: world.s1.version, "version_id")
METRIC = _pk(lambda world: world.s1.metric, "metric_id")
METRIC_FORM: Mapping[str, Any] = {
    "name": "Another metric",
    "definition": "Says how.",
    "scale": "content_severity",
    "threshold": 4,
    "kind": "rule",
    "patterns": "6: how to",
    "target_percent": "1.5",
}
SETS = [
    _reads("Sets", "List sets", "set-list", SYSTEM),
    _form("Sets", "Open the form for a set", "set-add", SYSTEM),
    _acts("Sets", "Add a set", "set-add", SYSTEM, "measurement_set", sent=lambda world: {"name": "Another set", "sampling": "benign"}),
    _reads("Sets", "Read about a set", "set", SET),
    _form("Sets", "Open the form of a set", "set-edit", SET),
    _acts("Sets", "Change a set", "set-edit", SET, "measurement_set measurement_set_harms", sent=lambda world: {"name": "Another set", "sampling": "targeted"}),
    _form("Sets", "Open the form for a file of cases", "set-import", SET),
    _acts(
        "Sets",
        "Upload a file of cases",
        "set-import",
        SET,
        "measurement_set_upload measurement_set_upload_part",
        sent=lambda world: {"file": _case_file(), "format": ""},
    ),
    _reads("Sets", "Look at an upload", "upload", UPLOAD),
    _reads("Sets", "Take an upload's rejected rows away", "upload-rejected", UPLOAD),
    _post("Sets", "Show an upload's prompts (recorded)", "upload-show", READS_S1, "audit_entry", knows=READS_S1, at=UPLOAD, status=200),
    _acts("Sets", "Confirm an upload", "upload-confirm", UPLOAD, "measurement_set_upload measurement_set_version measurement_case"),
    _acts("Sets", "Discard an upload", "upload-discard", UPLOAD, "measurement_set_upload measurement_set_upload_part"),
    _reads("Sets", "List the cases of a version", "set-version", VERSION),
    _post("Sets", "Show a version's prompts (recorded)", "set-version-show", READS_S1, "audit_entry", knows=READS_S1, at=VERSION),
    _post("Sets", "Hide a version's prompts again", "set-version-hide", READS_S1, "", knows=READS_S1, at=VERSION),
    _post(
        *("Sets", "Take a version's cases away (recorded)", "set-version-export", READS_S1, "audit_entry"),
        knows=READS_S1,
        at=VERSION,
        sent=lambda world: {"format": "csv"},
        status=200,
    ),
]
METRICS = [
    _reads("Metrics", "List metrics", "metric-list", SYSTEM),
    _form("Metrics", "Open the form for a metric", "metric-add", SYSTEM),
    _acts("Metrics", "Add a metric", "metric-add", SYSTEM, "metric metric_version judge judge_version", sent=lambda world: METRIC_FORM),
    _acts("Metrics", "Show the fields of a judge in a new metric's form", "metric-add-fields", SYSTEM, "", sent=lambda world: METRIC_FORM, status=200),
    _acts("Metrics", "Try a new metric's rules on a text", "metric-add-try", SYSTEM, "", sent=lambda world: {**METRIC_FORM, "try_text": "how to"}, status=200),
    _reads("Metrics", "Read about a metric", "metric", METRIC),
    _form("Metrics", "Open the form for the next version", "metric-revise", METRIC),
    _acts("Metrics", "Revise a metric", "metric-revise", METRIC, "metric metric_version judge_version", sent=lambda world: {**METRIC_FORM, "seen": 1}),
    _acts(
        *("Metrics", "Show the fields of a judge in a revision's form", "metric-revise-fields", METRIC, ""),
        sent=lambda world: {**METRIC_FORM, "seen": 1},
        status=200,
    ),
    _acts(
        *("Metrics", "Try a revision's rules on a text", "metric-revise-try", METRIC, ""),
        sent=lambda world: {**METRIC_FORM, "seen": 1, "try_text": "how to"},
        status=200,
    ),
    _post("Metrics", "Try rules on a text", "metric-try", READS_S1, "", knows=READS_S1, at=METRIC, sent=lambda world: {"text": "how to"}, status=200),
]
COMPLETED = _pk(lambda world: world.s1.completed, "run_id")
RUNNING = _pk(lambda world: world.s1.running, "run_id")
RUN_FORM: Arguments = lambda world: {  # noqa: E731 (one of many)
    "configuration": world.s1.configuration.pk,
    "set_version": world.s1.version.pk,
    "metrics": [world.s1.metric.pk],
    "repeats": 2,
}
OUTPUT = _pk(lambda world: world.s1.output, "output_id")
RUNS = [
    _reads("Runs", "List runs", "run-list", SYSTEM),
    _reads("Runs", "Compare two runs", "run-compare", SYSTEM, asked=lambda world: {"first": world.s1.completed.pk}),
    _form("Runs", "Open the form for a run", "run-add", SYSTEM),
    _acts("Runs", "Plan and start a run", "run-add", SYSTEM, "run run_metric lease", sent=RUN_FORM),
    _acts("Runs", "See what a run would do", "run-preview", SYSTEM, "", sent=RUN_FORM, status=200),
    _reads("Runs", "Read about a run", "run", COMPLETED),
    _reads("Runs", "Follow a run", "run-progress", RUNNING, status=302),
    _reads("Runs", "Read a run's plan", "run-configuration", COMPLETED),
    _reads("Runs", "Read what happened to a run", "run-events", COMPLETED),
    _acts("Runs", "Start a run", "run-start", _pk(lambda world: world.s1.planned, "run_id"), "run lease"),
    _acts("Runs", "Pause a run", "run-pause", RUNNING, "run", sent=_why),
    _acts("Runs", "Resume a run", "run-resume", _pk(lambda world: world.s1.paused, "run_id"), "run"),
    _acts("Runs", "Cancel a run", "run-cancel", RUNNING, "run lease output", sent=_why),
    _acts(
        *("Runs", "Change a run's budget", "run-budget", RUNNING, "run"),
        sent=lambda world: {"budget_tokens": "1000000", "reason": "More is needed."},
    ),
    _reads("Runs", "Follow a run's judgings", "run-judgings", COMPLETED),
    _acts(
        *("Runs", "Judge a run again", "run-judge", COMPLETED, "judging lease"),
        sent=lambda world: {"metric": world.s1.judging.metric_version.metric_id, "reason": "By another metric too."},
    ),
    _acts("Runs", "Pause a judging", "judging-pause", _pk(lambda world: world.s1.judging, "judging_id"), "judging", sent=_why),
    _acts("Runs", "Resume a judging", "judging-resume", _pk(lambda world: world.s1.paused_judging, "judging_id"), "judging"),
    _acts("Runs", "Cancel a judging", "judging-cancel", _pk(lambda world: world.s1.judging, "judging_id"), "judging lease", sent=_why),
    _reads("Runs", "List a run's outputs", "output-list", COMPLETED),
    _post(
        *("Runs", "Take a run's outputs away (recorded)", "output-export", READS_S1, "audit_entry"),
        knows=READS_S1,
        at=COMPLETED,
        sent=lambda world: {"format": "json"},
        status=200,
    ),
    _reads("Runs", "Read about an output", "output", OUTPUT),
    _post("Runs", "Show an output's text (recorded)", "output-text", READS_S1, "audit_entry", knows=READS_S1, at=OUTPUT, status=200),
]
API_SET = _pk(lambda world: world.s1.measurement_set)
METRIC_SENT: Arguments = lambda world: {  # noqa: E731 (one of many payloads)
    "system": world.s1.system.pk,
    "name": "New",
    "definition": "Says how.",
    "threshold": 4,
    "judge": {"kind": "rule", "patterns": ["how"]},
}
SETS_API = [
    _api_list("API: sets and metrics", "List sets", "measurement-set"),
    _api_add("API: sets and metrics", "Add a set", "measurement-set", "measurement_set", lambda world: {"system": world.s1.system.pk, "name": "New"}),
    _reads("API: sets and metrics", "Read a set", "api-measurement-set-detail", API_SET),
    _api_change("API: sets and metrics", "Change a set", "measurement-set-detail", API_SET, "measurement_set", lambda world: {"name": "Other"}, method="PATCH"),
    Door(
        *("API: sets and metrics", "Import cases", "POST", "api-measurement-set-import-cases", ACTS_IN_S1, READS_S1, API_SET),
        sent=lambda world: {"file": _case_file(), "format": "jsonl"},
        changes=frozenset({"measurement_set_version", "measurement_case", "audit_entry", "audit_payload"}),
        is_multipart=True,
    ),
    _api_list("API: sets and metrics", "List set versions", "measurement-set-version"),
    _reads("API: sets and metrics", "Read a set version", "api-measurement-set-version-detail", _pk(lambda world: world.s1.version)),
    _get("API: sets and metrics", "List cases with their prompts", "api-case-list", SIGNED_IN, asked=lambda world: {"version": world.s1.version.pk}),
    _reads("API: sets and metrics", "Read a case", "api-case-detail", _pk(lambda world: world.s1.case)),
    _api_list("API: sets and metrics", "List metrics", "metric"),
    _api_add("API: sets and metrics", "Add a metric", "metric", "metric metric_version judge judge_version", METRIC_SENT),
    _reads("API: sets and metrics", "Read a metric", "api-metric-detail", _pk(lambda world: world.s1.metric)),
    _api_change(
        *("API: sets and metrics", "Revise a metric", "metric-revise", _pk(lambda world: world.s1.metric), "metric metric_version"),
        lambda world: {"definition": "Another."},
    ),
    _api_list("API: sets and metrics", "List metric versions", "metric-version"),
    _reads("API: sets and metrics", "Read a metric version", "api-metric-version-detail", _pk(lambda world: world.s1.metric.versions.get())),
    _api_list("API: sets and metrics", "List judges", "judge"),
    _reads("API: sets and metrics", "Read a judge", "api-judge-detail", _pk(lambda world: world.s1.metric.versions.get().judge_version.judge)),
]
RUN_SENT: Arguments = lambda world: {  # noqa: E731
    "configuration": world.s1.configuration.pk,
    "measurement_set_version": world.s1.version.pk,
    "metrics": [world.s1.metric.pk],
    "start": True,
}
JUDGING_SENT: Arguments = lambda world: {  # noqa: E731
    "run": world.s1.completed.pk,
    "metric": world.s1.judging.metric_version.metric_id,
    "reason": "Tried by a test.",
}
RUNS_API = [
    _api_list("API: runs", "List runs", "run"),
    _api_add("API: runs", "Plan and start a run", "run", "run run_metric lease", RUN_SENT),
    _reads("API: runs", "Read a run", "api-run-detail", _pk(lambda world: world.s1.completed)),
    _reads(
        "API: runs",
        "Compare with another run",
        "api-run-comparison",
        _pk(lambda world: world.s1.completed),
        asked=lambda world: {"with": world.s1.completed.pk},
    ),
    _api_change("API: runs", "Start a run", "run-start", _pk(lambda world: world.s1.planned), "run lease"),
    _api_change("API: runs", "Pause a run", "run-pause", _pk(lambda world: world.s1.running), "run"),
    _api_change("API: runs", "Resume a run", "run-resume", _pk(lambda world: world.s1.paused), "run"),
    _api_change("API: runs", "Cancel a run", "run-cancel", _pk(lambda world: world.s1.running), "run lease output", _why),
    _api_change(
        *("API: runs", "Change a run's budget", "run-budget", _pk(lambda world: world.s1.running), "run"),
        lambda world: {"budget_tokens": 1_000_000, "reason": "More is needed."},
    ),
    _api_list("API: runs", "List judgings", "judging"),
    _api_add("API: runs", "Have a run judged again", "judging", "judging lease", JUDGING_SENT),
    _reads("API: runs", "Read a judging", "api-judging-detail", _pk(lambda world: world.s1.judging)),
    _api_change("API: runs", "Pause a judging", "judging-pause", _pk(lambda world: world.s1.judging), "judging"),
    _api_change("API: runs", "Resume a judging", "judging-resume", _pk(lambda world: world.s1.paused_judging), "judging"),
    _api_change("API: runs", "Cancel a judging", "judging-cancel", _pk(lambda world: world.s1.judging), "judging lease", _why),
    _get("API: runs", "List outputs with their texts", "api-output-list", SIGNED_IN, asked=lambda world: {"run": world.s1.completed.pk}),
    _reads("API: runs", "Read an output", "api-output-detail", _pk(lambda world: world.s1.output)),
]

SCHEDULE = _pk(lambda world: world.s1.schedule, "schedule_id")
SCHEDULE_FORM: Arguments = lambda world: {  # noqa: E731 (one of many)
    "name": "Another schedule",
    "configuration": world.s1.configuration.pk,
    "measurement_set": world.s1.measurement_set.pk,
    "metrics": [world.s1.metric.pk],
    "repeats": 1,
    "rhythm": "weekly",
    "weekday": 0,
    "at_time": "04:30",
    "time_zone": "UTC",
}
SCHEDULES = [
    _reads("Schedules", "List schedules", "schedule-list", SYSTEM),
    _form("Schedules", "Open the form for a schedule", "schedule-add", SYSTEM),
    _acts("Schedules", "Add a schedule", "schedule-add", SYSTEM, "schedule schedule_metrics", sent=SCHEDULE_FORM),
    _reads("Schedules", "Read about a schedule", "schedule", SCHEDULE),
    _form("Schedules", "Open the form of a schedule", "schedule-edit", SCHEDULE),
    _acts("Schedules", "Change a schedule", "schedule-edit", SCHEDULE, "schedule", sent=SCHEDULE_FORM),
    _acts("Schedules", "Switch a schedule off", "schedule-switch-off", SCHEDULE, "schedule", sent=_why),
    _acts("Schedules", "Switch a schedule on", "schedule-switch-on", _pk(lambda world: world.s1.off_schedule, "schedule_id"), "schedule", sent=_why),
]
API_SCHEDULE = _pk(lambda world: world.s1.schedule)
SCHEDULE_SENT: Arguments = lambda world: {**SCHEDULE_FORM(world), "system": world.s1.system.pk}  # noqa: E731
SCHEDULES_API = [
    _api_list("API: schedules", "List schedules", "schedule"),
    _api_add("API: schedules", "Add a schedule", "schedule", "schedule schedule_metrics", SCHEDULE_SENT),
    _reads("API: schedules", "Read a schedule", "api-schedule-detail", API_SCHEDULE),
    _api_change("API: schedules", "Change a schedule", "schedule-detail", API_SCHEDULE, "schedule", lambda world: {"repeats": 2}, method="PATCH"),
    _api_change("API: schedules", "Switch a schedule off", "schedule-switch-off", API_SCHEDULE, "schedule", _why),
    _api_change("API: schedules", "Switch a schedule on", "schedule-switch-on", _pk(lambda world: world.s1.off_schedule), "schedule", _why),
    _api_list("API: schedules", "List due times", "due-time"),
    _reads("API: schedules", "Read a due time", "api-due-time-detail", _pk(lambda world: world.s1.due_time)),
]

DOORS: tuple[Door, ...] = (
    *(*PORTAL, *ACCOUNT, *SETTINGS, *SYSTEMS, *HARMS, *SETS, *METRICS, *RUNS, *SCHEDULES),
    *(*SYSTEMS_API, *HARMS_API, *SETS_API, *RUNS_API, *SCHEDULES_API),
)

# Methods of an address that the table leaves to allauth, with what they need to be tried in a browser; see tests/security/test_sign_in.py.
LEFT_TO_THEIR_OWN_TESTS: Mapping[tuple[str, str], str] = {
    ("POST", "account_login"): "signing in",
    ("POST", "account_logout"): "signing out",
    ("POST", "account_signup"): "closed",
    ("POST", "account_reauthenticate"): "asks for one's own password",
    ("POST", "account_change_password"): "asks for one's own password",
    ("POST", "account_inactive"): "shows a page",
}
