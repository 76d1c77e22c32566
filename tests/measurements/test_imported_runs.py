"""Answers out of files of other tools: one run a file, every answer with its honest outcome, nothing twice."""

from __future__ import annotations

import io
import json
import threading
import time
import tracemalloc
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from django.db import connection, connections

from measurements import policies
from measurements.actions import imported_runs, sets
from measurements.actions.estimates import judge_run
from measurements.enums import JudgeKind, Outcome, RunSource, RunState
from measurements.models import Case, Estimate, Judgement, MeasurementSet, MeasurementSetVersion, Metric, Output, OutsideLabeller, Run
from measurements.selectors import imported
from measurements.selectors.progress import progress
from raiportal.accounts.models import User
from raiportal.audit.models import Entry
from raiportal.errors import PolicyDenied
from raiportal.policy import denied
from tests.factories import measurements as factories
from tests.factories.systems import make_system

pytestmark = pytest.mark.django_db


def attempt(number: int, prompt: Any, outputs: Sequence[Any], results: dict[str, Sequence[Any]], status: int = 2, probe: str = "dan.Dan") -> dict[str, Any]:
    return {
        "entry_type": "attempt",
        "uuid": f"attempt-{number}",
        "seq": number,
        "status": status,
        "probe_classname": probe,
        "prompt": prompt,
        "outputs": list(outputs),
        "detector_results": results,
    }


def report_of(*attempts: dict[str, Any]) -> bytes:
    lines = [
        {"entry_type": "start_run setup", "run.eval_threshold": 0.5, "plugins.target_type": "openai", "plugins.target_name": "tiny-model"},
        {"entry_type": "init", "garak_version": "0.17.1", "start_time": "2026-01-02T03:04:05", "run": "r"},
        *attempts,
        {"entry_type": "eval", "probe": "dan.Dan", "detector": "d.One", "passed": 1, "total_evaluated": 2, "confidence": "0.95"},
        {"entry_type": "digest", "meta": {}},
    ]
    return "\n".join(json.dumps(line) for line in lines).encode()


REPORT = report_of(
    attempt(1, "how", [], {}, status=1),
    attempt(1, "how", ["like this", None, "  "], {"d.One": [1.0, None, 0.0], "d.Two": [0.2, None, 0.0]}),
    attempt(2, "why", ["because"], {"d.One": [0.1]}),
    attempt(3, "how", ["like that"], {"d.One": [0.9]}, probe="other.Probe"),
)

SCORES = (
    b"# dataset_version=1.0, harm_definition=violence.yaml, harm_definition_version=1.0,,,\n"
    b"harm_category,objective,assistant_response,human_score_1,human_score_2,data_type\n"
    b"violence,how,like this,1,0.75,text\nviolence,how,no,0,0.25,text\nviolence,why,because,0.5,,text\n"
)


def import_file(measurement_set: MeasurementSet, content: bytes, format: str, *, actor: User, name: str = "results.jsonl") -> sets.ImportResult:
    return sets.import_cases(set_id=measurement_set.pk, file=io.BytesIO(content), file_name=name, format=format, actor=actor)


def severities(run: Run) -> dict[tuple[str, str], int]:
    """Severity by the answer's text and the metric's name, of machines alone."""
    rows = Judgement.objects.filter(run=run, judge_version__isnull=False).select_related("output", "metric_version__metric")
    return {(row.output.text, row.metric_version.metric.name): row.severity for row in rows}


def test_report_becomes_cases_and_one_completed_run() -> None:
    row = factories.make_set()
    owner = factories.make_owner(row.system)

    result = import_file(row, REPORT, "garak", actor=owner)

    run = Run.objects.get()
    assert (result.run, result.report.run_id, result.report.results.answers) == (run, run.pk, 5)
    assert (run.source, run.state, run.configuration, run.planned_count, run.repeats) == (RunSource.IMPORTED, RunState.COMPLETED, None, 5, 4)
    assert run.set_version == result.version
    assert [case.messages[0]["content"] for case in Case.objects.order_by("position")] == ["how", "why"]
    ended = Output.objects.filter(run=run).order_by("case__position", "repeat").values_list("text", "repeat", "outcome", "reason", "stratum")
    assert list(ended) == [
        ("like this", 0, "answered", "", "dan.Dan"),
        ("", 1, "failed", "provider_error", "dan.Dan"),
        ("", 2, "failed", "empty", "dan.Dan"),
        ("like that", 3, "answered", "", "dan.Dan"),
        ("because", 0, "answered", "", "dan.Dan"),
    ]
    assert severities(run) == {
        ("like this", "garak: d.One"): 1,
        ("like this", "garak: d.Two"): 0,
        ("like this", "garak: any detector"): 1,
        ("because", "garak: d.One"): 0,
        ("because", "garak: any detector"): 0,
        ("like that", "garak: d.One"): 1,
        ("like that", "garak: any detector"): 1,
    }
    assert Output.objects.filter(run=run).values("key").distinct().count() == 5
    known = run.snapshot["imported"]
    assert (known["tool"], known["tool_version"], known["model"], known["measured_at"]) == ("garak", "0.17.1", "openai tiny-model", "2026-01-02T03:04:05")
    assert (known["file_name"], known["file_digest"], run.source_digest) == ("results.jsonl", result.version.file_digest, known["file_digest"])  # type: ignore[union-attr]
    assert result.report.results.left_over == {"eval lines": 1, "digest lines": 1}


def test_counters_of_an_imported_run_are_its_rows() -> None:
    row = factories.make_set()
    run = import_file(row, REPORT, "garak", actor=factories.make_owner(row.system)).run

    assert run is not None
    now = progress(run)

    assert (now.planned, now.done, now.pending, now.cost) == (5, 5, 0, None)
    assert (now.counts["answered"], now.counts["failed"]) == (3, 2)


def test_import_is_recorded_without_texts() -> None:
    row = factories.make_set()
    owner = factories.make_owner(row.system)

    run = import_file(row, REPORT, "garak", actor=owner).run

    entry = Entry.objects.get(action="measurements.run_imported")
    details = entry.payload.body["details"]
    assert (entry.subject_id, entry.actor, details["answers"], details["verdicts"]) == (run.pk, owner, 5, 7)  # type: ignore[union-attr]
    assert "like this" not in json.dumps(entry.payload.body)


def test_estimates_follow_and_count_what_failed_apart() -> None:
    row = factories.make_set()
    owner = factories.make_owner(row.system)
    run = import_file(row, REPORT, "garak", actor=owner).run
    assert run is not None

    judge_run(run_id=run.pk, actor=User.system())
    judge_run(run_id=run.pk, actor=User.system())

    run.refresh_from_db()
    any_detector = Estimate.objects.get(run=run, metric_version__metric__name="garak: any detector", stratum="")
    assert run.judged_at is not None
    assert (any_detector.numerator, any_detector.denominator, any_detector.unjudged) == (2, 3, 0)
    assert any_detector.excluded == {"provider_error": 1, "empty": 1}


def test_same_file_again_is_the_same_run_also_when_the_set_moved_on() -> None:
    row = factories.make_set()
    owner = factories.make_owner(row.system)
    first = import_file(row, REPORT, "garak", actor=owner)
    factories.add_cases(row, ["a third prompt"], actor=owner)
    before = (Case.objects.count(), Output.objects.count(), Judgement.objects.count(), Metric.objects.count())

    again = import_file(row, REPORT, "garak", actor=owner, name="another name.jsonl")

    assert (again.run, again.report.accepted, again.version.number) == (first.run, 0, 2)  # type: ignore[union-attr]
    assert (Case.objects.count(), Output.objects.count(), Judgement.objects.count(), Metric.objects.count()) == before
    assert Entry.objects.filter(action="measurements.run_imported").count() == 1


def test_another_file_with_the_same_prompts_is_another_run_by_the_same_metrics() -> None:
    row = factories.make_set()
    owner = factories.make_owner(row.system)
    first = import_file(row, REPORT, "garak", actor=owner)

    second = import_file(row, report_of(attempt(1, "why", ["so"], {"d.One": [0.8]})), "garak", actor=owner)

    assert second.run != first.run
    assert (second.report.accepted, MeasurementSetVersion.objects.count()) == (0, 1)
    assert severities(second.run) == {("so", "garak: d.One"): 1}  # type: ignore[arg-type]
    assert Metric.objects.filter(name="garak: d.One").count() == 1


def test_cases_that_are_in_the_set_keep_their_stratum_and_get_the_answers() -> None:
    row = factories.make_set(cases=[{"input": "why", "stratum": "ours"}])
    owner = factories.make_owner(row.system)

    run = import_file(row, REPORT, "garak", actor=owner).run

    output = Output.objects.get(run=run, text="because")
    assert (output.stratum, output.case.stratum) == ("ours", "ours")
    assert output.case.version == run.set_version  # type: ignore[union-attr]


# --- People's labels ---
def test_human_scores_become_labels_of_people_outside() -> None:
    row = factories.make_set()
    owner = factories.make_owner(row.system)

    run = import_file(row, SCORES, "pyrit", actor=owner, name="violence.csv").run

    assert run is not None
    metric = Metric.objects.get()
    version = metric.versions.get()
    assert (metric.name, version.scale, version.threshold, version.judge_version.judge.kind) == ("PyRIT: violence", "five_levels", 2, JudgeKind.IMPORTED)
    labels = Judgement.objects.filter(run=run).order_by("output", "outside_labeller__name")
    assert [(label.output.text, label.outside_labeller.name, label.severity, label.is_harmful) for label in labels] == [
        ("like this", "human_score_1 of violence.csv", 4, True),
        ("like this", "human_score_2 of violence.csv", 3, True),
        ("no", "human_score_1 of violence.csv", 0, False),
        ("no", "human_score_2 of violence.csv", 1, False),
        ("because", "human_score_1 of violence.csv", 2, True),
    ]
    assert all(label.judge_version is None for label in labels)


def test_labels_of_a_run_are_counted_by_who_gave_them() -> None:
    row = factories.make_set()
    run = import_file(row, SCORES, "pyrit", actor=factories.make_owner(row.system), name="violence.csv").run
    assert run is not None

    first, second = imported.labels_of(run)

    assert (first.name, first.labels, first.mean_severity, first.harmful, first.harmful_rate) == ("human_score_1 of violence.csv", 3, 2.0, 2, 2 / 3)
    assert (second.labels, second.mean_severity, second.harmful_rate, second.scale, second.threshold) == (2, 2.0, 0.5, "five_levels", 2)


def test_run_with_labels_alone_has_no_estimate_and_its_labels() -> None:
    row = factories.make_set()
    run = import_file(row, SCORES, "pyrit", actor=factories.make_owner(row.system)).run
    assert run is not None

    judge_run(run_id=run.pk, actor=User.system())

    run.refresh_from_db()
    assert run.judged_at is not None
    assert not Estimate.objects.filter(run=run).exists()
    assert sum(labeller.labels for labeller in imported.labels_of(run)) == 5  # one score is empty


def test_raters_are_the_same_people_in_every_file_of_that_name_in_the_system() -> None:
    row = factories.make_set()
    owner = factories.make_owner(row.system)
    import_file(row, SCORES, "pyrit", actor=owner, name="violence.csv")

    import_file(row, SCORES + b"violence,when,now,1,1,text\n", "pyrit", actor=owner, name="violence.csv")

    assert sorted(OutsideLabeller.objects.values_list("name", flat=True)) == ["human_score_1 of violence.csv", "human_score_2 of violence.csv"]
    assert Run.objects.count() == 2


# --- What no rate may be worked out from, and what has no room ---
def test_hit_log_gives_findings_and_no_rate() -> None:
    hits = [
        {"prompt": "how", "output": "like this", "score": 1.0, "run_id": "r", "attempt_id": "a", "attempt_idx": 0, "probe": "p", "detector": name, "goal": "g"}
        for name in ("d.One", "d.Two")
    ]
    row = factories.make_set()

    run = import_file(row, "\n".join(map(json.dumps, hits)).encode(), "garak", actor=factories.make_owner(row.system)).run

    assert run is not None
    judge_run(run_id=run.pk, actor=User.system())
    assert severities(run) == {("like this", "garak: d.One"): 1, ("like this", "garak: d.Two"): 1}
    assert run.snapshot["imported"]["is_selection"] is True
    assert not Estimate.objects.exists()


def test_answers_beyond_a_hundred_to_one_prompt_are_counted_and_left_out() -> None:
    row = factories.make_set()
    content = report_of(attempt(1, "how", [f"answer {number}" for number in range(103)], {}))

    result = import_file(row, content, "garak", actor=factories.make_owner(row.system))

    assert (Output.objects.count(), result.run.repeats) == (100, 100)  # type: ignore[union-attr]
    assert result.report.results.left_over["answers beyond 100 to one prompt"] == 3


def test_text_that_the_database_cannot_hold_is_kept_in_another_spelling() -> None:
    row = factories.make_set()
    content = report_of(attempt(1, "how", ["nul \0 and half \ud800"], {}))

    import_file(row, content, "garak", actor=factories.make_owner(row.system))

    assert Output.objects.get().text == "nul ␛0000 and half ␛d800"


# --- Rights, and all or nothing ---
def test_who_may_not_measure_imports_cases_but_no_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    row = factories.make_set()
    contributor = factories.make_owner(row.system)
    monkeypatch.setattr(policies, "may_measure", lambda user, system: denied("You may not measure this system."))

    for act in (
        lambda: import_file(row, REPORT, "garak", actor=contributor),
        lambda: sets.preview_upload(set_id=row.pk, file=io.BytesIO(REPORT), file_name="r.jsonl", format="garak", actor=contributor),
    ):
        with pytest.raises(PolicyDenied, match="measure"):
            act()
    assert not Case.objects.exists()
    assert import_file(row, b"how\n", "garak", actor=contributor).version is not None


def test_nothing_is_stored_when_the_second_reading_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    row = factories.make_set()

    def fail(*arguments: Any) -> None:
        raise ConnectionError

    monkeypatch.setattr(imported_runs, "_copy", fail)
    with pytest.raises(ConnectionError):
        import_file(row, REPORT, "garak", actor=factories.make_owner(row.system))

    assert not any(model.objects.exists() for model in (Run, Case, Metric, MeasurementSetVersion, OutsideLabeller))
    assert not Entry.objects.filter(action__in=["measurements.run_imported", "measurements.cases_imported"]).exists()


# --- Preview and confirm ---
def test_preview_counts_answers_and_stores_none_until_confirmed() -> None:
    row = factories.make_set()
    owner = factories.make_owner(row.system)

    upload = sets.preview_upload(set_id=row.pk, file=io.BytesIO(SCORES), file_name="violence.csv", format="pyrit", actor=owner)
    results = upload.report["results"]

    assert (results["answers"], results["labels"]) == (3, {"human_score_1 of violence.csv": 3, "human_score_2 of violence.csv": 2})
    assert "like this" not in json.dumps(upload.report)
    assert not Run.objects.exists()
    assert not Metric.objects.exists()

    sets.confirm_upload(upload_id=upload.pk, actor=owner)
    upload.refresh_from_db()
    assert upload.report["run_id"] == Run.objects.get().pk


def test_preview_of_a_file_that_was_imported_names_its_run() -> None:
    row = factories.make_set()
    owner = factories.make_owner(row.system)
    run = import_file(row, SCORES, "pyrit", actor=owner).run

    upload = sets.preview_upload(set_id=row.pk, file=io.BytesIO(SCORES), file_name="violence.csv", format="pyrit", actor=owner)

    assert upload.report["run_id"] == run.pk  # type: ignore[union-attr]


# --- At once, and large ---
@pytest.mark.django_db(transaction=True)
def test_one_file_sent_twice_at_once_is_one_run() -> None:
    row = factories.make_set()
    owner = factories.make_owner(row.system)
    start, found = threading.Barrier(2), []

    def send() -> None:
        start.wait()
        found.append(import_file(row, REPORT, "garak", actor=owner).run)
        connections.close_all()

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 2
    assert found[0] == found[1] == Run.objects.get()
    assert (Output.objects.count(), Judgement.objects.count()) == (5, 7)


@pytest.mark.django_db(transaction=True)
def test_two_sets_that_bring_the_same_new_metric_at_once_share_it() -> None:
    system = make_system()
    owner = factories.make_owner(system)
    rows = [factories.make_set(system), factories.make_set(system)]
    start, failures = threading.Barrier(2), []

    def send(row: MeasurementSet) -> None:
        start.wait()
        try:
            import_file(row, SCORES, "pyrit", actor=owner, name="violence.csv")
        except Exception as error:
            failures.append(error)
        connections.close_all()

    threads = [threading.Thread(target=send, args=[row]) for row in rows]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert (Run.objects.count(), Metric.objects.count(), OutsideLabeller.objects.count()) == (2, 1, 2)


class Report(io.RawIOBase):
    """A report of any number of attempts, made as it is read."""

    def __init__(self, attempts: int) -> None:
        self.attempts = attempts
        self.seek(0)

    def seek(self, offset: int, whence: int = 0, /) -> int:
        self._pieces = self._made()
        return 0

    def read(self, size: int = -1, /) -> bytes:
        return next(self._pieces, b"")

    def _made(self) -> Iterator[bytes]:
        for number in range(self.attempts):
            lines = (attempt(number, f"prompt {number}", ["a" * 400], {"d.One": [number % 2]}, status=status) for status in (1, 2))
            yield b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def test_ten_thousand_answers_come_in_fast() -> None:
    row = factories.make_set()
    owner = factories.make_owner(row.system)
    sets.import_cases(set_id=row.pk, file=Report(100), file_name="w.jsonl", format="garak", actor=owner)

    file = io.BytesIO(b"".join(iter(Report(10_000).read, b"")))

    began, started = time.process_time(), time.perf_counter()
    result = sets.import_cases(set_id=row.pk, file=file, file_name="r.jsonl", format="garak", actor=owner)
    answers_a_second, wall = 10_000 / (time.process_time() - began), 10_000 / (time.perf_counter() - started)  # other tests run beside this one

    print(f"\n{answers_a_second:,.0f} answers a second of processor time, {wall:,.0f} on the wall, each with its case and a verdict")  # noqa: T201
    assert result.run.planned_count == Judgement.objects.filter(run=result.run).count() == 10_000  # type: ignore[union-attr]
    assert answers_a_second > 1_500


def test_memory_stays_flat_over_ten_thousand_answers() -> None:
    row = factories.make_set()
    owner = factories.make_owner(row.system)
    sets.import_cases(set_id=row.pk, file=Report(500), file_name="w.jsonl", format="garak", actor=owner)

    def peak(attempts: int) -> int:
        tracemalloc.start()
        result = sets.import_cases(set_id=factories.make_set(row.system).pk, file=Report(attempts), file_name="r.jsonl", format="garak", actor=owner)
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert result.run.planned_count == attempts  # type: ignore[union-attr]
        return highest

    connection.queries_log.clear()
    small, large = peak(1_000), peak(10_000)

    assert Output.objects.filter(outcome=Outcome.ANSWERED).count() == 11_500
    assert large < small + 9_000 * 1_200  # keys and names of attempts, which have to be known; no texts
