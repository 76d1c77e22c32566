"""A budget: what fits, what is reserved, and what a run may be planned and resumed with."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from measurements.actions import judgings, runs
from measurements.actions.estimates import judge_run
from measurements.engine.budget import Prices, Purse
from measurements.engine.items import Item, Take
from measurements.models import Lease, Run
from measurements.selectors.spending import Spent, spending_of
from raiportal.audit.models import Entry
from raiportal.errors import Invalid, Unmet, WrongState
from systems.models import Deployment
from systems.providers import Call
from tests.factories.judgings import answered_run, make_model_metric, only_judging
from tests.factories.measurements import make_metric
from tests.factories.runs import make_run
from tests.factories.systems import make_deployment

PRICES = Prices(2.0, 10.0)  # a million tokens


def item(number: int = 0, tokens: int = 100, *, longest: int | None = 90) -> Item:
    """An item whose prompt takes `tokens` less its longest answer."""
    return Item(lease_id=1, number=number, call=Call([], {} if longest is None else {"max_tokens": longest}), tokens=tokens)


def spent(*, tokens: int = 0, budget_tokens: int | None = None, cost: str = "0", budget_cost: str | None = None) -> Spent:
    return Spent(None if budget_cost is None else Decimal(budget_cost), budget_tokens, tokens, Decimal(cost), True)


def purse(known: Spent) -> Purse:
    made = Purse(PRICES)
    made.heed(known, [], [], None)
    return made


# --- What fits ---


def test_without_a_budget_everything_fits() -> None:
    assert purse(spent(tokens=10**12)).fits(item())


@pytest.mark.parametrize(("used", "fits"), [(899, True), (900, True), (901, False)])
def test_a_call_fits_if_its_estimate_does(used: int, fits: bool) -> None:
    assert purse(spent(tokens=used, budget_tokens=1_000)).fits(item(tokens=100)) is fits


@pytest.mark.parametrize(("cost", "fits"), [("0.9989", True), ("0.9991", False)])
def test_money_counts_prompt_and_answer_by_their_prices(cost: str, fits: bool) -> None:
    assert purse(spent(cost=cost, budget_cost="1")).fits(item(tokens=190)) is fits  # 100 tokens of prompt, 90 of an answer: 0.0011


def test_calls_in_flight_are_reserved_until_they_end() -> None:
    kept = purse(spent(budget_tokens=250))
    first, second, third = (item(number, tokens=100) for number in range(3))
    kept.reserve(first)
    kept.reserve(second)
    assert not kept.fits(third)

    kept.release(first)

    assert kept.fits(third)


def test_an_answer_is_charged_in_place_of_its_estimate() -> None:
    kept = purse(spent(budget_tokens=250))
    first, second = item(0, tokens=100), item(1, tokens=100)
    kept.reserve(first)
    kept.charge(first, 10, 20)
    kept.reserve(second)

    assert kept.fits(item(2, tokens=100))


def test_an_answer_without_reported_tokens_keeps_its_estimate() -> None:
    kept = purse(spent(budget_tokens=150))
    first = item(0, tokens=100)
    kept.reserve(first)
    kept.charge(first, None, None)
    kept.heed(spent(budget_tokens=150), [], [], None)

    assert not kept.fits(item(1, tokens=100))


def test_answers_without_a_limit_are_expected_to_be_as_long_as_the_longest() -> None:
    kept, open_ended = purse(spent(budget_tokens=10_000)), item(tokens=10, longest=None)
    assert kept.estimate(open_ended) == Take(10, 1_000)
    for length in (50, 400, 20):
        kept.charge(item(tokens=10, longest=None), 10, length)

    assert kept.estimate(open_ended).completion == 400


def test_prompts_are_expected_to_take_what_the_others_took() -> None:
    kept = purse(spent(budget_tokens=10_000))
    kept.charge(item(tokens=100), 30, 1)  # 10 expected

    assert kept.estimate(item(tokens=100)).prompt == 30


def test_what_is_stored_is_not_counted_twice() -> None:
    kept = purse(spent(budget_tokens=250))
    first = item(0, tokens=100)
    kept.reserve(first)
    kept.charge(first, 10, 90)

    kept.heed(spent(tokens=100, budget_tokens=250), [], [], None)

    assert kept.fits(item(1, tokens=150))
    assert not kept.fits(item(1, tokens=151))


# --- Planning, changing, resuming ---


def priced(run: Run) -> Deployment:
    deployment = run.configuration.deployment
    Deployment.objects.filter(pk=deployment.pk).update(input_price=Decimal(2), output_price=Decimal(10), currency="EUR")
    deployment.refresh_from_db()
    return deployment


def used(run: Run, prompt: int, completion: int) -> None:
    Lease.objects.filter(run=run, number=0).update(prompt_tokens=prompt, completion_tokens=completion)


@pytest.mark.django_db
def test_a_budget_in_money_needs_prices() -> None:
    with pytest.raises(Invalid) as refused:
        make_run(budget_cost=Decimal(1))

    assert refused.value.field == "budget_cost"


@pytest.mark.django_db
@pytest.mark.parametrize("budget", [{"budget_cost": Decimal(0)}, {"budget_cost": Decimal(10**8)}, {"budget_tokens": 0}, {"budget_tokens": -5}])
def test_a_budget_is_more_than_nothing(budget: dict[str, object]) -> None:
    with pytest.raises(Invalid) as refused:
        make_run(**budget)

    assert refused.value.field == next(iter(budget))


@pytest.mark.django_db
def test_what_is_spent_comes_from_the_leases_and_the_prices_of_the_plan() -> None:
    deployment = priced(make_run())
    run = make_run(deployment=deployment, budget_cost=Decimal("1.5"), start=True)
    used(run, 100_000, 50_000)
    Deployment.objects.filter(pk=deployment.pk).update(input_price=Decimal(900))

    found = spending_of(run)

    assert (found.cost, found.tokens, found.is_priced, found.is_used_up) == (Decimal("0.7"), 150_000, True, False)


@pytest.mark.django_db
def test_a_run_that_its_budget_paused_goes_on_with_a_higher_one_only() -> None:
    run = make_run(budget_tokens=1_000, start=True)
    used(run, 500, 450)
    runs.pause_run(run_id=run.pk, cause="budget", cause_detail="It has used 950 of 1,000 tokens; the next call may take 60.", actor=run.created_by)
    with pytest.raises(Unmet, match="950 of 1,000"):
        runs.resume_run(run_id=run.pk, actor=run.created_by)

    runs.change_budget(run_id=run.pk, budget_cost=None, budget_tokens=2_000, reason="Worth it.", actor=run.created_by)

    assert runs.resume_run(run_id=run.pk, actor=run.created_by).state == "running"
    entry = Entry.objects.get(action="measurements.run_budget_changed")
    assert entry.payload.body["reason"] == "Worth it."
    assert entry.payload.body["changes"]["budget_tokens"] == [1_000, 2_000]


@pytest.mark.django_db
def test_a_used_up_budget_stops_whoever_resumes_for_another_cause() -> None:
    run = make_run(budget_tokens=1_000, start=True)
    used(run, 500, 500)
    runs.pause_run(run_id=run.pk, actor=run.created_by)

    with pytest.raises(Unmet):
        runs.resume_run(run_id=run.pk, actor=run.created_by)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "field"),
    [({"budget_tokens": 950}, "budget_tokens"), ({"budget_tokens": 2_000, "reason": " "}, "reason"), ({"budget_cost": Decimal(5)}, "budget_cost")],
)
def test_a_change_has_to_make_sense(change: dict[str, object], field: str) -> None:
    run = make_run(budget_tokens=1_000, start=True)
    used(run, 500, 450)

    with pytest.raises(Invalid) as refused:
        runs.change_budget(**{"run_id": run.pk, "budget_cost": None, "budget_tokens": None, "reason": "Worth it.", "actor": run.created_by, **change})

    assert refused.value.field == field


@pytest.mark.django_db
def test_a_cancelled_run_needs_no_budget() -> None:
    run = make_run(start=True)
    runs.cancel_run(run_id=run.pk, reason="The wrong set.", actor=run.created_by)

    with pytest.raises(WrongState):
        runs.change_budget(run_id=run.pk, budget_cost=None, budget_tokens=5, reason="Worth it.", actor=run.created_by)


@pytest.mark.django_db
def test_a_completed_run_can_be_given_more_to_be_judged_again() -> None:
    run = answered_run(budget_tokens=40)
    used(run, 30, 10)
    metric = make_model_metric(run.configuration.deployment)  # type: ignore[union-attr]
    with pytest.raises(Unmet):
        judgings.judge_again(run_id=run.pk, metric=metric, reason="A second opinion.", actor=run.created_by)

    runs.change_budget(run_id=run.pk, budget_cost=None, budget_tokens=10_000, reason="Worth it.", actor=run.created_by)

    assert judgings.judge_again(run_id=run.pk, metric=metric, reason="A second opinion.", actor=run.created_by).planned_count == 3


@pytest.mark.django_db
@pytest.mark.parametrize("prices", [{"input_price": None, "output_price": None}, {"input_price": 1, "output_price": 1, "currency": "EUR"}])
def test_a_budget_in_money_is_passed_by_no_judge_that_it_cannot_count(prices: dict[str, object]) -> None:
    target = priced(make_run())
    Deployment.objects.filter(pk=target.pk).update(currency="USD")
    run = answered_run(deployment=Deployment.objects.get(pk=target.pk), metrics=[make_metric(target.system)], budget_cost=Decimal(1))
    metric = make_model_metric(make_deployment(target.system, **prices))

    with pytest.raises(Invalid) as refused:
        judgings.judge_again(run_id=run.pk, metric=metric, reason="A second opinion.", actor=run.created_by)

    assert refused.value.field == "metric"


@pytest.mark.django_db
def test_cancelling_a_judging_and_changing_its_budget_wait_for_each_other_in_one_order() -> None:
    run = answered_run()
    judge_run(run_id=run.pk, actor=run.created_by)

    with CaptureQueriesContext(connection) as captured:
        judgings.cancel_judging(judging_id=only_judging(run).pk, reason="Too dear.", actor=run.created_by)

    locked = [query["sql"] for query in captured if "FOR NO KEY UPDATE" in query["sql"]]
    assert 'FROM "run"' in locked[0]
    assert 'FROM "judging"' in locked[1]
