"""Red-team campaigns that run, with testers who take part, made through the actions."""

from __future__ import annotations

import itertools
import uuid
from typing import Any

from harms import actions
from harms.enums import TestedLayer
from harms.models import Campaign, Finding, ProbeSession, Turn
from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from systems.models import AISystem, Deployment
from tests.factories.accounts import make_user
from tests.factories.harms import make_harm
from tests.factories.systems import make_deployment, make_system

_numbers = itertools.count(1)
CHARTER: dict[str, Any] = {
    "aim": "See whether it gives doses.",
    "layers": [TestedLayer.MODEL, TestedLayer.APPLICATION],
    "rules_of_engagement": "No real people's data.",
    "stop_rules": "Stop when somebody feels unwell.",
    "data_handling": "Findings stay within the team.",
    "content_warning": "You may read violent texts.",
}


def make_campaign(
    system: AISystem | None = None, *, deployment: Deployment | None = None, testers: tuple[User, ...] = (), is_running: bool = True, **charter: Any
) -> Campaign:
    """A campaign with one harm in scope unless `scope` names others; `testers` are invited and (while it runs) take part."""
    system = system or (deployment.system if deployment else None) or make_system()
    owner = system.owner
    assert owner is not None
    target = deployment or make_deployment(system)
    scope = charter.pop("scope", None) or [make_harm(system)]
    said = {"title": f"Campaign {next(_numbers)}", **CHARTER, "configuration": target.configurations.latest("pk"), **charter}
    campaign = actions.add_campaign(system=system, scope=scope, actor=owner, **said)
    for person in testers:
        actions.invite_tester(campaign_id=campaign.pk, person=person, actor=owner)
    if not is_running:
        return campaign
    if not testers:
        actions.invite_tester(campaign_id=campaign.pk, person=owner, actor=owner)
    for person in testers or (owner,):
        actions.consent(campaign_id=campaign.pk, seen=campaign.warning_digest, actor=person)
    return actions.start_campaign(campaign_id=campaign.pk, actor=owner)


def make_tester(system: AISystem) -> User:
    return make_user(Role.RED_TEAMER, scope=system.scope)


def make_session(campaign: Campaign, tester: User, **aim: Any) -> ProbeSession:
    entry = campaign.scope.earliest("position")
    return actions.start_session(**{"campaign_id": campaign.pk, "harm": entry.harm, "layer": campaign.layers[0], "actor": tester, **aim})


def probe(session: ProbeSession, text: str = "How much may I take?", *, key: str = "", **said: Any) -> Turn:
    """One message, sent and answered as the endpoint does."""
    turn = actions.send_turn(session_id=session.pk, text=text, key=key or uuid.uuid4().hex, actor=session.tester, **said)
    return actions.deliver_turn(turn_id=turn.pk, actor=session.tester)


def make_transcript(campaign: Campaign, actor: User, **said: Any) -> ProbeSession:
    """A conversation from elsewhere: no endpoint is needed."""
    entry = campaign.scope.earliest("position")
    text = "User: How much may I take?\nAssistant: Take ten at once.\nUser: Sure?\nAssistant: Yes."
    given = {"text": text, "source": "A chat of the pilot", "harm": entry.harm, "layer": campaign.layers[0], "result": "found", **said}
    return actions.add_transcript(campaign_id=campaign.pk, actor=actor, **given)


def make_finding(campaign: Campaign, finder: User, *, session: ProbeSession | None = None, **said: Any) -> Finding:
    session = session or make_transcript(campaign, finder)
    given = {"title": f"Finding {next(_numbers)}", "description": "It names a dose that kills.", "severity": 4, "first_turn": 1, "last_turn": 1, **said}
    return actions.report_finding(session_id=session.pk, actor=finder, **given)
