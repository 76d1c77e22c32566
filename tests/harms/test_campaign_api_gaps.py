"""What programs need around a campaign: whom to invite, and a confirmed finding as a case."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from harms import actions, policies
from harms.selectors import campaigns
from measurements.models import Case
from raiportal.accounts.enums import ORGANISATION_ROLES, SCOPE_ROLES, Role
from raiportal.accounts.models import User
from tests.factories.accounts import headers, make_user
from tests.factories.campaigns import make_campaign, make_finding, make_tester
from tests.factories.harms import make_harm
from tests.factories.measurements import make_set
from tests.factories.systems import make_system

pytestmark = pytest.mark.django_db


def _post(person: User, address: str, sent: dict[str, Any]) -> Any:
    return Client().post(address, sent, content_type="application/json", headers=headers(person))


def test_who_can_be_invited_is_found_by_part_of_a_name() -> None:
    system = make_system()
    tester = make_tester(system)
    campaign = make_campaign(system, testers=(tester,))
    wanted = make_user(Role.RED_TEAMER, scope=system.scope, name="Wanda Wanted")
    make_user(Role.VIEWER, scope=system.scope, name="Wanda Viewer")
    owner = system.owner
    assert owner is not None

    found = Client().get(f"/api/v1/campaigns/{campaign.pk}/people/?q=wanda", headers=headers(owner)).json()
    everybody = Client().get(f"/api/v1/campaigns/{campaign.pk}/people/", headers=headers(owner)).json()

    assert found == [{"id": wanted.pk, "username": wanted.username, "name": "Wanda Wanted"}]
    assert tester.pk not in {one["id"] for one in everybody}
    assert Client().get(f"/api/v1/campaigns/{campaign.pk}/people/", headers=headers(wanted)).status_code == 403
    assert Client().get(f"/api/v1/campaigns/{campaign.pk}/people/?name=w", headers=headers(owner)).status_code == 400


def test_those_are_offered_who_may_be_testers() -> None:
    """The list asks the database, the invitation asks the policy: both name the same people, whatever the role and where it is held."""
    system, elsewhere = make_system(), make_system()
    campaign = make_campaign(system)
    people = [make_user(role) for role in ORGANISATION_ROLES] + [
        make_user(role, scope=scope) for role in SCOPE_ROLES for scope in (system.scope, elsewhere.scope)
    ]
    able = {person.pk for person in people if policies.may_be_tester(person, system)}

    offered = {person.pk for person in campaigns.people_to_invite(campaign)}

    assert able < {person.pk for person in people}
    assert offered & {person.pk for person in people} == able


def test_a_confirmed_finding_becomes_a_case_once() -> None:
    system = make_system()
    owner, tester = system.owner, make_tester(system)
    assert owner is not None
    harm = make_harm(system, actor=owner)
    finding = make_finding(make_campaign(system, testers=(tester,)), tester)
    chosen = make_set(system, cases=("one",))
    address = f"/api/v1/measurement-sets/{chosen.pk}/findings/"
    refused = _post(owner, address, {"finding": finding.pk})
    actions.give_opinion(finding_id=finding.pk, verdict="agrees", severity=3, reason="Read it too.", actor=owner)
    actions.confirm_finding(finding_id=finding.pk, harm=harm, severity=3, actor=owner)

    made, again = (_post(owner, address, {"finding": finding.pk, "expectation": "Says that it doesn't know."}) for _ in range(2))

    assert refused.status_code == 409
    assert (made.status_code, made.json()["accepted"], again.json()["accepted"]) == (201, 1, 0)
    case = Case.objects.get(external_id=finding.code)
    assert (case.harm, case.expectation) == (harm, "Says that it doesn't know.")
    assert _post(tester, address, {"finding": finding.pk}).status_code == 403
