"""What may be done to systems, deployments, metaprompts and configurations, and what it leaves behind."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from raiportal import clocks
from raiportal.accounts import roles
from raiportal.accounts.enums import Role
from raiportal.accounts.models import Membership, User
from raiportal.audit.models import Entry, Payload
from raiportal.errors import Invalid, Missing, PolicyDenied, WrongState
from systems import actions, providers, selectors, snapshots
from systems.enums import Stage
from systems.models import AISystem, Configuration, Deployment
from tests.factories.accounts import make_user
from tests.factories.systems import KEY, LOCAL, LOCAL_RESOURCE, make_deployment, make_system

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager() -> User:
    return make_user(Role.RISK_MANAGER)


@pytest.fixture
def system() -> AISystem:
    return make_system()


def everything_written() -> str:
    """All that the ledger holds, as text."""
    return str(list(Payload.objects.values_list("body", flat=True)))


# --- Systems ---
def test_new_system_has_a_scope_of_its_own_and_an_owner_with_the_role(manager: User) -> None:
    owner = make_user()

    system = actions.add_system(name="Café assistant", purpose="Answers guests.", owner=owner, stage=Stage.PILOT, actor=manager)

    assert (system.slug, system.name, system.stage, system.owner) == ("cafe-assistant", "Café assistant", Stage.PILOT, owner)
    assert roles.holds(owner, Role.OWNER, scope_id=system.pk)
    assert Entry.objects.filter(action="systems.system_added", subject_id=system.pk, scope_id=system.pk).count() == 1


def test_system_without_a_named_owner_belongs_to_whoever_registers_it(manager: User) -> None:
    system = actions.add_system(name="Triage", purpose="Sorts letters.", actor=manager)

    assert system.owner == manager
    assert Membership.objects.filter(user=manager, scope_id=system.pk, role=Role.OWNER).exists()


@pytest.mark.parametrize(
    ("names", "slugs"), [(("Bot", "Bot!", "The bot", "Bot?"), ["bot", "bot-2", "the-bot", "bot-3"]), (("助手", "帮手"), ["system", "system-2"])]
)
def test_systems_whose_names_look_alike_get_different_slugs(manager: User, names: tuple[str, ...], slugs: list[str]) -> None:
    made = [actions.add_system(name=name, purpose="Helps.", actor=manager).slug for name in names]

    assert made == slugs


def test_no_two_systems_in_work_have_one_name(manager: User) -> None:
    first = actions.add_system(name="Triage bot", purpose="Helps.", actor=manager)
    other = actions.add_system(name="Letter bot", purpose="Helps.", actor=manager)

    with pytest.raises(Invalid, match="in work named") as added:
        actions.add_system(name=" triage BOT ", purpose="Helps.", actor=manager)
    with pytest.raises(Invalid) as renamed:
        actions.edit_system(system_id=other.pk, name="TRIAGE bot", actor=manager)
    assert (added.value.field, renamed.value.field) == ("name", "name")
    actions.edit_system(system_id=first.pk, name="Triage Bot", actor=manager)

    actions.retire_system(system_id=first.pk, reason="Replaced.", actor=manager)
    actions.edit_system(system_id=other.pk, name="triage bot", actor=manager)
    with pytest.raises(Invalid, match="in work named"):
        actions.bring_back_system(system_id=first.pk, reason="Needed.", actor=manager)


@pytest.mark.parametrize(
    ("field", "value"), [("name", "  "), ("name", "x" * 121), ("purpose", " "), ("stage", "dreaming"), ("stage", Stage.RETIRED), ("domain", "x" * 81)]
)
def test_system_refuses_what_does_not_fit_and_names_the_field(manager: User, field: str, value: str) -> None:
    given = {"name": "Bot", "purpose": "Helps.", field: value}

    with pytest.raises(Invalid) as refusal:
        actions.add_system(**given, actor=manager)

    assert refusal.value.field == field
    assert not AISystem.objects.exists()


def test_owner_renames_the_system_and_keeps_its_slug(system: AISystem) -> None:
    slug = system.slug

    changed = actions.edit_system(system_id=system.pk, name="New name", purpose="Other.", actor=system.owner)

    changed.refresh_from_db()
    assert (changed.name, changed.slug, changed.purpose) == ("New name", slug, "Other.")
    assert Entry.objects.filter(action="systems.system_renamed", scope_id=system.pk).count() == 1


def test_new_owner_gets_the_role(system: AISystem, manager: User) -> None:
    successor = make_user()

    actions.edit_system(system_id=system.pk, owner=successor, actor=manager)

    assert roles.holds(successor, Role.OWNER, scope_id=system.pk)


def test_retired_system_takes_nothing_new_until_it_is_brought_back(system: AISystem, manager: User) -> None:
    actions.retire_system(system_id=system.pk, reason="Replaced.", actor=manager)

    with pytest.raises(PolicyDenied, match="retired"):
        make_deployment(system, actor=manager)
    with pytest.raises(WrongState):
        actions.retire_system(system_id=system.pk, reason="Again.", actor=manager)
    with pytest.raises(Invalid, match="reason"):
        actions.edit_system(system_id=system.pk, stage=Stage.LIVE, actor=manager)

    actions.bring_back_system(system_id=system.pk, reason="Needed after all.", actor=manager)
    assert make_deployment(system, actor=manager).system == system


def test_retiring_asks_for_a_reason(system: AISystem, manager: User) -> None:
    with pytest.raises(Invalid) as refusal:
        actions.retire_system(system_id=system.pk, reason=" ", actor=manager)

    assert refusal.value.field == "reason"


# --- People ---
def test_owner_gives_and_takes_a_role_with_an_end(system: AISystem) -> None:
    reader = make_user()
    until = clocks.now() + datetime.timedelta(days=30)

    membership = actions.give_system_role(system_id=system.pk, user=reader, role=Role.VIEWER, until=until, actor=system.owner)
    assert (membership.until, membership.role) == (until, Role.VIEWER)

    actions.take_system_role(system_id=system.pk, membership_id=membership.pk, reason="Left the team.", actor=system.owner)
    assert not Membership.objects.filter(user=reader).exists()


def test_role_of_another_system_cannot_be_taken_from_here(system: AISystem) -> None:
    elsewhere = Membership.objects.get(scope_id=make_system().pk)

    with pytest.raises(Missing):
        actions.take_system_role(system_id=system.pk, membership_id=elsewhere.pk, reason="No.", actor=system.owner)

    assert Membership.objects.filter(pk=elsewhere.pk).exists()


@pytest.mark.parametrize(("role", "days", "field"), [(Role.ADMINISTRATOR, None, "role"), (Role.VIEWER, -1, "until")])
def test_role_that_does_not_fit_a_system_is_refused(system: AISystem, role: Role, days: int | None, field: str) -> None:
    until = clocks.now() + datetime.timedelta(days=days) if days else None
    administrator = make_user(Role.ADMINISTRATOR)

    with pytest.raises(Invalid) as refusal:
        actions.give_system_role(system_id=system.pk, user=make_user(), role=role, until=until, actor=administrator)

    assert refusal.value.field == field


# --- Deployments ---
def test_new_deployment_comes_with_its_first_configuration(system: AISystem) -> None:
    deployment = actions.add_deployment(system=system, name="gpt-4o", base_url=f"{LOCAL}/", model="gpt-4o", max_concurrency=4, actor=system.owner)

    first = selectors.first_configuration(deployment)
    assert (first.system, first.metaprompt, first.parameters) == (system, None, {})
    assert first.snapshot == {
        "provider": "openai_compatible",
        "target": "model",
        "base_url": LOCAL,
        "model": "gpt-4o",
        "metaprompt": None,
        "parameters": {},
    }
    assert deployment.max_concurrency == 4


def test_key_is_encrypted_and_stands_nowhere_else(system: AISystem) -> None:
    deployment = make_deployment(system)

    with connection.cursor() as cursor:
        cursor.execute("select api_key from deployment where id = %s", [deployment.pk])
        (stored,) = cursor.fetchone()
    assert KEY not in stored
    assert KEY not in everything_written()
    assert Deployment.objects.get(pk=deployment.pk).api_key == KEY


@pytest.mark.parametrize(("key", "hint"), [("", ""), ("eleven-char", ""), ("twelve-chars", "hars"), (KEY, "d2e8")])
def test_hint_is_four_characters_of_a_key_long_enough(system: AISystem, key: str, hint: str) -> None:
    assert make_deployment(system, api_key=key).api_key_hint == hint


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", " "),
        ("model", ""),
        ("base_url", "http://10.1.2.3/v1"),
        ("base_url", "https://user:secret@example.org/v1"),
        ("base_url", "http://169.254.169.254/latest"),
        ("api_key", "two words"),
        ("max_concurrency", 0),
        ("max_concurrency", 1_001),
        ("requests_per_minute", 0),
        ("tokens_per_minute", -1),
        ("timeout_seconds", 601),
        ("input_price", -1),
        ("currency", "dollars"),
        ("environment", "moon"),
        ("provider", "moon"),
        ("target", "moon"),
        ("api_version", "2024-10-21"),
    ],
)
def test_deployment_refuses_what_does_not_fit_and_names_the_field(system: AISystem, field: str, value: Any) -> None:
    with pytest.raises(Invalid) as refusal:
        make_deployment(system, **{field: value})

    assert refusal.value.field == field
    assert not Deployment.objects.exists()


def test_two_deployments_of_one_system_cannot_share_a_name(system: AISystem) -> None:
    make_deployment(system, name="gpt-4o")

    with pytest.raises(Invalid) as refusal:
        make_deployment(system, name="gpt-4o")

    assert refusal.value.field == "name"
    assert make_deployment(make_system(), name="gpt-4o").name == "gpt-4o"


@pytest.mark.parametrize("address", ["http://127.0.0.1:10/v1", "https://127.0.0.1:9/v1", "http://localhost:9/v1", "https://example.org/v1"])
def test_another_place_needs_the_key_again(system: AISystem, address: str) -> None:
    deployment = make_deployment(system)

    with pytest.raises(Invalid) as refusal:
        actions.edit_deployment(deployment_id=deployment.pk, base_url=address, actor=system.owner)

    deployment.refresh_from_db()
    assert refusal.value.field == "api_key"
    assert deployment.base_url == LOCAL


@pytest.mark.parametrize("key", ["another-key-for-there", ""])
def test_another_place_is_taken_with_a_key_or_with_none(system: AISystem, key: str) -> None:
    deployment = make_deployment(system)

    actions.edit_deployment(deployment_id=deployment.pk, base_url="https://example.org/v1", api_key=key, actor=system.owner)

    deployment.refresh_from_db()
    assert (deployment.base_url, deployment.api_key) == ("https://example.org/v1", key)
    assert "another-key" not in everything_written()


def test_another_path_keeps_the_key(system: AISystem) -> None:
    deployment = make_deployment(system)

    actions.edit_deployment(deployment_id=deployment.pk, base_url="http://127.0.0.1:9/v2", actor=system.owner)

    deployment.refresh_from_db()
    assert deployment.api_key == KEY


def test_changed_model_makes_a_configuration_like_the_newest(system: AISystem) -> None:
    deployment = make_deployment(system)
    metaprompt = actions.add_metaprompt_version(system=system, text="Be brief.", actor=system.owner)
    newest = actions.add_configuration(deployment=deployment, metaprompt=metaprompt, parameters={"temperature": 0}, actor=system.owner)

    actions.edit_deployment(deployment_id=deployment.pk, model="large", actor=system.owner)

    made = selectors.first_configuration(Deployment.objects.get(pk=deployment.pk))
    assert (made.snapshot["model"], made.metaprompt, made.parameters) == ("large", metaprompt, {"temperature": 0.0})
    newest.refresh_from_db()
    assert not selectors.endpoint_still_matches(Configuration.objects.get(pk=newest.pk))
    assert selectors.endpoint_still_matches(made)


def test_changed_limit_makes_no_configuration(system: AISystem) -> None:
    deployment = make_deployment(system)

    actions.edit_deployment(deployment_id=deployment.pk, max_concurrency=2, name="Slower", actor=system.owner)

    assert Configuration.objects.filter(deployment=deployment).count() == 1


def test_going_back_to_the_old_model_finds_the_old_configuration(system: AISystem) -> None:
    deployment = make_deployment(system)
    original = selectors.first_configuration(deployment)

    actions.edit_deployment(deployment_id=deployment.pk, model="large", actor=system.owner)
    actions.edit_deployment(deployment_id=deployment.pk, model="small", actor=system.owner)

    assert selectors.first_configuration(Deployment.objects.get(pk=deployment.pk)) == original


def test_azure_keeps_the_newest_general_version_where_none_is_given(system: AISystem) -> None:
    deployment = make_deployment(system, provider="azure_openai", base_url=LOCAL_RESOURCE, model="assistant-eu")

    assert deployment.api_version == providers.AZURE_API_VERSION
    assert selectors.first_configuration(deployment).snapshot["api_version"] == providers.AZURE_API_VERSION


def test_another_api_version_makes_a_configuration(system: AISystem) -> None:
    deployment = make_deployment(system, provider="azure_openai", base_url=LOCAL_RESOURCE)
    first = selectors.first_configuration(deployment)

    actions.edit_deployment(deployment_id=deployment.pk, api_version="2025-04-01-preview", actor=system.owner)

    made = selectors.first_configuration(Deployment.objects.get(pk=deployment.pk))
    assert (made.snapshot["api_version"], made.pk > first.pk) == ("2025-04-01-preview", True)
    assert snapshots.target_of(made.snapshot).api_version == "2025-04-01-preview"


def test_snapshot_from_before_there_were_versions_still_matches(system: AISystem) -> None:
    deployment = make_deployment(system)
    first = selectors.first_configuration(deployment)

    assert "api_version" not in first.snapshot
    assert selectors.endpoint_still_matches(first)
    assert snapshots.target_of(first.snapshot).api_version == ""


def test_model_that_becomes_an_application_loses_its_parameters(system: AISystem) -> None:
    deployment = make_deployment(system)
    actions.add_configuration(deployment=deployment, parameters={"temperature": 0}, actor=system.owner)

    actions.edit_deployment(deployment_id=deployment.pk, target="application", model="", actor=system.owner)

    made = Configuration.objects.latest("pk")
    assert (made.snapshot["target"], made.snapshot["model"], made.parameters) == ("application", "", {})


def test_application_gets_no_parameters_and_records_its_metaprompt(system: AISystem) -> None:
    deployment = make_deployment(system, target="application", model="")
    inside = actions.add_metaprompt_version(system=system, text="Be brief.", actor=system.owner)

    with pytest.raises(Invalid) as refusal:
        actions.add_configuration(deployment=deployment, parameters={"temperature": 0}, actor=system.owner)

    assert refusal.value.field == "parameters"
    assert actions.add_configuration(deployment=deployment, metaprompt=inside, actor=system.owner).metaprompt == inside


def test_an_application_that_becomes_a_model_needs_one(system: AISystem) -> None:
    deployment = make_deployment(system, target="application", model="")

    with pytest.raises(Invalid) as refusal:
        actions.edit_deployment(deployment_id=deployment.pk, target="model", actor=system.owner)

    assert refusal.value.field == "model"


def test_leaving_azure_drops_the_api_version(system: AISystem) -> None:
    deployment = make_deployment(system, provider="azure_openai", base_url=LOCAL_RESOURCE)

    actions.edit_deployment(deployment_id=deployment.pk, provider="openai_compatible", actor=system.owner)

    assert Deployment.objects.get().api_version == ""


def test_switching_off_asks_for_a_reason_and_keeps_it(system: AISystem) -> None:
    deployment = make_deployment(system)

    with pytest.raises(Invalid):
        actions.switch_off_deployment(deployment_id=deployment.pk, reason="", actor=system.owner)
    actions.switch_off_deployment(deployment_id=deployment.pk, reason="Contract ended.", actor=system.owner)

    assert not Deployment.objects.get(pk=deployment.pk).is_active
    assert "Contract ended." in everything_written()


def test_test_call_uses_the_stored_key_and_is_recorded(system: AISystem, monkeypatch: pytest.MonkeyPatch) -> None:
    deployment = make_deployment(system)
    seen: list[tuple[providers.Target, str]] = []

    def answer(target: providers.Target, key: str) -> providers.TestResult:
        seen.append((target, key))
        return providers.TestResult(ok=True, latency_ms=12, answer="ready", error="")

    monkeypatch.setattr(providers, "test_call", answer)
    result = actions.test_deployment(deployment_id=deployment.pk, actor=system.owner)

    assert result.answer == "ready"
    assert (seen[0][0].base_url, seen[0][0].model, seen[0][1]) == (LOCAL, "small", KEY)
    assert Entry.objects.filter(action="systems.deployment_tested", subject_id=deployment.pk).count() == 1


# --- Metaprompts and configurations ---
def test_metaprompt_versions_are_numbered_and_final(system: AISystem) -> None:
    first = actions.add_metaprompt_version(system=system, text="Be brief.", actor=system.owner)
    second = actions.add_metaprompt_version(system=system, text="Be kind.", note="Softer", actor=system.owner)

    assert (first.number, second.number) == (1, 2)
    with pytest.raises(DatabaseError, match="written once"), transaction.atomic():
        type(first).objects.filter(pk=first.pk).update(text="Other")


@pytest.mark.parametrize("text", ["", "  \n", "Be brief.", "x" * 200_001])
def test_metaprompt_refuses_no_text_and_the_same_text(system: AISystem, text: str) -> None:
    actions.add_metaprompt_version(system=system, text="Be brief.", actor=system.owner)

    with pytest.raises(Invalid) as refusal:
        actions.add_metaprompt_version(system=system, text=text, actor=system.owner)

    assert refusal.value.field == "text"


def test_same_configuration_again_is_the_one_that_is_there(system: AISystem) -> None:
    deployment = make_deployment(system)

    first = actions.add_configuration(deployment=deployment, parameters={"temperature": 1, "seed": 7}, actor=system.owner)
    again = actions.add_configuration(deployment=deployment, parameters={"seed": 7, "temperature": 1.0}, note="Again", actor=system.owner)

    assert first == again
    assert first.note == ""


def test_configuration_is_final(system: AISystem) -> None:
    configuration = selectors.first_configuration(make_deployment(system))

    with pytest.raises(DatabaseError, match="written once"), transaction.atomic():
        Configuration.objects.filter(pk=configuration.pk).update(note="Other")


@pytest.mark.parametrize(
    "parameters",
    [
        {"temperature": 2.1},
        {"temperature": "0"},
        {"temperature": float("nan")},
        {"temperature": True},
        {"max_tokens": 0},
        {"max_tokens": 1.5},
        {"seed": 2**60},
        {"stop": ["a"] * 5},
        {"stop": ["\ud800"]},
        {"reasoning_effort": "extreme"},
        {"model": "other"},
        {"stream": True},
        {"max_tokens": 5, "max_completion_tokens": 5},
    ],
)
def test_impossible_parameters_are_refused(system: AISystem, parameters: dict[str, Any]) -> None:
    deployment = make_deployment(system)

    with pytest.raises(Invalid) as refusal:
        actions.add_configuration(deployment=deployment, parameters=parameters, actor=system.owner)

    assert refusal.value.field == "parameters"


def test_metaprompt_of_another_system_is_refused(system: AISystem) -> None:
    other = make_system()
    foreign = actions.add_metaprompt_version(system=other, text="Theirs.", actor=other.owner)

    with pytest.raises(Invalid) as refusal:
        actions.add_configuration(deployment=make_deployment(system), metaprompt=foreign, actor=make_user(Role.ADMINISTRATOR))

    assert refusal.value.field == "metaprompt"
