"""The doors of systems and what they are made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tests.project.door import (
    MANAGES,
    MANAGES_S1,
    OVERVIEW_OF_S1,
    READS_S1,
    SIGNED_IN,
    TOLD,
    Arguments,
    Door,
    Who,
    a_change,
    a_form,
    a_page,
    acts,
    api_add,
    api_change,
    api_list,
    by_pk,
    manages,
    managing_form,
    reads,
    why,
)

if TYPE_CHECKING:
    from tests.project.world import World

SYSTEM = by_pk(lambda world: world.s1.system, "system_id")
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

DEPLOYMENT = by_pk(lambda world: world.s1.deployment, "deployment_id")
HAS_A_ROLE = SIGNED_IN - {Who.NOBODY}
USE = by_pk(lambda world: world.s1.use, "use_id")
ARCHIVED_USE = by_pk(lambda world: world.s1.archived_use, "use_id")
STAKEHOLDER = by_pk(lambda world: world.s1.stakeholder, "stakeholder_id")
ARCHIVED_STAKEHOLDER = by_pk(lambda world: world.s1.archived_stakeholder, "stakeholder_id")
WAITING = by_pk(lambda world: world.s1.waiting_emergency, "emergency_id")
DOCUMENT_OF_S1 = by_pk(lambda world: world.s1.document, "document_id")
ARCHIVED_DOCUMENT = by_pk(lambda world: world.s1.archived_document, "document_id")
MODEL_CARD = by_pk(lambda world: world.model_card, "card_id")
ARCHIVED_CARD = by_pk(lambda world: world.archived_card, "card_id")
DOCUMENT: Mapping[str, Any] = {"kind": "terms", "title": "Terms of use", "address": "https://example.org/terms", "version": "2026-10"}
CARD: Mapping[str, Any] = {"developer": "Some lab", "family": "Some model", "version": "3"}
FILTER_FORM: Mapping[str, Any] = {"name": "Strict", "provider": "azure_openai", "hate_prompt": "low", "jailbreak": "block"}


def _order(world: World) -> Mapping[str, Any]:
    return {"environment": "staging", "configuration": world.s1.configuration.pk, "share": 100, "reason": "Tried by a test."}


def _kept_in_s1(what: str, name: str, at: Arguments, archived: Arguments, changes: str, sent: Arguments) -> list[Door]:
    """The doors of a kind of thing that is listed, added, changed, archived and restored in a system."""
    table = changes.split()[0]
    return [
        reads("Systems", f"List {name.replace('-', ' ')}s", f"{name}-list", SYSTEM),
        a_form("Systems", f"Open the form for {what}", f"{name}-add", SYSTEM),
        acts("Systems", f"Add {what}", f"{name}-add", SYSTEM, changes, sent=sent),
        reads("Systems", f"Read {what}", name, at),
        a_form("Systems", f"Open the form of {what}", f"{name}-edit", at),
        acts("Systems", f"Change {what}", f"{name}-edit", at, table, sent=sent),
        acts("Systems", f"Archive {what}", f"{name}-archive", at, table, sent=why),
        acts("Systems", f"Restore {what}", f"{name}-restore", archived, table, sent=why),
    ]


SYSTEMS = [
    a_page("Systems", "Open the form for a new system", "system-add", MANAGES),
    a_change("Systems", "Register a system", "system-add", MANAGES, "ai_system account_scope account_membership", sent=lambda world: SYSTEM_FACTS),
    a_page("Systems", "See a system's overview", "system", OVERVIEW_OF_S1, knows=OVERVIEW_OF_S1, at=SYSTEM),
    managing_form("Systems", "Open the form for a system's facts", "system-edit", SYSTEM),
    manages("Systems", "Change a system's facts", "system-edit", SYSTEM, "ai_system account_scope", sent=lambda world: SYSTEM_FACTS),
    manages("Systems", "Retire a system", "system-retire", SYSTEM, "ai_system", sent=why),
    manages("Systems", "Bring a retired system back", "system-bring-back", by_pk(lambda world: world.s1_retired.system, "system_id"), "ai_system", sent=why),
    reads("Systems", "See who has a role in a system", "system-people", SYSTEM),
    manages(
        *("Systems", "Give a role in a system", "system-people", SYSTEM, "account_membership"),
        sent=lambda world: {"user": world.somebody.pk, "role": "viewer"},
    ),
    manages(
        *("Systems", "Take a role in a system", "system-role-take"),
        lambda world: {"system_id": world.s1.system.pk, "membership_id": world.s1.membership.pk},
        "account_membership",
        sent=why,
    ),
    reads("Systems", "List deployments", "deployment-list", SYSTEM),
    managing_form("Systems", "Open the form for a deployment", "deployment-add", SYSTEM),
    manages("Systems", "Add a deployment", "deployment-add", SYSTEM, "deployment configuration", sent=lambda world: DEPLOYMENT_SETTINGS),
    reads("Systems", "Read about a deployment", "deployment", DEPLOYMENT),
    managing_form("Systems", "Open the form of a deployment", "deployment-edit", DEPLOYMENT),
    manages("Systems", "Change a deployment", "deployment-edit", DEPLOYMENT, "deployment configuration", sent=lambda world: DEPLOYMENT_SETTINGS),
    manages("Systems", "Test a connection", "deployment-test", DEPLOYMENT, "audit_entry", status=200),
    manages("Systems", "Switch a deployment off", "deployment-switch-off", DEPLOYMENT, "deployment", sent=why),
    manages("Systems", "Switch a deployment on", "deployment-switch-on", by_pk(lambda world: world.s1.off_deployment, "deployment_id"), "deployment", sent=why),
    reads("Systems", "List metaprompt versions", "metaprompt-list", SYSTEM),
    a_form("Systems", "Open the form for a metaprompt", "metaprompt-add", SYSTEM),
    acts("Systems", "Add a metaprompt version", "metaprompt-add", SYSTEM, "metaprompt_version", sent=lambda world: {"text": "Be kind.", "note": "shorter"}),
    reads("Systems", "Read a metaprompt version", "metaprompt", by_pk(lambda world: world.s1.metaprompt, "metaprompt_id")),
    reads("Systems", "List configurations", "configuration-list", SYSTEM),
    a_form("Systems", "Open the form for a configuration", "configuration-add", SYSTEM),
    acts(
        *("Systems", "Freeze a configuration", "configuration-add", SYSTEM, "configuration"),
        sent=lambda world: {"deployment": world.s1.deployment.pk, "metaprompt": world.s1.metaprompt.pk, "filters": world.s1.filters.pk, "temperature": "0.9"},
    ),
    reads("Systems", "Read a configuration", "configuration", by_pk(lambda world: world.s1.configuration, "configuration_id")),
    reads("Systems", "See every fact and what isn't said yet", "system-facts", SYSTEM),
    *_kept_in_s1("an intended use", "intended-use", USE, ARCHIVED_USE, "intended_use", lambda world: {"title": "Draft a letter", "is_supported": "yes"}),
    *_kept_in_s1(
        "a stakeholder",
        "stakeholder",
        STAKEHOLDER,
        ARCHIVED_STAKEHOLDER,
        "stakeholder stakeholder_intended_use",
        lambda world: {"name": "Night shift", "reach": "indirect", "intended_uses": [world.s1.use.pk]},
    ),
    reads("Systems", "List versions of the content filters", "filter-list", SYSTEM),
    a_form("Systems", "Open the form for content filters", "filter-add", SYSTEM),
    acts("Systems", "Add a version of the content filters", "filter-add", SYSTEM, "filter_configuration", sent=lambda world: FILTER_FORM),
    reads("Systems", "Read a version of the content filters", "filter", by_pk(lambda world: world.s1.filters, "filter_id")),
    reads("Active", "See what is active and what was", "activation-list", SYSTEM),
    managing_form("Active", "Open the form for an activation", "activation-add", SYSTEM),
    manages("Active", "Activate configurations", "activation-add", SYSTEM, "activation activation_share", sent=_order),
    managing_form("Active", "Open the form for an emergency activation", "emergency-add", SYSTEM),
    manages(
        *("Active", "Ask for an emergency activation", "emergency-add", SYSTEM, f"emergency_activation emergency_share {TOLD}"),
        sent=lambda world: {**_order(world), "environment": "development"},
    ),
    reads("Active", "Read an emergency activation", "emergency", WAITING),
    manages("Active", "Confirm an emergency activation", "emergency-confirm", WAITING, f"activation activation_share emergency_activation {TOLD}"),
    manages("Active", "Withdraw an emergency activation", "emergency-withdraw", WAITING, "emergency_activation", sent=why),
    manages(
        *("Active", "Review an emergency activation", "emergency", by_pk(lambda world: world.s1.acted_emergency, "emergency_id"), "emergency_activation"),
        sent=lambda world: {"finding": "justified", "finding_text": "The leak was real."},
    ),
    managing_form("Models", "Open the form for a document of a deployment", "deployment-document-add", DEPLOYMENT),
    manages("Models", "Add a document to a deployment", "deployment-document-add", DEPLOYMENT, "model_document", sent=lambda world: DOCUMENT),
    reads("Models", "Read about a document", "document", DOCUMENT_OF_S1),
    managing_form("Models", "Open the form of a document", "document-edit", DOCUMENT_OF_S1),
    manages("Models", "Change a document", "document-edit", DOCUMENT_OF_S1, "model_document", sent=lambda world: DOCUMENT),
    a_change(
        *("Models", "Say that one read a document", "document-acknowledge", READS_S1, "model_document_acknowledgement"),
        knows=READS_S1,
        at=DOCUMENT_OF_S1,
        sent=lambda world: {"version": world.s1.document.version},
    ),
    manages("Models", "Archive a document", "document-archive", DOCUMENT_OF_S1, "model_document", sent=why),
    manages("Models", "Restore a document", "document-restore", ARCHIVED_DOCUMENT, "model_document", sent=why),
    a_page("Models", "List model cards", "model-card-list", SIGNED_IN),
    a_page("Models", "Open the form for a model card", "model-card-add", MANAGES),
    a_change("Models", "Add a model card", "model-card-add", MANAGES, "model_card", sent=lambda world: CARD),
    a_page("Models", "Read a model card", "model-card", HAS_A_ROLE, knows=HAS_A_ROLE, at=MODEL_CARD),
    a_page("Models", "Open the form of a model card", "model-card-edit", MANAGES, knows=HAS_A_ROLE, at=MODEL_CARD),
    a_change("Models", "Change a model card", "model-card-edit", MANAGES, "model_card", knows=HAS_A_ROLE, at=MODEL_CARD, sent=lambda world: CARD),
    a_change("Models", "Archive a model card", "model-card-archive", MANAGES, "model_card", knows=HAS_A_ROLE, at=MODEL_CARD, sent=why),
    a_change("Models", "Restore a model card", "model-card-restore", MANAGES, "model_card", knows=HAS_A_ROLE, at=ARCHIVED_CARD, sent=why),
    a_page("Models", "Open the form for a document of a model", "model-card-document-add", MANAGES, knows=HAS_A_ROLE, at=MODEL_CARD),
    a_change(
        *("Models", "Add a document to a model card", "model-card-document-add", MANAGES, "model_document"),
        knows=HAS_A_ROLE,
        at=MODEL_CARD,
        sent=lambda world: DOCUMENT,
    ),
]
API_SYSTEM = by_pk(lambda world: world.s1.system)
API_DEPLOYMENT = by_pk(lambda world: world.s1.deployment)
API_WAITING = by_pk(lambda world: world.s1.waiting_emergency)
API_DOCUMENT = by_pk(lambda world: world.s1.document)
API_CARD = by_pk(lambda world: world.model_card)


def _api_order(world: World) -> Mapping[str, Any]:
    return {"environment": "staging", "shares": [{"configuration": world.s1.configuration.pk, "share": 100}], "reason": "Tried by a test."}


def _api_kept_in_s1(what: str, name: str, attribute: str, table: str, sent: Arguments) -> list[Door]:
    def at(world: World) -> Mapping[str, Any]:
        return {"pk": getattr(world.s1, attribute).pk}

    def archived(world: World) -> Mapping[str, Any]:
        return {"pk": getattr(world.s1, f"archived_{attribute}").pk}

    area = "API: systems"
    return [
        api_list(area, f"List {name.replace('-', ' ')}s", name),
        api_add(area, f"Add {what}", name, table, lambda world: {"system": world.s1.system.pk, **sent(world)}),
        reads(area, f"Read {what}", f"api-{name}-detail", at),
        api_change(area, f"Change {what}", f"{name}-detail", at, table, sent, method="PATCH"),
        api_change(area, f"Archive {what}", f"{name}-archive", at, table, why),
        api_change(area, f"Restore {what}", f"{name}-restore", archived, table, why),
    ]


SYSTEMS_API = [
    *_api_kept_in_s1("an intended use", "intended-use", "use", "intended_use", lambda world: {"title": "Draft a letter", "is_supported": False}),
    api_list("API: systems", "List roles in systems", "role"),
    reads("API: systems", "Read a role in a system", "api-role-detail", by_pk(lambda world: world.s1.membership)),
    api_add(
        *("API: systems", "Give a role in a system", "role", "account_membership"),
        lambda world: {"system": world.s1.system.pk, "person": world.somebody.username, "role": "viewer"},
        may=MANAGES_S1,
    ),
    api_change(
        *("API: systems", "Take a role in a system", "role-take", by_pk(lambda world: world.s1.membership), "account_membership", why),
        may=MANAGES_S1,
        status=204,
    ),
    *_api_kept_in_s1("a stakeholder", "stakeholder", "stakeholder", "stakeholder", lambda world: {"name": "Night shift", "reach": "indirect"}),
    api_list("API: systems", "List versions of the content filters", "filter-configuration"),
    api_add(
        *("API: systems", "Add a version of the content filters", "filter-configuration", "filter_configuration"),
        lambda world: {"system": world.s1.system.pk, "name": "Strict", "settings": {"detectors": {"jailbreak": "block"}}},
    ),
    reads("API: systems", "Read a version of the content filters", "api-filter-configuration-detail", by_pk(lambda world: world.s1.filters)),
    api_list("API: active", "List activations", "activation"),
    reads("API: active", "Read an activation", "api-activation-detail", by_pk(lambda world: world.s1.activation)),
    api_change(
        *("API: active", "Activate configurations", "system-activate", by_pk(lambda world: world.s1.system), "activation activation_share", _api_order),
        may=MANAGES_S1,
        status=201,
    ),
    api_change(
        *("API: active", "Ask for an emergency activation", "system-activate-emergency", by_pk(lambda world: world.s1.system)),
        f"emergency_activation emergency_share {TOLD}",
        lambda world: {**_api_order(world), "environment": "development"},
        may=MANAGES_S1,
        status=201,
    ),
    api_list("API: active", "List emergency activations", "emergency-activation"),
    reads("API: active", "Read an emergency activation", "api-emergency-activation-detail", API_WAITING),
    api_change(
        *("API: active", "Confirm an emergency activation", "emergency-activation-confirm", API_WAITING),
        f"activation activation_share emergency_activation {TOLD}",
        may=MANAGES_S1,
    ),
    api_change(*("API: active", "Withdraw an emergency activation", "emergency-activation-withdraw", API_WAITING, "emergency_activation", why), may=MANAGES_S1),
    api_change(
        *("API: active", "Review an emergency activation", "emergency-activation-review", by_pk(lambda world: world.s1.acted_emergency)),
        "emergency_activation",
        lambda world: {"finding": "justified", "finding_text": "The leak was real."},
        may=MANAGES_S1,
    ),
    api_list("API: models", "List model cards", "model-card"),
    a_change("API: models", "Add a model card", "api-model-card-list", MANAGES, "model_card", sent=lambda world: CARD, status=201),
    a_page("API: models", "Read a model card", "api-model-card-detail", HAS_A_ROLE, knows=HAS_A_ROLE, at=API_CARD),
    *(
        a_change(
            *("API: models", f"{verb.capitalize()} a model card", f"api-model-card-{name}", MANAGES, "model_card"),
            knows=HAS_A_ROLE,
            at=at,
            sent=sent,
            status=200,
            method=method,
        )
        for verb, name, at, sent, method in (
            ("change", "detail", API_CARD, lambda world: {"version": "4"}, "PATCH"),
            ("archive", "archive", API_CARD, why, "POST"),
            ("restore", "restore", by_pk(lambda world: world.archived_card), why, "POST"),
        )
    ),
    api_list("API: models", "List documents", "document"),
    api_add(*("API: models", "Add a document", "document", "model_document"), lambda world: {**DOCUMENT, "deployment": world.s1.deployment.pk}, may=MANAGES_S1),
    reads("API: models", "Read a document", "api-document-detail", API_DOCUMENT),
    api_change(
        *("API: models", "Change a document", "document-detail", API_DOCUMENT, "model_document", lambda world: {"version": "2027"}),
        may=MANAGES_S1,
        method="PATCH",
    ),
    api_change(
        *("API: models", "Say that one read a document", "document-acknowledge", API_DOCUMENT, "model_document_acknowledgement"),
        lambda world: {"version": world.s1.document.version},
        may=READS_S1,
    ),
    api_change("API: models", "Archive a document", "document-archive", API_DOCUMENT, "model_document", why, may=MANAGES_S1),
    api_change(
        *("API: models", "Restore a document", "document-restore", by_pk(lambda world: world.s1.archived_document), "model_document", why), may=MANAGES_S1
    ),
    api_list("API: systems", "List systems", "system"),
    a_change(
        *("API: systems", "Register a system", "api-system-list", MANAGES, "ai_system account_scope account_membership"),
        sent=lambda world: {"name": "New", "purpose": "Answers."},
        status=201,
    ),
    a_page("API: systems", "Read a system's facts", "api-system-detail", OVERVIEW_OF_S1, knows=OVERVIEW_OF_S1, at=API_SYSTEM),
    api_change(
        "API: systems", "Change a system", "system-detail", API_SYSTEM, "ai_system", lambda world: {"purpose": "Another."}, method="PATCH", may=MANAGES_S1
    ),
    api_change("API: systems", "Retire a system", "system-retire", API_SYSTEM, "ai_system", why, may=MANAGES_S1),
    api_change(
        "API: systems", "Bring a retired system back", "system-bring-back", by_pk(lambda world: world.s1_retired.system), "ai_system", why, may=MANAGES_S1
    ),
    api_list("API: systems", "List deployments", "deployment"),
    api_add(
        *("API: systems", "Add a deployment", "deployment", "deployment configuration"),
        lambda world: {"system": world.s1.system.pk, "name": "New", "base_url": "http://127.0.0.1:9/v1", "model": "m"},
        may=MANAGES_S1,
    ),
    reads("API: systems", "Read a deployment", "api-deployment-detail", API_DEPLOYMENT),
    api_change(
        "API: systems",
        "Change a deployment",
        "deployment-detail",
        API_DEPLOYMENT,
        "deployment",
        lambda world: {"name": "Other"},
        method="PATCH",
        may=MANAGES_S1,
    ),
    api_change("API: systems", "Test a connection", "deployment-test", API_DEPLOYMENT, "audit_entry", may=MANAGES_S1),
    api_change("API: systems", "Switch a deployment off", "deployment-switch-off", API_DEPLOYMENT, "deployment", why, may=MANAGES_S1),
    api_change(
        "API: systems", "Switch a deployment on", "deployment-switch-on", by_pk(lambda world: world.s1.off_deployment), "deployment", why, may=MANAGES_S1
    ),
    api_list("API: systems", "List metaprompt versions", "metaprompt-version"),
    api_add(
        *("API: systems", "Add a metaprompt version", "metaprompt-version", "metaprompt_version"),
        lambda world: {"system": world.s1.system.pk, "text": "Be kind."},
    ),
    reads("API: systems", "Read a metaprompt version", "api-metaprompt-version-detail", by_pk(lambda world: world.s1.metaprompt)),
    api_list("API: systems", "List configurations", "configuration"),
    api_add(
        *("API: systems", "Freeze a configuration", "configuration", "configuration"),
        lambda world: {"deployment": world.s1.deployment.pk, "parameters": {"temperature": 0.7}},
    ),
    reads("API: systems", "Read a configuration", "api-configuration-detail", by_pk(lambda world: world.s1.configuration)),
]
