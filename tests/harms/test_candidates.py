"""Candidates, and known harms of the library: nothing that may be a harm gets lost."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from harms import actions, selectors
from harms.enums import CandidateSource, CandidateState
from harms.models import Candidate, Harm, HarmCategory
from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from raiportal.errors import Conflict, Invalid, PolicyDenied, WrongState
from raiportal.evidence import actions as evidence
from systems import actions as system_actions
from systems.enums import Capability
from systems.models import Deployment, ModelCard
from tests.factories.accounts import make_user
from tests.factories.ratings import RoundScene
from tests.factories.systems import make_deployment, make_system
from tests.harms.deciding import Scene, at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene() -> Scene:
    return Scene()


def candidate_of(scene: Scene, **fields: Any) -> Candidate:
    return actions.add_candidate(system=scene.system, source=CandidateSource.PERSON, title="It named a patient", actor=scene.owner, **fields)


# --- Candidates ---
def test_one_object_gives_one_candidate(scene: Scene) -> None:
    first = candidate_of(scene, subject=scene.system)

    again = actions.add_candidate(system=scene.system, source=CandidateSource.OUTPUT, title="Else", subject=scene.system, actor=User.system())

    assert again == first
    assert Candidate.objects.count() == 1


def test_long_texts_are_cut_and_empty_ones_refused(scene: Scene) -> None:
    with pytest.raises(Invalid):
        actions.add_candidate(system=scene.system, source=CandidateSource.PERSON, title=" ", actor=scene.owner)

    added = actions.add_candidate(system=scene.system, source=CandidateSource.PERSON, title="x" * 500, summary="y" * 9_000, actor=scene.owner)

    assert (len(added.title), len(added.summary)) == (160, 4_000)


def test_reader_may_add_one_and_not_decide(scene: Scene) -> None:
    reader = make_user(Role.VIEWER, scope=scene.system.scope)
    added = actions.add_candidate(system=scene.system, source=CandidateSource.PERSON, title="Seen", actor=reader)

    with pytest.raises(PolicyDenied):
        actions.dismiss_candidate(candidate_id=added.pk, reason="No.", actor=reader)
    with pytest.raises(PolicyDenied):
        actions.add_candidate(system=make_system(), source=CandidateSource.PERSON, title="Seen", actor=reader)


def test_accepted_one_becomes_a_proposed_harm(scene: Scene) -> None:
    candidate = candidate_of(scene, summary="In the third answer.")

    harm = actions.accept_candidate(
        candidate_id=candidate.pk, title="Names patients", category=HarmCategory.objects.get(slug="data-privacy"), origin="model", actor=scene.owner
    )

    candidate.refresh_from_db()
    assert (candidate.state, candidate.harm, harm.description) == (CandidateState.NEW_HARM, harm, "In the third answer.")
    with pytest.raises(WrongState):
        actions.dismiss_candidate(candidate_id=candidate.pk, reason="Late.", actor=scene.owner)


def test_linked_only_to_a_harm_that_is_on_the_register(scene: Scene) -> None:
    known, merged, elsewhere = scene.harm(), scene.harm(), Scene().harm()
    actions.merge_harms(harm_id=merged.pk, into_id=known.pk, reason="One.", actor=scene.owner)
    candidate = candidate_of(scene)
    for wrong in (merged, elsewhere):
        with pytest.raises(Invalid):
            actions.link_candidate(candidate_id=candidate.pk, harm_id=wrong.pk, actor=scene.owner)

    assert actions.link_candidate(candidate_id=candidate.pk, harm_id=known.pk, actor=scene.owner).state == CandidateState.LINKED


def test_dismissed_with_reason_and_looked_at_again(scene: Scene) -> None:
    candidate = candidate_of(scene)
    with pytest.raises(Invalid):
        actions.dismiss_candidate(candidate_id=candidate.pk, reason=" ", actor=scene.owner)
    actions.dismiss_candidate(candidate_id=candidate.pk, reason="A test.", actor=scene.owner)

    again = actions.reopen_candidate(candidate_id=candidate.pk, reason="It was none.", actor=scene.owner)

    assert (again.state, again.decided_why, again.decided_by) == (CandidateState.WAITING, "", None)


@pytest.mark.django_db(transaction=True)
def test_two_decisions_at_once_leave_one() -> None:
    for _ in range(5):
        scene = Scene()
        known, candidate = scene.harm(), candidate_of(scene)
        told = at_once(
            lambda s=scene, c=candidate: actions.dismiss_candidate(candidate_id=c.pk, reason="No.", actor=User.objects.get(pk=s.owner.pk)),  # type: ignore[misc]
            lambda s=scene, c=candidate, h=known: actions.link_candidate(candidate_id=c.pk, harm_id=h.pk, actor=User.objects.get(pk=s.owner.pk)),  # type: ignore[misc]
        )
        assert sorted(told) == ["done", "wrong_state"]


# --- Known harms ---
def deployed(scene: Scene, family: str, *capabilities: str) -> Deployment:
    card = ModelCard.objects.create(developer="Example", family=family, capabilities=list(capabilities), created_by=scene.owner)
    deployment = make_deployment(scene.system, name=family)
    Deployment.objects.filter(pk=deployment.pk).update(model_card=card)
    return deployment


def test_nothing_is_offered_to_a_blank_system(scene: Scene) -> None:
    assert selectors.known_harms(scene.system) == []


def test_model_brings_its_harms_with_the_reason(scene: Scene) -> None:
    deployed(scene, "Alpha", Capability.TEXT_GENERATION)

    offered = {offer.key: offer for offer in selectors.known_harms(scene.system)}

    assert offered["invented-facts", "Alpha"].fits[0] == "Alpha: text generation"


def test_same_harm_of_two_models_is_offered_for_each(scene: Scene) -> None:
    deployed(scene, "Alpha", Capability.TEXT_GENERATION)
    deployed(scene, "Beta", Capability.TEXT_GENERATION)
    before = {offer.key for offer in selectors.known_harms(scene.system)}

    harm = actions.propose_from_library(system=scene.system, slug="invented-facts", model_name="Alpha", actor=scene.owner)

    after = {offer.key for offer in selectors.known_harms(scene.system)}
    assert before - after == {("invented-facts", "Alpha")}
    assert ("invented-facts", "Beta") in after
    assert (harm.model_name, harm.library_entry) == ("Alpha", "invented-facts")
    with pytest.raises(Conflict):
        actions.propose_from_library(system=scene.system, slug="invented-facts", model_name="Alpha", actor=scene.owner)
    assert actions.propose_from_library(system=scene.system, slug="invented-facts", model_name="Beta", actor=scene.owner).pk != harm.pk


def test_use_says_why_a_harm_fits(scene: Scene) -> None:
    deployed(scene, "Alpha", Capability.QUESTION_ANSWERING)
    system_actions.add_intended_use(system=scene.system, title="Answering questions of guests", actor=scene.owner)

    offered = {offer.key: offer for offer in selectors.known_harms(scene.system)}

    assert "use: U-1 Answering questions of guests" in offered["invented-facts", "Alpha"].fits


def test_dismissed_one_is_offered_again_when_that_is_taken_back(scene: Scene) -> None:
    deployed(scene, "Alpha", Capability.TEXT_GENERATION)
    with pytest.raises(Invalid):
        actions.dismiss_offer(system=scene.system, slug="invented-facts", model_name="Alpha", reason="", actor=scene.owner)
    dismissal = actions.dismiss_offer(system=scene.system, slug="invented-facts", model_name="Alpha", reason="It only ranks.", actor=scene.owner)
    assert ("invented-facts", "Alpha") not in {offer.key for offer in selectors.known_harms(scene.system)}
    with pytest.raises(Conflict):
        actions.dismiss_offer(system=scene.system, slug="invented-facts", model_name="Alpha", reason="Again.", actor=scene.owner)

    actions.take_back_dismissal(dismissal_id=dismissal.pk, actor=scene.owner)

    assert ("invented-facts", "Alpha") in {offer.key for offer in selectors.known_harms(scene.system)}
    with pytest.raises(WrongState):
        actions.take_back_dismissal(dismissal_id=dismissal.pk, actor=scene.owner)


def test_costs_the_same_for_one_system_and_for_many(scene: Scene, django_assert_num_queries: Any) -> None:
    deployed(scene, "Alpha", Capability.TEXT_GENERATION)
    others = [make_system() for _ in range(5)]
    with django_assert_num_queries(5):
        selectors.known_harms_of([scene.system, *others])
    assert Harm.objects.count() == 0


def test_known_harm_is_adapted_in_a_form_that_is_filled_in(scene: Scene, client: Client) -> None:
    client.force_login(scene.owner)
    address = f"{reverse('harm-add', args=[scene.system.pk])}?entry=invented-facts&model=Small%20one"
    form = client.get(address).context["form"]
    known = actions.words_of_entry("invented-facts", "Small one")
    assert [form.initial[name] for name in ("title", "description", "category", "origin")] == [known[name] for name in form.initial if name != "uses"]
    assert not Harm.objects.exists()

    sent = {"title": "Invents doses", "description": known["description"], "category": known["category"].pk, "origin": known["origin"]}
    client.post(address, sent)

    harm = Harm.objects.get()
    assert (harm.title, harm.library_entry, harm.model_name) == ("Invents doses", "invented-facts", "Small one")
    assert client.post(address, sent).status_code == 409
    assert client.get(f"{reverse('harm-add', args=[scene.system.pk])}?entry=no-such-entry").status_code == 422


def test_rating_form_calls_nothing_optional_that_is_needed() -> None:
    scene = RoundScene()
    client = Client()
    client.force_login(scene.people[0])

    page = client.get(reverse("rating", args=[scene.round.pk])).text

    assert "How bad" in page
    assert 'class="optional"' not in page


def test_line_of_a_harm_names_the_evidence(scene: Scene, client: Client) -> None:
    harm = scene.harm()
    added = evidence.add_link(subject=harm, url="https://example.org/paper", title="A paper on doses", actor=scene.owner)
    evidence.remove(evidence_id=added.pk, reason="Withdrawn.", actor=scene.owner)
    client.force_login(scene.owner)

    page = client.get(reverse("harm", args=[harm.pk])).text

    assert page.count("“A paper on doses”") == 2
