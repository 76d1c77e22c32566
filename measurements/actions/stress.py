"""Stress sets: the cases of a set version, each as it is and once more by every chosen transform."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from django.db import connection, transaction

from measurements import policies, transforms
from measurements.actions import cases
from measurements.actions.sets import add_set
from measurements.enums import Sampling
from measurements.imports.cases import Limits, Message, case_key
from measurements.models import Case, MeasurementSet, MeasurementSetVersion, StressSet
from measurements.selectors.cases import counted_mix
from measurements.selectors.stress import UNTRANSFORMED
from measurements.transforms import Transform
from raiportal.accounts.models import User
from raiportal.audit import ledger
from raiportal.errors import Invalid

MOST_MADE = 50_000  # cases of a stress set, the untransformed among them
LARGEST_SEED = 2**31 - 1
LONGEST_LABEL = 200  # of a case's external id
LONGEST_SOURCE = 300
LONGEST_INPUT = Limits().max_input
COPY_ORIGINS = "copy transformed_case (case_id, untransformed_id, transform) from stdin"


@dataclass(frozen=True)
class _Made:
    """A case to be written, and of a transformed one the position of the one it was made of."""

    origin: Case
    messages: list[Message]
    key: str
    transform: Transform | None = None
    made_of: int = 0


@transaction.atomic
def add_stress_set(*, version: MeasurementSetVersion, name: str, slugs: Collection[str], most_cases: int, seed: int, actor: User) -> StressSet:
    """A targeted set of up to `most_cases` cases of `version`, drawn by `seed`, untransformed and by each transform that `slugs` name.

    A transform that leaves a case as it is, or makes it longer than a case may be, gives none; `left_out` counts them. Raises PolicyDenied, Invalid.
    """
    origin = version.measurement_set
    policies.may_edit_sets(actor, origin.system).require()
    chosen = _chosen(slugs)
    _check(origin, version, chosen, most_cases, seed)
    drawn = _drawn(version, most_cases, seed)
    made, left_out = _made(drawn, chosen, seed)
    description = f"Cases of {version}, untransformed and transformed in {len(chosen)} ways."
    added = add_set(system=origin.system, name=name, description=description, sampling=Sampling.TARGETED, harms=list(origin.harms.all()), actor=actor)
    written = _write(added, version, made, actor)
    stress = StressSet.objects.create(
        measurement_set=added,
        origin=version,
        transforms=[transform.slug for transform in chosen],
        seed=seed,
        case_count=len(drawn),
        left_out=left_out,
        created_by=actor,
    )
    ledger.record(
        "measurements.stress_set_made",
        subject=added,
        actor=actor,
        origin=version.pk,
        transforms=stress.transforms,
        seed=seed,
        cases=written.case_count,
        drawn=len(drawn),
    )
    return stress


def _chosen(slugs: Collection[str]) -> list[Transform]:
    if unknown := sorted(set(slugs) - transforms.BY_SLUG.keys()):
        raise Invalid(f"There is no transform “{unknown[0][:40]}”.", field="transforms")
    if not slugs:
        raise Invalid("Choose at least one transform.", field="transforms")
    return [transform for transform in transforms.ALL if transform.slug in set(slugs)]


def _check(origin: MeasurementSet, version: MeasurementSetVersion, chosen: Sequence[Transform], most_cases: int, seed: int) -> None:
    if StressSet.objects.filter(measurement_set=origin).exists():
        raise Invalid("These cases are transformed already. Transform the set that they come from.")
    if not 0 <= seed <= LARGEST_SEED:
        raise Invalid(f"A seed is a whole number from 0 to {LARGEST_SEED:,}.", field="seed")
    if most_cases < 1:
        raise Invalid("Take at least one case.", field="most_cases")
    taken = min(most_cases, version.case_count)
    if taken * (len(chosen) + 1) > MOST_MADE:
        most = MOST_MADE // (len(chosen) + 1)
        raise Invalid(
            f"{taken:,} cases in {len(chosen) + 1} forms are more than {MOST_MADE:,}. Take at most {most:,} cases, or fewer transforms.", field="most_cases"
        )


def _drawn(version: MeasurementSetVersion, most: int, seed: int) -> list[Case]:
    """All cases, or a simple random sample of them, in the order of the set."""
    positions = range(version.case_count)
    taken = positions if version.case_count <= most else Random(seed).sample(positions, most)  # noqa: S311 (drawn again by the same seed)
    return list(Case.objects.filter(version=version, position__in=list(taken)).order_by("position"))


def _made(drawn: Sequence[Case], chosen: Sequence[Transform], seed: int) -> tuple[list[_Made], Mapping[str, int]]:
    """The untransformed cases first, then each transform's; and how many a transform gave nothing for."""
    made = [_Made(case, case.messages, case.key) for case in drawn]
    keys, left_out = {case.key for case in made}, Counter[str]()
    for transform in chosen:
        for position, case in enumerate(drawn):
            messages = _transformed(case.messages, transform, seed)
            key = case_key(messages)
            if key in keys or sum(len(message["content"]) for message in messages) > LONGEST_INPUT:
                left_out[transform.slug] += 1
                continue
            keys.add(key)
            made.append(_Made(case, messages, key, transform, position))
    return made, dict(left_out)


def _transformed(messages: Sequence[Message], transform: Transform, seed: int) -> list[Message]:
    """The conversation with its last message transformed; what was said before stays."""
    *before, last = messages
    return [*before, {**last, "content": transform.apply(last["content"], seed)}]


def _write(added: MeasurementSet, origin: MeasurementSetVersion, made: Sequence[_Made], actor: User) -> MeasurementSetVersion:
    version_id = cases.next_version_id()
    cases.copy_rows(_rows(version_id, origin, made))
    ids = list(Case.objects.filter(version=version_id).order_by("position").values_list("pk", flat=True))
    with connection.cursor() as cursor, cursor.copy(COPY_ORIGINS) as copy:
        for case_id, case in zip(ids, made, strict=True):
            if case.transform is not None:
                copy.write_row((case_id, ids[case.made_of], case.transform.slug))
    return MeasurementSetVersion.objects.create(
        pk=version_id,
        measurement_set=added,
        number=1,
        case_count=len(made),
        added_count=len(made),
        digest=cases.cases_digest(case.key for case in made),
        mix=counted_mix(version_id),
        created_by=actor,
    )


def _rows(version_id: int, origin: MeasurementSetVersion, made: Sequence[_Made]) -> Iterator[tuple[Any, ...]]:
    for position, case in enumerate(made):
        known = case.origin
        source = f"{origin}, {known}" + (f", {known.stratum}" if known.stratum else "")
        label, stratum = (f"{known} · {case.transform.slug}", case.transform.name) if case.transform else (str(known), UNTRANSFORMED)
        yield (
            version_id,
            position,
            case.key,
            label[-LONGEST_LABEL:],
            cases.stored_messages(case.messages),
            stratum,
            known.harm_id,
            known.expectation,
            known.language,
            source[:LONGEST_SOURCE],
        )
