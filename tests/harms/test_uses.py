"""Scores in each intended use, and what the harm takes from them."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from harms import actions, scoring, selectors
from harms.enums import RiskPointKind
from harms.models import Harm, HarmUse
from raiportal.audit.models import Entry
from raiportal.errors import Invalid
from systems import actions as system_actions
from systems.models import AISystem, IntendedUse
from tests.factories.harms import make_harm
from tests.factories.systems import make_system

pytestmark = pytest.mark.django_db


@pytest.fixture
def system() -> AISystem:
    return make_system(name="Note summariser")


def make_use(system: AISystem, number: int) -> IntendedUse:
    return IntendedUse.objects.create(system=system, number=number, title=f"Use {number}", created_by=system.owner)


def assess(harm: Harm, severity: int, frequency: int, use: IntendedUse | None = None) -> None:
    actions.assess_harm(harm_id=harm.pk, severity=severity, frequency=frequency, rationale="Seen.", intended_use=use, actor=harm.system.owner)
    harm.refresh_from_db()


def test_harm_takes_the_worst_of_itself_and_its_uses(system: AISystem) -> None:
    discharge, handover = make_use(system, 1), make_use(system, 2)
    harm = make_harm(system, assessed=(2, 3), uses=[discharge])

    assess(harm, 5, 4, handover)
    assess(harm, 3, 3, discharge)

    assert (harm.priority, harm.severity, harm.frequency, harm.inherent_score) == (20, 5, 4, 20)
    assert dict(HarmUse.objects.values_list("intended_use__number", "priority")) == {1: 9, 2: 20}
    assert Entry.objects.about("harms.harm", harm.pk).filter(action="harms.inherent_risk_stated").count() == 2


def test_a_measured_use_no_longer_counts_with_what_was_judged_at_the_start(system: AISystem) -> None:
    use = make_use(system, 1)
    harm = make_harm(system, assessed=(2, 2))
    assess(harm, 5, 5, use)

    actions.record_risk_point(harm_id=harm.pk, kind=RiskPointKind.MEASURED, severity=3, frequency=2, rationale="R-1", intended_use=use, actor=system.owner)

    harm.refresh_from_db()
    assert (harm.priority, harm.inherent_score, harm.measured_score) == (6, 25, 6)


def test_leaving_a_use_takes_its_scores_along_and_coming_back_restores_them(system: AISystem) -> None:
    use = make_use(system, 1)
    harm = make_harm(system, assessed=(2, 2))
    assess(harm, 5, 5, use)

    actions.edit_harm(harm_id=harm.pk, uses=[], actor=system.owner)
    harm.refresh_from_db()
    assert (harm.priority, HarmUse.objects.count()) == (4, 0)

    actions.edit_harm(harm_id=harm.pk, uses=[use], actor=system.owner)
    harm.refresh_from_db()
    assert (harm.priority, HarmUse.objects.get().priority) == (25, 25)


def test_uses_of_other_systems_and_archived_ones_are_refused(system: AISystem) -> None:
    harm = make_harm(system)
    archived = make_use(system, 1)
    IntendedUse.objects.filter(pk=archived.pk).update(archived_at=timezone.now())
    archived.refresh_from_db()

    for use in (make_use(make_system(), 1), archived):
        with pytest.raises(Invalid, match="not archived"):
            assess(harm, 3, 3, use)
        with pytest.raises(Invalid, match="not archived"):
            actions.edit_harm(harm_id=harm.pk, uses=[use], actor=system.owner)


def test_columns_of_no_place_are_empty() -> None:
    assert set(scoring.columns([{}]).values()) == {None, 0}


def test_list_of_a_use_ranks_by_what_the_harms_do_there(system: AISystem) -> None:
    use = make_use(system, 1)
    here, elsewhere, outside = make_harm(system, assessed=(1, 2)), make_harm(system, assessed=(5, 5)), make_harm(system, assessed=(4, 4))
    assess(here, 3, 4, use)
    assess(elsewhere, 2, 2, use)
    client = Client()
    client.force_login(system.owner)

    rows = client.get(reverse("harm-list", args=[system.pk]), {"use": use.pk}).context["rows"]
    cell = client.get(reverse("harm-list", args=[system.pk]), {"use": use.pk, "severity": 3, "frequency": 4}).context["rows"]

    assert [(row.harm, row.scored.priority) for row in rows] == [(here, 12), (elsewhere, 4)]
    assert [row.harm for row in cell] == [here]
    assert outside not in [row.harm for row in rows]
    for order in selectors.register_of(system, use).sorts:
        assert client.get(reverse("harm-list", args=[system.pk]), {"use": use.pk, "sort": f"-{order}"}).status_code == 200


def test_archived_use_has_no_list_and_no_place_on_the_page(system: AISystem) -> None:
    use = make_use(system, 1)
    harm = make_harm(system, assessed=(2, 2))
    assess(harm, 5, 5, use)
    IntendedUse.objects.filter(pk=use.pk).update(archived_at=timezone.now())
    client = Client()
    client.force_login(system.owner)

    assert client.get(reverse("harm-list", args=[system.pk]), {"use": use.pk}).status_code == 422
    assert [place.use for place in client.get(reverse("harm", args=[harm.pk])).context["places"]] == [None]


def test_page_of_the_harm_shows_how_its_score_was_worked_out(system: AISystem) -> None:
    use = make_use(system, 1)
    harm = make_harm(system, assessed=(2, 3))
    assess(harm, 5, 4, use)
    client = Client()
    client.force_login(system.owner)

    page = client.get(reverse("harm", args=[harm.pk]))

    assert page.context["formula"] == "20 = the worst of: as a whole 6 (2 × 3, inherent); U-1 20 (5 × 4, inherent)"
    assert page.context["formula"] in page.content.decode()


def test_archiving_a_use_takes_its_scores_from_the_harms_at_once_and_restoring_gives_them_back(system: AISystem) -> None:
    discharge, handover = make_use(system, 1), make_use(system, 2)
    harm, unmoved = make_harm(system, assessed=(2, 3)), make_harm(system, assessed=(5, 5))
    assess(harm, 5, 4, handover)
    assess(harm, 3, 3, discharge)
    assess(unmoved, 1, 1, handover)

    system_actions.archive_intended_use(use_id=handover.pk, reason="Nobody hands over.", actor=system.owner)
    harm.refresh_from_db()
    assert (harm.priority, harm.severity, harm.frequency, harm.inherent_score) == (9, 3, 3, 9)
    taken = Entry.objects.about("harms.harm", harm.pk).get(action="harms.use_archived").payload.body
    assert (taken["changes"]["priority"], taken["reason"], taken["details"]) == ([20, 9], "Nobody hands over.", {"intended_use": "U-2"})
    assert not Entry.objects.about("harms.harm", unmoved.pk).filter(action="harms.use_archived").exists()

    system_actions.restore_intended_use(use_id=handover.pk, reason="They do.", actor=system.owner)
    harm.refresh_from_db()
    assert (harm.priority, harm.inherent_score) == (20, 20)
    assert HarmUse.objects.get(harm=harm, intended_use=handover).priority == 20


def test_archiving_a_use_costs_the_same_reads_for_many_harms(system: AISystem) -> None:
    def cost(harms: int) -> int:
        use = make_use(system, harms)
        for _ in range(harms):
            make_harm(system, assessed=(5, 5), uses=[use])
        with CaptureQueriesContext(connection) as queries:
            system_actions.archive_intended_use(use_id=use.pk, reason="No.", actor=system.owner)
        return len(queries)

    cost(1)
    assert cost(2) == cost(9)
