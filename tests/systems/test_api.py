"""The API of systems, deployments, metaprompt versions and configurations."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from raiportal.accounts.enums import Ability, Role
from raiportal.accounts.models import User
from raiportal.audit.models import Entry
from systems import actions, providers, selectors
from systems.models import AISystem, Configuration, Deployment, MetapromptVersion
from tests.factories.accounts import headers, make_user
from tests.factories.systems import KEY, LOCAL, LOCAL_RESOURCE, make_deployment, make_system

pytestmark = pytest.mark.django_db
HERE = "/api/v1"


class Caller:
    """An API client with one person's token."""

    def __init__(self, user: User, **token: Any) -> None:
        self.user = user
        self.client = Client(headers=headers(user, **token))

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(HERE + path, query)

    def post(self, path: str, data: Any = None, **extra: Any) -> Any:
        return self.client.post(HERE + path, data or {}, content_type="application/json", **extra)

    def patch(self, path: str, data: Any) -> Any:
        return self.client.patch(HERE + path, data, content_type="application/json")


@pytest.fixture
def manager() -> Caller:
    return Caller(make_user(Role.RISK_MANAGER))


@pytest.fixture
def system() -> AISystem:
    return make_system()


@pytest.fixture
def owner(system: AISystem) -> Caller:
    return Caller(system.owner)


def test_system_is_registered_with_a_name_and_a_purpose(manager: Caller) -> None:
    answer = manager.post("/systems/", {"name": "Note summariser", "purpose": "Drafts summaries."})

    assert answer.status_code == 201
    assert answer.json()["slug"] == "note-summariser"
    assert AISystem.objects.get(pk=answer.json()["id"]).owner == manager.user


def test_addresses_answer_without_the_final_slash_too(manager: Caller) -> None:
    assert manager.post("/systems", {"name": "Bot", "purpose": "Helps."}).status_code == 201


def test_same_idempotency_key_registers_one_system(manager: Caller) -> None:
    answers = [manager.post("/systems/", {"name": "Bot", "purpose": "Helps."}, headers={"Idempotency-Key": "k1"}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert AISystem.objects.count() == 1


def test_idempotency_key_holds_with_and_without_the_final_slash(manager: Caller) -> None:
    answers = [manager.post(path, {"name": "Bot", "purpose": "Helps."}, headers={"Idempotency-Key": "k1"}) for path in ("/systems/", "/systems")]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert AISystem.objects.count() == 1


def test_unknown_field_is_refused_by_name(manager: Caller) -> None:
    answer = manager.post("/systems/", {"name": "Bot", "purpose": "Helps.", "slug": "mine"})

    assert answer.status_code == 400
    assert "slug" in answer.json()["detail"]


def test_owner_changes_facts_but_registers_nothing(owner: Caller, system: AISystem) -> None:
    changed = owner.patch(f"/systems/{system.pk}/", {"name": "Renamed", "audience": "public", "reaches_minors": False})

    assert (changed.status_code, changed.json()["name"], changed.json()["reaches_minors"]) == (200, "Renamed", False)
    assert owner.post("/systems/", {"name": "Bot", "purpose": "Helps."}).status_code == 403


def test_system_is_retired_and_brought_back_with_reasons(manager: Caller, system: AISystem) -> None:
    assert manager.post(f"/systems/{system.pk}/retire/", {}).status_code == 422
    assert manager.post(f"/systems/{system.pk}/retire/", {"reason": "Replaced."}).json()["stage"] == "retired"
    assert manager.post(f"/systems/{system.pk}/retire/", {"reason": "Replaced."}).status_code == 409
    assert manager.post(f"/systems/{system.pk}/bring-back/", {"reason": "Needed."}).json()["stage"] == "planning"


@pytest.mark.parametrize("verb", ["get", "patch"])
def test_foreign_and_unknown_systems_answer_alike(owner: Caller, verb: str) -> None:
    foreign = make_system()
    answers = [getattr(owner, verb)(f"/systems/{pk}/", **({} if verb == "get" else {"data": {"name": "x"}})) for pk in (foreign.pk, 999_999)]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json() == answers[1].json()


def test_list_shows_only_what_the_caller_may_open(owner: Caller, system: AISystem) -> None:
    make_system()

    assert [row["id"] for row in owner.get("/systems/").json()["results"]] == [system.pk]


def test_token_for_reading_changes_nothing(system: AISystem) -> None:
    reader = Caller(system.owner, ability=Ability.READ)

    assert reader.get(f"/systems/{system.pk}/").status_code == 200
    assert reader.patch(f"/systems/{system.pk}/", {"name": "x"}).status_code == 403


def test_deployment_comes_with_the_id_of_its_first_configuration(owner: Caller, system: AISystem) -> None:
    given = {"system": system.pk, "name": "gpt-4o", "base_url": LOCAL, "model": "gpt-4o", "api_key": KEY, "max_concurrency": 4, "tokens_per_minute": 90_000}
    answer = owner.post("/deployments/", {**given, "provider": "openai_compatible", "target": "model", "requests_per_minute": 60})

    body = answer.json()
    assert answer.status_code == 201
    assert body["configuration"] == Configuration.objects.get().pk
    assert (body["provider"], body["target"], body["tokens_per_minute"], body["has_key"]) == ("openai_compatible", "model", 90_000, True)
    assert KEY not in answer.content.decode()


@pytest.mark.parametrize(
    ("field", "value"),
    [("provider", "moon"), ("target", "moon"), ("api_version", "2024-10-21"), ("model", ""), ("base_url", "http://10.0.0.1/v1"), ("max_concurrency", 0)],
)
def test_refused_deployment_names_the_field(owner: Caller, system: AISystem, field: str, value: Any) -> None:
    answer = owner.post("/deployments/", {"system": system.pk, "name": "d", "base_url": LOCAL, "model": "m", field: value})

    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == [field]


def test_deployment_at_azure_and_an_application_come_back_as_given(owner: Caller, system: AISystem) -> None:
    given = {"system": system.pk, "base_url": LOCAL_RESOURCE, "api_key": KEY}
    azure = owner.post("/deployments/", {**given, "name": "At Azure", "provider": "azure_openai", "model": "assistant-eu"})
    application = owner.post("/deployments/", {**given, "name": "Assistant", "target": "application"})

    assert [azure.status_code, application.status_code] == [201, 201]
    assert (azure.json()["provider"], azure.json()["target"], azure.json()["api_version"]) == ("azure_openai", "model", "2024-10-21")
    assert (application.json()["provider"], application.json()["target"], application.json()["model"]) == ("openai_compatible", "application", "")
    assert [row["name"] for row in owner.get("/deployments/", provider="azure_openai").json()["results"]] == ["At Azure"]


def test_provider_is_changed_and_the_version_goes_with_it(owner: Caller, system: AISystem) -> None:
    deployment = make_deployment(system, base_url=LOCAL_RESOURCE, provider="azure_openai")

    refused = owner.patch(f"/deployments/{deployment.pk}/", {"api_version": "newest"})
    changed = owner.patch(f"/deployments/{deployment.pk}/", {"provider": "openai_compatible"})

    assert (refused.status_code, list(refused.json()["errors"])) == (422, ["api_version"])
    assert (changed.status_code, changed.json()["api_version"]) == (200, "")
    assert "api_version" not in Configuration.objects.latest("pk").snapshot


def test_deployment_in_a_foreign_system_is_refused_like_in_an_unknown_one(owner: Caller) -> None:
    answers = [owner.post("/deployments/", {"system": pk, "name": "d", "base_url": LOCAL, "model": "m"}) for pk in (make_system().pk, 999_999)]

    assert [answer.status_code for answer in answers] == [422, 422]
    assert answers[0].json() == answers[1].json()
    assert not Deployment.objects.exists()


def test_deployment_of_the_organisation_is_for_administrators(manager: Caller) -> None:
    given = {"system": None, "name": "Judge", "base_url": LOCAL, "model": "m"}

    assert manager.post("/deployments/", given).status_code == 403
    assert Caller(make_user(Role.ADMINISTRATOR)).post("/deployments/", given).status_code == 201


def test_key_never_comes_back_and_cannot_be_searched_for(owner: Caller, system: AISystem) -> None:
    deployment = make_deployment(system)

    pages = [owner.get("/deployments/"), owner.get(f"/deployments/{deployment.pk}/"), owner.get("/configurations/")]

    assert all(KEY not in page.content.decode() for page in pages)
    assert pages[1].json()["api_key_hint"] == "d2e8"
    assert owner.get("/deployments/", api_key__startswith="sk").status_code == 400
    assert owner.get("/deployments/", sort="api_key").status_code == 422


def test_moving_a_deployment_needs_the_key_again(owner: Caller, system: AISystem) -> None:
    deployment = make_deployment(system)

    refused = owner.patch(f"/deployments/{deployment.pk}/", {"base_url": "https://example.org/v1"})
    moved = owner.patch(f"/deployments/{deployment.pk}/", {"base_url": "https://example.org/v1", "api_key": "other-key-for-there"})

    assert (refused.status_code, list(refused.json()["errors"])) == (422, ["api_key"])
    assert (moved.status_code, moved.json()["base_url"]) == (200, "https://example.org/v1")
    assert moved.json()["configuration"] != Configuration.objects.order_by("pk")[0].pk


def test_deployment_stays_in_its_system(owner: Caller, system: AISystem) -> None:
    deployment = make_deployment(system)

    assert owner.patch(f"/deployments/{deployment.pk}/", {"system": make_system().pk}).status_code == 400


def test_test_tells_what_came_back(owner: Caller, system: AISystem, monkeypatch: pytest.MonkeyPatch) -> None:
    deployment = make_deployment(system)
    monkeypatch.setattr(providers, "test_call", lambda target, key: providers.TestResult(ok=False, latency_ms=3, answer="", error="Check the key."))

    answer = owner.post(f"/deployments/{deployment.pk}/test/")

    assert answer.status_code == 200
    assert answer.json() == {"ok": False, "latency_ms": 3, "answer": "", "error": "Check the key."}


def test_viewer_may_not_test_or_switch(system: AISystem) -> None:
    viewer = Caller(make_user(Role.VIEWER, scope=system.scope))
    deployment = make_deployment(system)

    assert viewer.post(f"/deployments/{deployment.pk}/test/").status_code == 403
    assert viewer.post(f"/deployments/{deployment.pk}/switch-off/", {"reason": "No."}).status_code == 403
    assert Entry.objects.filter(action="refused", actor=viewer.user).count() == 2


def test_deployment_is_switched_off_with_a_reason_and_on_again(owner: Caller, system: AISystem) -> None:
    deployment = make_deployment(system)

    assert owner.post(f"/deployments/{deployment.pk}/switch-off/", {}).status_code == 422
    assert owner.post(f"/deployments/{deployment.pk}/switch-off/", {"reason": "Contract ended."}).json()["is_active"] is False
    assert owner.post(f"/deployments/{deployment.pk}/switch-on/", {"reason": "Renewed."}).json()["is_active"] is True


def test_metaprompt_keeps_its_white_space(owner: Caller, system: AISystem) -> None:
    answer = owner.post("/metaprompt-versions/", {"system": system.pk, "text": "  Be brief.\n", "note": "First"})

    assert (answer.status_code, answer.json()["number"]) == (201, 1)
    assert MetapromptVersion.objects.get().text == "  Be brief.\n"


def test_configuration_freezes_its_parts(owner: Caller, system: AISystem) -> None:
    deployment = make_deployment(system)
    metaprompt = actions.add_metaprompt_version(system=system, text="Be brief.", actor=system.owner)
    given = {"deployment": deployment.pk, "metaprompt": metaprompt.pk, "parameters": {"temperature": 0, "max_tokens": 300}}

    first, again = owner.post("/configurations/", given), owner.post("/configurations/", given)

    assert first.status_code == 201
    assert first.json()["snapshot"]["metaprompt"] == {"number": 1, "digest": metaprompt.digest}
    assert (again.json()["id"], first.json()["matches_deployment"]) == (first.json()["id"], True)


def test_configuration_refuses_foreign_parts_and_unknown_parameters(owner: Caller, system: AISystem) -> None:
    own, foreign = make_deployment(system), make_deployment(make_system())
    theirs = actions.add_metaprompt_version(system=foreign.system, text="Theirs.", actor=foreign.system.owner)

    answers = [
        owner.post("/configurations/", {"deployment": foreign.pk}),
        owner.post("/configurations/", {"deployment": own.pk, "metaprompt": theirs.pk}),
        owner.post("/configurations/", {"deployment": own.pk, "parameters": {"model": "other"}}),
    ]

    assert [(answer.status_code, list(answer.json()["errors"])) for answer in answers] == [(422, ["deployment"]), (422, ["metaprompt"]), (422, ["parameters"])]


@pytest.mark.parametrize("path", ["/systems/", "/deployments/", "/configurations/", "/metaprompt-versions/"])
def test_lists_cost_the_same_for_three_and_thirty_rows(path: str, manager: Caller, django_assert_num_queries: Any, django_assert_max_num_queries: Any) -> None:
    def add(number: int) -> None:
        for _ in range(number):
            system = make_system(actor=manager.user)
            make_deployment(system, actor=manager.user)
            actions.add_metaprompt_version(system=system, text="Be brief.", actor=manager.user)

    add(3)
    manager.get(path)
    with django_assert_max_num_queries(12) as few:
        manager.get(path)
    add(27)
    with django_assert_num_queries(len(few)):
        answer = manager.get(path)

    assert len(answer.json()["results"]) == 30


def test_filter_by_system_never_reaches_foreign_rows(owner: Caller, system: AISystem) -> None:
    mine, foreign = make_deployment(system), make_deployment(make_system())

    assert [row["id"] for row in owner.get("/deployments/", system=system.pk).json()["results"]] == [mine.pk]
    assert owner.get("/deployments/", system=foreign.system_id).json()["results"] == []
    assert [row["deployment"] for row in owner.get("/configurations/", deployment=mine.pk).json()["results"]] == [mine.pk]
    assert selectors.first_configuration(foreign).pk not in [row["id"] for row in owner.get("/configurations/").json()["results"]]


def test_filter_that_is_neither_yes_nor_no_is_refused(owner: Caller, system: AISystem) -> None:
    deployment = make_deployment(system)

    assert [row["id"] for row in owner.get("/deployments/", is_active="true").json()["results"]] == [deployment.pk]
    assert owner.get("/deployments/", is_active="false").json()["results"] == []
    assert owner.get("/deployments/", is_active="perhaps").status_code == 422


# --- Roles ---
def test_program_gives_a_role_moves_its_end_and_takes_it_away(manager: Caller, system: AISystem) -> None:
    somebody = Caller(make_user(name="Rita Reader"))
    asked = {"system": system.pk, "person": somebody.user.username, "role": "reviewer", "review_kind": "legal"}
    given, moved = manager.post("/roles/", asked), manager.post("/roles/", {**asked, "until": "2999-12-31T23:00:00Z"})
    assert (given.status_code, moved.status_code, moved.json()["id"]) == (201, 201, given.json()["id"])
    assert (given.json()["until"], moved.json()["until"]) == (None, "2999-12-31T23:00:00Z")
    listed = somebody.get("/roles/", system=system.pk, role="reviewer").json()["results"]
    assert [(row["username"], row["review_kind"]) for row in listed] == [(somebody.user.username, "legal")]
    take = f"/roles/{given.json()['id']}/take/"
    assert somebody.post(take, {"reason": "Left."}).status_code == 403  # whoever has the role may see it, not take it
    assert (manager.post(take).status_code, manager.post(take, {"reason": "Left."}).status_code) == (422, 204)
    assert not somebody.user.memberships.exists()
    assert manager.post(take, {"reason": "Left."}).status_code == 404


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"person": "nobody"}, "person"),
        ({"role": "administrator"}, "role"),
        ({"role": "reviewer"}, "review_kind"),
        ({"until": "2001-01-01T00:00:00Z"}, "until"),
    ],
)
def test_role_that_cannot_be_held_is_refused_by_field(manager: Caller, system: AISystem, changed: dict[str, str], field: str) -> None:
    somebody = make_user()
    refused = manager.post("/roles/", {"system": system.pk, "person": somebody.username, "role": "viewer", **changed})
    assert (refused.status_code, list(refused.json()["errors"])) == (422, [field])
    assert not somebody.memberships.exists()


def test_limited_token_gives_no_role(system: AISystem) -> None:
    somebody, limited = make_user(), Caller(make_user(Role.RISK_MANAGER), ability=Ability.REGISTER)
    assert limited.post("/roles/", {"system": system.pk, "person": somebody.username, "role": "viewer"}).status_code == 403
    assert not somebody.memberships.exists()
