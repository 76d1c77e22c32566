"""The pages of systems, in the browser's terms: what is shown to whom, and what a form does."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from raiportal.accounts.enums import Role
from raiportal.accounts.models import Membership, User
from systems import actions, providers, selectors
from systems.models import AISystem, Configuration, Deployment, MetapromptVersion
from tests.factories.accounts import make_user
from tests.factories.systems import KEY, LOCAL, LOCAL_RESOURCE, make_deployment, make_system

pytestmark = pytest.mark.django_db
PAGES_OF_A_SYSTEM = (
    *("system", "system-edit", "system-people", "deployment-list", "deployment-add"),
    *("metaprompt-list", "metaprompt-add", "configuration-list", "configuration-add"),
)
LIMITS = {"provider": "openai_compatible", "target": "model", "environment": "development", "max_concurrency": "8", "timeout_seconds": "60", "currency": "USD"}


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text(answer: Any) -> str:
    return answer.content.decode()


def told(answer: Any) -> list[str]:
    """The messages of the page that a redirect leads to."""
    return [str(message) for message in answer.context["messages"]]


@pytest.fixture
def system() -> AISystem:
    return make_system(name="Note summariser")


@pytest.fixture
def owner(system: AISystem) -> Client:
    return signed_in(system.owner)


@pytest.fixture
def manager() -> Client:
    return signed_in(make_user(Role.RISK_MANAGER))


# --- Portfolio and systems ---
def test_portfolio_lists_what_somebody_may_see_and_nothing_else(owner: Client, system: AISystem) -> None:
    make_system(name="Foreign canary")

    page = text(owner.get(reverse("portfolio")))

    assert "Note summariser" in page
    assert "Foreign canary" not in page


def test_empty_portfolio_says_what_to_do(manager: Client) -> None:
    assert reverse("system-add") in text(manager.get(reverse("portfolio")))
    assert "Ask a system" in text(signed_in(make_user()).get(reverse("portfolio")))


def test_portfolio_costs_the_same_for_three_and_thirty_systems(django_assert_num_queries: Any, django_assert_max_num_queries: Any) -> None:
    user = make_user(Role.RISK_MANAGER)
    client = signed_in(user)
    for _ in range(3):
        make_deployment(make_system(actor=user))
    client.get(reverse("portfolio"))
    with django_assert_max_num_queries(24) as few:
        client.get(reverse("portfolio"))
    for _ in range(27):
        make_deployment(make_system(actor=user))

    with django_assert_num_queries(len(few)):
        answer = client.get(reverse("portfolio"))

    assert len(answer.context["rows"]) == 30


def test_system_is_registered_by_form(manager: Client) -> None:
    form = {"name": "Chat assistant", "purpose": "Answers customers.", "stage": "planning", "reaches_minors": "no"}

    answer = manager.post(reverse("system-add"), form, follow=True)

    registered = AISystem.objects.get()
    assert answer.redirect_chain[-1][0] == reverse("system", args=[registered.pk])
    assert (registered.name, registered.reaches_minors, registered.handles_personal_data) == ("Chat assistant", False, None)
    assert told(answer)[0].startswith("Chat assistant is registered.")


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_refused_form_comes_back_with_its_errors(manager: Client, headers: dict[str, str]) -> None:
    answer = manager.post(reverse("system-add"), {"name": "", "purpose": "Answers customers.", "stage": "planning"}, headers=headers)

    assert answer.status_code == 422
    assert "Give the system a name." in text(answer)
    assert "Answers customers." in text(answer)
    assert not AISystem.objects.exists()


def test_overview_shows_facts_lacks_next_steps_and_changes(owner: Client, system: AISystem) -> None:
    page = text(owner.get(reverse("system", args=[system.pk])))

    assert "16 of 16 facts not stated" in page
    assert "Add a deployment" in page
    assert "System added" in page


def test_viewer_sees_why_there_is_no_button(system: AISystem) -> None:
    viewer = signed_in(make_user(Role.VIEWER, scope=system.scope))

    page = text(viewer.get(reverse("system", args=[system.pk])))

    assert reverse("system-edit", args=[system.pk]) not in re.findall(r'class="button[^"]*" href="([^"]+)"', page)
    assert "Only the system&#x27;s owner" in page
    assert viewer.get(reverse("system-edit", args=[system.pk])).status_code == 403


@pytest.mark.parametrize("role", [Role.VIEWER, Role.RED_TEAMER])
def test_everything_that_an_overview_leads_to_opens_for_who_reads_it(system: AISystem, role: Role) -> None:
    AISystem.objects.filter(pk=system.pk).update(owner=None, stage="live")
    reader = signed_in(make_user(role, scope=system.scope))

    page = text(reader.get(reverse("system", args=[system.pk])))
    addresses = {address for address in re.findall(r'href="(/[^"#]*)"', page[page.index("<main") :]) if not address.startswith("/static/")}

    assert reverse("system-facts", args=[system.pk]) in addresses
    assert {address: reader.get(address).status_code for address in addresses} == dict.fromkeys(addresses, 200)


def test_contributor_is_asked_for_nothing_that_only_an_owner_may_do(system: AISystem) -> None:
    contributor = make_user(Role.CONTRIBUTOR, scope=system.scope)
    steps = selectors.next_steps(selectors.standings([system], contributor)[system.pk])
    own = selectors.next_steps(selectors.standings([system], contributor)[system.pk], own_alone=True)

    assert ("Add a deployment", "", reverse("deployment-list", args=[system.pk])) in {(step.title, step.act, step.url) for step in steps}
    assert len(own) == 3
    for step in own:
        assert signed_in(contributor).get(step.url).status_code == 200


def test_facts_are_edited_by_form(owner: Client, system: AISystem) -> None:
    form = {"name": "Renamed", "purpose": "Other.", "owner": system.owner_id, "stage": "live", "handles_personal_data": "yes"}

    owner.post(reverse("system-edit", args=[system.pk]), form)

    changed = AISystem.objects.get(pk=system.pk)
    assert (changed.name, changed.stage, changed.handles_personal_data) == ("Renamed", "live", True)


def test_system_is_retired_with_a_reason_and_brought_back(owner: Client, system: AISystem) -> None:
    retire = reverse("system-retire", args=[system.pk])

    assert owner.post(retire, {"reason": ""}).status_code == 422
    assert owner.post(retire, {"reason": "Replaced."}).status_code == 302
    assert "Retired" in text(owner.get(reverse("system", args=[system.pk])))
    assert owner.post(reverse("system-edit", args=[system.pk]), {"name": "Still editable", "purpose": "Past."}).status_code == 302
    assert owner.post(reverse("system-bring-back", args=[system.pk]), {"reason": "Needed."}).status_code == 302


# --- People ---
def test_owner_gives_a_role_until_a_day_and_takes_it(owner: Client, system: AISystem) -> None:
    reader = make_user(name="Pat Reader")
    people = reverse("system-people", args=[system.pk])

    answer = owner.post(people, {"user": reader.pk, "role": "viewer", "until": "2099-03-31"}, follow=True)
    membership = Membership.objects.get(user=reader)
    assert told(answer) == ["Pat Reader is viewer of Note summariser."]
    assert f"{membership.until:%Y-%m-%d %H:%M}" == "2099-04-01 00:00"

    take = reverse("system-role-take", args=[system.pk, membership.pk])
    assert owner.post(take, {}).status_code == 422
    assert owner.post(take, {"reason": "Left."}).status_code == 302
    assert not Membership.objects.filter(user=reader).exists()


def test_role_with_an_end_in_the_past_is_refused_beside_the_field(owner: Client, system: AISystem) -> None:
    answer = owner.post(reverse("system-people", args=[system.pk]), {"user": make_user().pk, "role": "viewer", "until": "2001-01-01"})

    assert answer.status_code == 422
    assert answer.context["form"].errors == {"until": ["The end lies in the past."]}


def test_viewer_gives_no_roles(system: AISystem) -> None:
    viewer = signed_in(make_user(Role.VIEWER, scope=system.scope))

    assert viewer.get(reverse("system-people", args=[system.pk])).status_code == 200
    assert viewer.post(reverse("system-people", args=[system.pk]), {"user": make_user().pk, "role": "viewer"}).status_code == 403


def test_role_of_another_system_is_not_found_under_this_one(owner: Client, system: AISystem) -> None:
    elsewhere = Membership.objects.get(scope_id=make_system().pk)

    assert owner.post(reverse("system-role-take", args=[system.pk, elsewhere.pk]), {"reason": "No."}).status_code == 404


# --- Deployments ---
def test_deployment_is_added_by_form_with_its_first_configuration(owner: Client, system: AISystem) -> None:
    form = {"name": "gpt-4o", "base_url": LOCAL, "model": "gpt-4o", "api_key": KEY, **LIMITS}

    answer = owner.post(reverse("deployment-add", args=[system.pk]), form, follow=True)

    first = selectors.first_configuration(Deployment.objects.get())
    assert told(answer) == [f"Deployment gpt-4o added. Its first configuration is {first.code}."]
    assert KEY not in text(answer)


def test_refused_deployment_shows_the_error_beside_its_field_and_never_the_key(owner: Client, system: AISystem) -> None:
    form = {"name": "gpt-4o", "base_url": "http://10.1.2.3/v1", "model": "gpt-4o", "api_key": KEY, **LIMITS}

    answer = owner.post(reverse("deployment-add", args=[system.pk]), form)

    assert answer.status_code == 422
    assert "RAIPORTAL_ENDPOINT_ALLOWLIST" in answer.context["form"].errors["base_url"][0]
    assert KEY not in text(answer)


def test_form_that_comes_back_asks_for_the_key_that_was_typed_again(owner: Client, system: AISystem) -> None:
    add, edit = reverse("deployment-add", args=[system.pk]), reverse("deployment-edit", args=[make_deployment(system, name="gpt-4o").pk])
    form = {"name": "", "base_url": LOCAL, "model": "gpt-4o", **LIMITS}

    typed = [owner.post(address, {**form, "api_key": KEY}) for address in (add, edit)]
    left_out = owner.post(add, form)

    assert [list(answer.context["form"].errors) for answer in typed] == [["name", "api_key"]] * 2
    assert not any(KEY in text(answer) for answer in typed)
    assert list(left_out.context["form"].errors) == ["name"]


def test_edit_form_needs_the_key_again_for_another_place(owner: Client, system: AISystem) -> None:
    deployment = make_deployment(system, name="gpt-4o")
    form = {"name": "gpt-4o", "base_url": "https://example.org/v1", "model": "small", **LIMITS}
    edit = reverse("deployment-edit", args=[deployment.pk])

    refused = owner.post(edit, form)
    assert (refused.status_code, list(refused.context["form"].errors)) == (422, ["api_key"])

    both = owner.post(edit, {**form, "api_key": "new-key-for-there", "remove_key": "on"})
    assert list(both.context["form"].errors) == ["remove_key", "api_key"]

    assert owner.post(edit, {**form, "remove_key": "on"}).status_code == 302
    assert Deployment.objects.get().api_key == ""


def test_edit_form_keeps_the_key_and_tells_of_the_new_configuration(owner: Client, system: AISystem) -> None:
    deployment = make_deployment(system, name="gpt-4o")
    form = {"name": "gpt-4o", "base_url": LOCAL, "model": "large", **LIMITS}

    answer = owner.post(reverse("deployment-edit", args=[deployment.pk]), form, follow=True)

    newest = Configuration.objects.latest("pk")
    assert told(answer) == [f"Deployment gpt-4o changed. Configuration {newest.code} was made for it."]
    assert Deployment.objects.get().api_key == KEY
    assert "No longer matches the deployment" in text(answer)


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_connection_test_shows_what_came_back_as_text(owner: Client, system: AISystem, headers: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    deployment = make_deployment(system)
    hostile = "<img src=x onerror=alert(1)>"
    monkeypatch.setattr(providers, "test_call", lambda target, key: providers.TestResult(ok=True, latency_ms=350, answer=hostile, error=""))

    answer = owner.post(reverse("deployment-test", args=[deployment.pk]), headers=headers)

    assert answer.status_code == 200
    assert "&lt;img src=x onerror=alert(1)&gt;" in text(answer)
    assert hostile not in text(answer)
    assert ("<html" in text(answer)) == (not headers)


def test_fragment_of_the_connection_test_is_the_page_s_own_part(owner: Client, system: AISystem, monkeypatch: pytest.MonkeyPatch) -> None:
    deployment = make_deployment(system)
    monkeypatch.setattr(providers, "test_call", lambda target, key: providers.TestResult(ok=False, latency_ms=3, answer="", error="Check the key."))

    page, fragment = (text(owner.post(reverse("deployment-test", args=[deployment.pk]), headers=headers)) for headers in ({}, {"HX-Request": "true"}))

    def bare(html: str) -> str:
        return re.sub(r'value="[A-Za-z0-9]{64}"', "", html).strip()

    assert bare(fragment) in bare(page)


def test_deployment_is_switched_off_and_on_with_reasons(owner: Client, system: AISystem) -> None:
    deployment = make_deployment(system)

    assert owner.post(reverse("deployment-switch-off", args=[deployment.pk]), {}).status_code == 422
    owner.post(reverse("deployment-switch-off", args=[deployment.pk]), {"reason": "Contract ended."})
    assert not Deployment.objects.get().is_active
    owner.post(reverse("deployment-switch-on", args=[deployment.pk]), {"reason": "Renewed."})
    assert Deployment.objects.get().is_active


def test_deployments_of_the_organisation_are_for_administrators_to_change(manager: Client, owner: Client) -> None:
    form = {"name": "Judge", "base_url": LOCAL, "model": "m", **LIMITS}
    add = reverse("organisation-deployment-add")

    assert manager.post(add, form).status_code == 403
    assert owner.get(reverse("organisation-deployment-list")).status_code == 403
    assert signed_in(make_user(Role.ADMINISTRATOR)).post(add, form).status_code == 302
    assert "Judge" in text(manager.get(reverse("organisation-deployment-list")))
    assert owner.get(reverse("deployment", args=[Deployment.objects.get().pk])).status_code == 404


def test_deployment_at_azure_is_added_by_form_and_shown_with_its_version(owner: Client, system: AISystem) -> None:
    form = {"name": "At Azure", "base_url": LOCAL_RESOURCE, "model": "assistant-eu", **LIMITS, "provider": "azure_openai", "api_version": "2024-06-01"}

    answer = owner.post(reverse("deployment-add", args=[system.pk]), form, follow=True)

    stored = Deployment.objects.get()
    assert (stored.provider, stored.model, stored.api_version) == ("azure_openai", "assistant-eu", "2024-06-01")
    assert "2024-06-01" in text(answer)
    assert "2024-06-01" in text(owner.get(reverse("configuration", args=[selectors.first_configuration(stored).pk])))
    assert "Azure OpenAI" in text(owner.get(reverse("deployment-list", args=[system.pk])))


def test_application_needs_no_model_and_says_that_prompts_alone_are_sent(owner: Client, system: AISystem) -> None:
    form = {"name": "Assistant", "base_url": LOCAL, "model": "", **LIMITS}
    add = reverse("deployment-add", args=[system.pk])

    assert list(owner.post(add, form).context["form"].errors) == ["model"]
    answer = owner.post(add, {**form, "target": "application"}, follow=True)

    assert "prompts alone are sent" in text(answer)
    assert "prompts are sent alone" in text(owner.get(reverse("configuration", args=[Configuration.objects.get().pk])))


def test_edit_form_turns_a_model_into_an_application(owner: Client, system: AISystem) -> None:
    deployment = make_deployment(system, name="Assistant")
    form = {"name": "Assistant", "base_url": LOCAL, "model": "small", **LIMITS, "target": "application"}

    owner.post(reverse("deployment-edit", args=[deployment.pk]), form)

    assert (Deployment.objects.get().target, Configuration.objects.latest("pk").snapshot["target"]) == ("application", "application")


def test_owner_sees_what_the_organisation_offers_without_its_address_or_key(owner: Client, system: AISystem) -> None:
    administrator = make_user(Role.ADMINISTRATOR)
    shared = actions.add_deployment(system=None, name="House judge", base_url=LOCAL, model="judge-1", api_key=KEY, actor=administrator)
    page = reverse("deployment-list", args=[system.pk])

    shown = text(owner.get(page))
    assert ("House judge" in shown, "judge-1" in shown, LOCAL in shown, reverse("deployment", args=[shared.pk]) in shown) == (True, True, False, False)
    assert reverse("deployment", args=[shared.pk]) in text(signed_in(administrator).get(page))

    actions.switch_off_deployment(deployment_id=shared.pk, reason="Contract ended.", actor=administrator)
    assert "House judge" not in text(owner.get(page))


def test_administrator_makes_a_configuration_of_the_organisation_s_deployment(owner: Client, manager: Client) -> None:
    administrator = make_user(Role.ADMINISTRATOR)
    shared = actions.add_deployment(system=None, name="House model", base_url=LOCAL, model="m", actor=administrator)
    add, client = reverse("organisation-configuration-add"), signed_in(administrator)

    assert [client.get(add).status_code, manager.get(add).status_code, owner.get(add).status_code] == [200, 403, 403]
    assert "metaprompt" not in client.get(add).context["form"].fields
    answer = client.post(add, {"deployment": shared.pk, "temperature": "0"})

    made = Configuration.objects.latest("pk")
    assert answer["Location"] == reverse("configuration", args=[made.pk])
    assert (made.system_id, made.parameters) == (None, {"temperature": 0.0})


# --- Metaprompts and configurations ---
def test_new_metaprompt_version_starts_from_the_latest_and_shows_the_difference(owner: Client, system: AISystem) -> None:
    actions.add_metaprompt_version(system=system, text="Be brief.\nBe kind.", actor=system.owner)
    add = reverse("metaprompt-add", args=[system.pk])

    assert "Be brief." in text(owner.get(add))
    answer = owner.post(add, {"text": "Be brief.\r\nBe exact.", "note": "Exact"}, follow=True)

    assert MetapromptVersion.objects.latest("pk").text == "Be brief.\nBe exact."
    assert re.search(r"<ins>.*Be .*exact.*</ins>", text(answer))
    assert re.search(r"<del>.*Be .*kind.*</del>", text(answer))
    assert owner.post(add, {"text": "Be brief.\nBe exact."}).status_code == 422


def test_configuration_is_made_by_form(owner: Client, system: AISystem) -> None:
    deployment = make_deployment(system)
    form = {"deployment": deployment.pk, "temperature": "0.2", "max_tokens": "300", "stop": "END\nSTOP", "note": "Candidate"}

    answer = owner.post(reverse("configuration-add", args=[system.pk]), form)

    made = Configuration.objects.latest("pk")
    assert answer["Location"] == reverse("configuration", args=[made.pk])
    assert made.parameters == {"temperature": 0.2, "max_tokens": 300, "stop": ["END", "STOP"]}


def test_impossible_parameter_is_refused_beside_its_field(owner: Client, system: AISystem) -> None:
    deployment = make_deployment(system)

    answer = owner.post(reverse("configuration-add", args=[system.pk]), {"deployment": deployment.pk, "temperature": "7"})

    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["temperature"])


def test_configuration_form_offers_nothing_of_other_systems(owner: Client, system: AISystem) -> None:
    foreign = make_deployment(make_system())
    make_deployment(system)

    answer = owner.post(reverse("configuration-add", args=[system.pk]), {"deployment": foreign.pk})

    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["deployment"])


@pytest.mark.parametrize("name", PAGES_OF_A_SYSTEM)
def test_foreign_and_unknown_systems_look_alike(owner: Client, name: str) -> None:
    answers = [owner.get(reverse(name, args=[pk])) for pk in (make_system().pk, 999_999)]

    assert [answer.status_code for answer in answers] == [404, 404]


@pytest.mark.parametrize("name", ["deployment", "deployment-edit", "metaprompt", "configuration"])
def test_foreign_parts_are_not_there(owner: Client, name: str) -> None:
    deployment = make_deployment(make_system())
    foreign = {
        "deployment": deployment,
        "deployment-edit": deployment,
        "metaprompt": actions.add_metaprompt_version(system=deployment.system, text="Theirs.", actor=deployment.system.owner),
        "configuration": selectors.first_configuration(deployment),
    }

    assert owner.get(reverse(name, args=[foreign[name].pk])).status_code == 404


def test_every_page_without_rows_says_what_to_do(owner: Client, system: AISystem) -> None:
    for name in ("deployment-list", "metaprompt-list", "configuration-list"):
        assert 'class="empty"' in text(owner.get(reverse(name, args=[system.pk])))
