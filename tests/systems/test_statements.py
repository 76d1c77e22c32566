"""What is stated about systems and models: uses, stakeholders, facts, filter versions, model cards, documents and who read them. ID-1, ID-2, MI-2, MI-3."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from raiportal.accounts.enums import Role
from raiportal.accounts.models import ReviewKind, User
from raiportal.audit.models import Entry
from raiportal.catalogues import files
from raiportal.catalogues.kinds import catalogues
from raiportal.errors import Invalid, PolicyDenied, StaleSnapshot, WrongState
from systems import actions, facts, filter_settings, selectors, snapshots
from systems.models import Acknowledgement, AISystem, Configuration, Document, FilterConfiguration, ModelCard
from systems.selectors.facts import BESIDE_REVIEWS, REVIEWS
from tests.factories.accounts import make_token, make_user
from tests.factories.systems import make_deployment, make_system

pytestmark = pytest.mark.django_db
MEDIUM = {"categories": {"hate": {"prompt": "medium", "completion": "medium"}}, "detectors": {"jailbreak": "block"}}


@pytest.fixture
def system() -> AISystem:
    return make_system()


@pytest.fixture
def manager() -> User:
    return make_user(Role.RISK_MANAGER)


def done(action: str) -> int:
    return Entry.objects.filter(action=f"systems.{action}").count()


# --- Uses and stakeholders ---
def test_uses_are_numbered_changed_archived_and_restored(system: AISystem) -> None:
    contributor = make_user(Role.CONTRIBUTOR, scope=system.scope)
    first = actions.add_intended_use(system=system, title=" Draft a letter ", actor=contributor)
    unfit = actions.add_intended_use(system=system, title="Advise on treatment", is_supported=False, actor=contributor)

    actions.edit_intended_use(use_id=first.pk, description="From the notes of one stay.", actor=contributor)
    actions.archive_intended_use(use_id=unfit.pk, reason="Blocked by now.", actor=contributor)

    assert [use.code for use in selectors.intended_uses_of(system)] == ["U-1"]
    assert [(use.code, use.is_supported) for use in selectors.intended_uses_of(system, archived=True)] == [("U-2", False)]
    with pytest.raises(WrongState):
        actions.edit_intended_use(use_id=unfit.pk, title="Other", actor=contributor)
    actions.restore_intended_use(use_id=unfit.pk, reason="It came back.", actor=contributor)
    assert [done(f"intended_use_{word}") for word in ("added", "changed", "archived", "restored")] == [2, 1, 1, 1]


def test_stakeholders_stand_in_uses_of_their_own_system(system: AISystem) -> None:
    owner = system.owner
    use = actions.add_intended_use(system=system, title="Draft a letter", actor=owner)
    foreign = actions.add_intended_use(system=make_system(), title="Another", actor=make_user(Role.ADMINISTRATOR))

    patients = actions.add_stakeholder(system=system, name="Patients", reach="indirect", intended_uses=[use], actor=owner)
    for refused in (lambda: actions.edit_stakeholder(stakeholder_id=patients.pk, intended_uses=[foreign], actor=owner),):
        with pytest.raises(Invalid) as refusal:
            refused()
        assert refusal.value.field == "intended_uses"
    actions.edit_stakeholder(stakeholder_id=patients.pk, name="Patients and families", intended_uses=[], actor=owner)

    patients.refresh_from_db()
    assert (patients.name, list(patients.intended_uses.all())) == ("Patients and families", [])
    assert done("stakeholder_uses_changed") == 1


def test_readers_state_nothing(system: AISystem) -> None:
    for reader in (make_user(Role.VIEWER, scope=system.scope), make_user(Role.AUDITOR)):
        for act in (
            lambda actor: actions.add_intended_use(system=system, title="Any", actor=actor),
            lambda actor: actions.add_stakeholder(system=system, name="Any", reach="direct", actor=actor),
            lambda actor: actions.add_filter_configuration(system=system, name="Any", settings=MEDIUM, actor=actor),
        ):
            with pytest.raises(PolicyDenied):
                act(reader)


@pytest.mark.parametrize("name", ["intended-use-list", "stakeholder-list", "filter-list", "configuration-list"])
def test_lists_cost_the_same_for_three_and_thirty_rows(system: AISystem, client: Client, name: str, django_assert_num_queries: Any) -> None:
    deployment = make_deployment(system, actor=system.owner)
    page = reverse(name, args=[system.pk])
    client.force_login(system.owner)

    def fill(numbers: range) -> None:
        for number in numbers:
            use = actions.add_intended_use(system=system, title=f"Use {number}", actor=system.owner)
            actions.add_stakeholder(system=system, name=f"Group {number}", reach="direct", intended_uses=[use], actor=system.owner)
            filters = actions.add_filter_configuration(system=system, name=f"Filters {number}", settings=MEDIUM, actor=system.owner)
            actions.add_configuration(deployment=deployment, filters=filters, actor=system.owner)

    fill(range(3))
    client.get(page)
    with CaptureQueriesContext(connection) as few:
        client.get(page)
    fill(range(3, 30))
    with django_assert_num_queries(len(few)):
        client.get(page)


# --- Facts ---
def test_facts_are_plain_values_for_rules(system: AISystem) -> None:
    assert selectors.facts_of(system)["is_public"] is None

    stated = actions.edit_system(system_id=system.pk, audience="public", jurisdictions=["ie", "eu"], reaches_minors=False, actor=system.owner)
    found = selectors.facts_of(stated)

    assert (found["is_public"], found["jurisdictions"], found["reaches_minors"], found["generates_media"]) == (True, ["eu", "ie"], False, None)
    assert found["active"] == {"development": [], "staging": [], "production": []}


def test_facts_from_catalogues_have_to_be_there(system: AISystem) -> None:
    for field in ("languages", "jurisdictions", "regions"):
        with pytest.raises(Invalid) as refusal:
            actions.edit_system(system_id=system.pk, actor=system.owner, **{field: ["atlantis"]})
        assert refusal.value.field == field


def test_page_of_facts_says_what_is_open_and_why_it_matters(system: AISystem, client: Client) -> None:
    actions.edit_system(system_id=system.pk, jurisdictions=["ie"], output_retention_days=30, actor=system.owner)
    client.force_login(system.owner)

    page = client.get(reverse("system-facts", args=[system.pk])).content.decode()

    assert "14 of 16 are not said yet" in page
    assert "Ireland" in page
    assert "30\u00a0days" in page
    assert "Privacy review" in page


@pytest.mark.parametrize(
    ("text", "slugs", "rest"),
    [
        ("Germany, Austria", ["at", "de"], ""),
        ("France and Italy; the moon", ["fr", "it"], "the moon"),
        ("Bosnia and Herzegovina", ["ba"], ""),
        ("worldwide, mostly", [], "worldwide, mostly"),
        ("", [], ""),
    ],
)
def test_free_text_of_places_is_recognised(text: str, slugs: list[str], rest: str) -> None:
    migration = importlib.import_module("systems.migrations.0008_recognise_places_and_languages")

    assert migration.sorted_out(text, migration.JURISDICTIONS) == (slugs, rest)


def test_what_is_stated_and_active_counts_as_ready(system: AISystem) -> None:
    live = actions.edit_system(system_id=system.pk, stage="live", actor=system.owner)

    def lacks() -> set[str]:
        by_stage = selectors.standings([live], system.owner)[live.pk]
        return {standing.words for stage in by_stage.values() for standing in stage if standing.state != "holds"}

    assert {"No intended use is stated", "No stakeholder is named", "Nothing is active in production"} <= lacks()
    actions.add_intended_use(system=system, title="Draft", actor=system.owner)
    actions.add_stakeholder(system=system, name="Patients", reach="indirect", actor=system.owner)
    assert not {"No intended use is stated", "No stakeholder is named"} & lacks()
    assert len(facts.READINESS) == 4


# --- Filters ---
def test_filter_versions_are_numbered_frozen_and_told_apart(system: AISystem) -> None:
    first = actions.add_filter_configuration(system=system, name="Default", settings=MEDIUM, actor=system.owner)
    with pytest.raises(Invalid, match="version 1"):
        actions.add_filter_configuration(system=system, name="Default", settings=MEDIUM, actor=system.owner)
    stricter = {**MEDIUM, "blocklists": [" rivals ", "rivals"], "other": {"custom": 1}}
    second = actions.add_filter_configuration(system=system, name="Default", settings=stricter, actor=system.owner)

    assert [first.number, second.number] == [1, 2]
    assert second.settings["blocklists"] == ["rivals"]
    assert "Hate and fairness, prompt: Medium and above" in filter_settings.as_lines(first.settings)
    assert "Block list: rivals" in filter_settings.as_lines(second.settings).splitlines()
    with pytest.raises(IntegrityError), transaction.atomic():
        FilterConfiguration.objects.filter(pk=first.pk).update(name="Other")


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"categories": {"greed": {"prompt": "low"}}},
        {"categories": {"hate": {"prompt": "huge"}}},
        {"categories": {"hate": {}}},
        {"categories": {"hate": "low"}},
        {"detectors": {"jailbreak": "low"}},
        {"detectors": ["jailbreak"]},
        {"blocklists": "rivals"},
        {"blocklists": [1]},
        {"other": []},
        {"jailbreak": "block"},
    ],
)
def test_filters_refuse_what_is_not_known(system: AISystem, told: Any) -> None:
    with pytest.raises(Invalid) as refusal:
        actions.add_filter_configuration(system=system, name="Any", settings=told, actor=system.owner)
    assert refusal.value.field == "settings"


def test_configuration_records_filters_and_old_digests_hold(system: AISystem) -> None:
    deployment = make_deployment(system, actor=system.owner)
    filters = actions.add_filter_configuration(system=system, name="Default", settings=MEDIUM, actor=system.owner)
    plain = selectors.first_configuration(deployment)

    with_filters = actions.add_configuration(deployment=deployment, filters=filters, actor=system.owner)

    assert "filters" not in plain.snapshot
    assert plain.digest == snapshots.digest_of(snapshots.snapshot_of(deployment, None, {}))
    assert with_filters.snapshot["filters"] == {"number": 1, "digest": filters.digest}
    assert with_filters.digest != plain.digest
    assert selectors.endpoint_still_matches(Configuration.objects.select_related("deployment").get(pk=with_filters.pk))
    foreign = actions.add_filter_configuration(system=make_system(), name="Any", settings=MEDIUM, actor=make_user(Role.ADMINISTRATOR))
    with pytest.raises(Invalid) as refusal:
        actions.add_configuration(deployment=deployment, filters=foreign, actor=system.owner)
    assert refusal.value.field == "filters"


def test_any_two_versions_are_compared(system: AISystem, client: Client) -> None:
    versions = [actions.add_metaprompt_version(system=system, text=f"Be kind.\nRule {number}.", actor=system.owner) for number in range(3)]
    client.force_login(system.owner)
    page = reverse("metaprompt", args=[versions[2].pk])

    assert "Against" in client.get(page).content.decode()
    assert client.get(page, {"against": "1"}).context["before"] == versions[0]
    assert client.get(page, {"against": "9"}).status_code == 404
    assert client.get(page, {"against": "x"}).status_code == 404


# --- Models and documents ---
def make_card(manager: User, **facts: Any) -> ModelCard:
    return actions.add_model_card(actor=manager, **{"developer": "A lab", "family": "A model", "version": "1", **facts})


def make_document(manager: User, card: ModelCard) -> Document:
    return actions.add_document(model_card=card, kind="terms", title="Terms", address="https://example.org/terms", version="1", actor=manager)


def test_model_cards_are_kept_by_managers_once_each(system: AISystem, manager: User) -> None:
    card = make_card(manager, capabilities=["speech", "text-generation"])
    assert card.capabilities == ["text-generation", "speech"]

    with pytest.raises(Invalid, match="already"):
        make_card(manager, developer="a LAB")
    with pytest.raises(Invalid) as unknown:
        make_card(manager, version="2", capabilities=["telepathy"])
    assert unknown.value.field == "capabilities"
    with pytest.raises(PolicyDenied):
        make_card(system.owner, version="3")

    actions.archive_model_card(card_id=card.pk, reason="Withdrawn.", actor=manager)
    with pytest.raises(Invalid) as archived:
        make_deployment(system, actor=system.owner, model_card=ModelCard.objects.get(pk=card.pk))
    assert archived.value.field == "model_card"


def test_everybody_with_a_role_reads_model_cards(system: AISystem, manager: User) -> None:
    make_card(manager)

    assert ModelCard.objects.visible_to(make_user(Role.LABELLER, scope=system.scope)).count() == 1
    assert ModelCard.objects.visible_to(make_user()).count() == 0


def test_a_newer_version_asks_again(system: AISystem, manager: User) -> None:
    card = make_card(manager)
    document = make_document(manager, card)
    make_deployment(system, actor=system.owner, model_card=card)
    assert selectors.unread_by_owner([system]) == {system.pk: [document]}

    for _ in range(2):
        actions.acknowledge_document(document_id=document.pk, version="1", actor=system.owner)
    assert Acknowledgement.objects.count() == 1
    assert selectors.unread_by_owner([system]) == {system.pk: []}

    changed = actions.edit_document(document_id=document.pk, version="2", actor=manager)
    assert selectors.unread_by_owner([system]) == {system.pk: [document]}
    (reading,) = selectors.readings([changed], system.owner)
    assert (reading.mine, reading.before, reading.readers) == (None, "1", ())
    with pytest.raises(StaleSnapshot):
        actions.acknowledge_document(document_id=document.pk, version="1", actor=system.owner)
    with pytest.raises(IntegrityError), transaction.atomic():
        Acknowledgement.objects.update(version="2")


@pytest.mark.parametrize("address", ["javascript:alert(1)", "//example.org", "ftp://example.org/x", "https://", "https://exa mple.org", "terms.pdf"])
def test_documents_lead_to_plain_web_addresses_only(manager: User, address: str) -> None:
    with pytest.raises(Invalid) as refusal:
        actions.add_document(model_card=make_card(manager), kind="terms", title="Terms", address=address, version="1", actor=manager)
    assert refusal.value.field == "address"


def test_document_page_takes_ones_word(system: AISystem, manager: User, client: Client) -> None:
    document = make_document(manager, make_card(manager))
    client.force_login(system.owner)
    page = reverse("document", args=[document.pk])
    assert "Not read by you" in client.get(page).content.decode()

    client.post(reverse("document-acknowledge", args=[document.pk]), {"version": "1"})

    shown = client.get(page).content.decode()
    assert "You read and understood this version" in shown
    assert system.owner.name in shown


def test_api_keeps_uses_stakeholders_cards_and_documents(system: AISystem, manager: User) -> None:
    program = Client(headers={"Authorization": f"Bearer {make_token(manager)}"})

    def post(name: str, body: dict[str, Any]) -> Any:
        answer = program.post(f"/api/v1/{name}/", body, content_type="application/json")
        assert answer.status_code == 201, answer.content
        return answer.json()

    use = post("intended-uses", {"system": system.pk, "title": "Draft"})
    group = post("stakeholders", {"system": system.pk, "name": "Patients", "reach": "indirect", "intended_uses": [use["id"]]})
    card = post("model-cards", {"developer": "A lab", "family": "A model", "capabilities": ["speech"]})
    document = post("documents", {"model_card": card["id"], "kind": "terms", "title": "Terms", "address": "https://example.org", "version": "1"})
    filters = post("filter-configurations", {"system": system.pk, "name": "Default", "settings": MEDIUM})

    assert (use["code"], group["intended_uses"], filters["number"]) == ("U-1", [use["id"]], 1)
    word = program.post(f"/api/v1/documents/{document['id']}/acknowledge/", {"version": "1"}, content_type="application/json").json()
    assert [row["created_by"] for row in word["acknowledgements"]] == [manager.pk]
    assert program.get("/api/v1/stakeholders/", {"system": system.pk}).json()["results"][0]["name"] == "Patients"


def test_facts_name_the_reviews_that_ask_as_the_catalogue_does(system: AISystem) -> None:
    ReviewKind.objects.all().delete()
    for slug, name in (("legal", "Legal and contracts"), ("responsible-ai", "Responsible AI"), ("privacy", "Privacy")):
        ReviewKind.objects.create(slug=slug, name=name, description=name, position=1, is_active=slug != "privacy")

    shown = {fact.name: fact.matters_for for fact in selectors.stated_facts(system)}

    assert shown["depicts_people"] == "Legal and contracts and Responsible AI review"
    assert shown["generates_media"] == "Responsible AI review; disclosure of generated content"
    assert (shown["reaches_minors"], shown["handles_personal_data"], shown["domain"]) == ("Legal and contracts review", "", "Impact assessment")


def test_reviews_that_ask_for_facts_are_kinds_that_are_shipped() -> None:
    named = {slug for slugs in REVIEWS.values() for slug in slugs}

    kind = catalogues.get("review-kinds")
    assert kind is not None
    assert named <= {shipped.slug for shipped in files.read(kind, kind.file.read_text())}
    assert set(REVIEWS) | set(BESIDE_REVIEWS) == set(selectors.FACT_LABELS)
