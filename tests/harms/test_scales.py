"""A changed scale: a baseline of what was, new points beside the old, and the list of the scores that moved."""

from __future__ import annotations

import pytest

from harms import actions, selectors
from harms.models import Baseline, Harm, RiskPoint, RiskScale, ScaleChange
from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from raiportal.errors import Conflict, Invalid, PolicyDenied
from systems.models import AISystem
from tests.factories.accounts import make_user
from tests.factories.harms import make_harm
from tests.factories.ratings import RoundScene
from tests.factories.systems import make_system
from tests.harms.test_actions import changed, entry_of

pytestmark = pytest.mark.django_db
SHIFTED, SAME = [1, 1, 2, 3, 4], [1, 2, 3, 4, 5]


@pytest.fixture
def manager() -> User:
    return make_user(Role.RISK_MANAGER)


def new_scale() -> tuple[RiskScale, RiskScale]:
    """The scale in force before, and the one after its lowest anchor changed."""
    before = selectors.current_scale()
    entry = entry_of("risk-scale", "severity-and-frequency")
    changed(entry, severity=[{**entry.body["severity"][0], "anchor": f"Nobody notices ({before.version})."}, *entry.body["severity"][1:]])
    return before, selectors.current_scale()


def carry(system: AISystem, before: RiskScale, manager: User, severity: list[int] = SHIFTED) -> ScaleChange:
    return actions.carry_scores_over(
        system=system, from_scale=before, severity_levels=severity, frequency_levels=SAME, reason="Level 2 merged into 1.", actor=manager
    )


def test_scores_are_carried_over_with_a_baseline_and_the_old_points_stay(manager: User) -> None:
    system = make_system()
    moved, kept = make_harm(system, assessed=(4, 3)), make_harm(system, assessed=(1, 3))
    before, after = new_scale()

    change = carry(system, before, manager)

    assert (Harm.objects.get(pk=moved.pk).priority, Harm.objects.get(pk=kept.pk).priority) == (9, 3)
    assert [(row["code"], row["before"], row["after"]) for row in selectors.move_rows(change)] == [(moved.code, 12, 9), (kept.code, 3, 3)]
    assert list(RiskPoint.objects.filter(harm=moved).order_by("pk").values_list("scale", "score")) == [(before.pk, 12), (after.pk, 9)]
    assert {row["score"] for row in Baseline.objects.get(pk=change.baseline_id).content["harms"]} == {12, 3}
    assert selectors.older_scales(system, after) == []
    with pytest.raises(Conflict, match="nothing to carry over"):
        carry(system, before, manager)


def test_only_points_that_hold_are_carried_over(manager: User) -> None:
    system = make_system()
    harm = make_harm(system, assessed=(5, 5))
    actions.assess_harm(harm_id=harm.pk, severity=2, frequency=2, rationale="Looked again.", actor=manager)
    before, _ = new_scale()

    assert [move.before.score for move in selectors.moves_of(carry(system, before, manager))] == [4]


@pytest.mark.parametrize("levels", [[1, 2, 3], [1, 2, 3, 4, 6], [2, 1, 3, 4, 5]])
def test_levels_name_each_of_the_five_in_order(manager: User, levels: list[int]) -> None:
    system = make_system()
    make_harm(system, assessed=(4, 3))
    before, _ = new_scale()

    with pytest.raises(Invalid, match="each of the five old levels"):
        carry(system, before, manager, levels)
    assert not Baseline.objects.exists()


def test_only_a_risk_manager_carries_scores_over() -> None:
    system = make_system()
    make_harm(system, assessed=(4, 3))
    before, _ = new_scale()

    with pytest.raises(PolicyDenied):
        carry(system, before, make_user(Role.OWNER, scope=system.scope))


def test_round_on_an_older_scale_is_not_agreed_on() -> None:
    scene = RoundScene()
    scene.rate(scene.people[0], (3, 3))
    scene.close()
    new_scale()

    with pytest.raises(Conflict, match="scale has changed"):
        actions.record_consensus(round_harm_id=scene.rated[0].pk, severity=3, frequency=3, note="Talked.", actor=scene.manager)
