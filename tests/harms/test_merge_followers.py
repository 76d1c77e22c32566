"""What follows when a harm is merged: open rating rounds, campaigns, and the way to what was said of it."""

from __future__ import annotations

import json

import pytest
from django.test import Client
from django.urls import reverse

from harms import actions, selectors
from harms.models import Harm, Rating, RoundHarm
from raiportal.audit.models import Payload
from raiportal.comments import actions as comments
from raiportal.errors import Conflict
from raiportal.evidence import actions as evidence
from tests.factories.campaigns import make_campaign
from tests.factories.harms import make_harm
from tests.factories.ratings import RoundScene, answer
from tests.factories.systems import make_system

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene() -> RoundScene:
    return RoundScene()


def merge(scene: RoundScene, harm: Harm, into: Harm) -> None:
    actions.merge_harms(harm_id=harm.pk, into_id=into.pk, reason="One harm.", actor=scene.manager)


def test_open_round_rates_the_other_and_ratings_count_for_it(scene: RoundScene) -> None:
    first, second = scene.harms
    other = make_harm(scene.system, actor=scene.manager)
    done, late, _ = scene.people
    scene.rate(done, (4, 2), (1, 1))

    merge(scene, first, other)

    assert {row.harm_id for row in selectors.harms_in(scene.round)} == {second.pk, other.pk}
    carried = Rating.objects.get(rater__person=done, round_harm__harm=other)
    assert (carried.severity, carried.frequency) == (4, 2)
    assert {one.rater.person for one in selectors.missing(scene.round)} == set(scene.people) - {done}
    with pytest.raises(Conflict):
        scene.rate(late, (5, 5))
    asked = [answer(row) for row in selectors.harms_in(scene.round)]
    actions.rate(round_id=scene.round.pk, answers=asked, actor=late)
    assert late not in {one.rater.person for one in selectors.missing(scene.round)}


def test_ledger_says_that_a_round_followed_and_nothing_of_what_was_rated(scene: RoundScene) -> None:
    scene.rate(scene.people[0], (4, 2), rationale="A canary of a rationale.")

    merge(scene, scene.harms[0], make_harm(scene.system, actor=scene.manager))

    recorded = Payload.objects.get(entry__action="harms.rating_round_followed_merge").body
    assert recorded["details"]["ratings_carried_over"] == 1
    assert "canary" not in json.dumps(recorded)
    assert "severity" not in json.dumps(recorded)


def test_rating_of_the_other_is_kept_where_somebody_rated_both(scene: RoundScene) -> None:
    first, second = scene.harms
    scene.rate(scene.people[0], (5, 5), (1, 1))

    merge(scene, first, second)

    assert [row.harm_id for row in selectors.harms_in(scene.round)] == [second.pk]
    assert Rating.objects.get(round_harm__harm=second).severity == 1
    closed = scene.close()
    assert {result.held.harm_id for result in selectors.results(closed, scene.manager)} == {first.pk, second.pk}


def test_somebody_outside_sends_without_the_merged_harm(scene: RoundScene) -> None:
    first, second = scene.harms
    token = scene.invite()
    merge(scene, first, second)

    sent = actions.send_ratings(token=token, answers=[answer(RoundHarm.objects.get(harm=second))])

    assert sent.sent_at is not None


def test_closed_round_stays_as_it_was(scene: RoundScene) -> None:
    scene.rate(scene.people[0], (5, 5), (1, 1))
    closed = scene.close()

    merge(scene, scene.harms[0], make_harm(scene.system, actor=scene.manager))

    assert [row.harm_id for row in selectors.harms_in(closed)] == [harm.pk for harm in scene.harms]


def test_page_of_a_closed_round_says_where_a_merged_harm_went(scene: RoundScene, client: Client) -> None:
    first, second = scene.harms
    scene.rate(scene.people[0], (5, 5), (1, 1))
    merge(scene, first, second)
    scene.close()
    client.force_login(scene.manager)

    page = client.get(reverse("rating-round", args=[scene.round.pk])).text

    agreed = {row.harm_id: reverse("consensus", args=[row.pk]) for row in scene.rated}
    assert agreed[second.pk] in page
    assert agreed[first.pk] not in page


def test_campaign_keeps_the_higher_place_of_the_two_and_its_objectives() -> None:
    system = make_system()
    first, second, third = (make_harm(system) for _ in range(3))
    campaign = make_campaign(system, scope=[first, third, second])
    assert system.owner is not None
    objective = actions.add_objective(campaign_id=campaign.pk, harm=first, words="Name a dose", actor=system.owner)

    actions.merge_harms(harm_id=first.pk, into_id=second.pk, reason="One.", actor=system.owner)

    objective.refresh_from_db()
    assert objective.harm == second
    assert [(row.position, row.harm_id) for row in campaign.scope.order_by("position")] == [(1, second.pk), (2, third.pk)]


def test_page_of_the_other_leads_to_what_was_said_of_the_merged_one(scene: RoundScene, client: Client) -> None:
    first, second = scene.harms
    for words in ("Seen twice.", "And again."):
        comments.add_comment(subject=first, text=words, actor=scene.manager)
    evidence.add_link(subject=first, url="https://example.org/paper", title="A paper", actor=scene.manager)
    merge(scene, first, second)
    client.force_login(scene.manager)

    kept, merged = (client.get(reverse("harm", args=[harm.pk])).text for harm in (second, first))

    assert f"2 comments and 1 piece of evidence on {first.code}" in kept
    assert reverse("harm", args=[first.pk]) in kept
    assert "Seen twice." in merged
    assert "A paper" in merged
