"""The cases of a version as pages show them: without their texts until somebody asked for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Func, Q, QuerySet, TextField
from django.db.models.functions import Length

from harms.models import Harm
from measurements.models import Case, MeasurementSetVersion
from raiportal.listing import as_json_writes

MIX_LISTED = 200  # values of each kind that a version keeps counts of
UNNAMED = "(none)"  # stands for the empty stratum or language in an address
EXPORT_COLUMNS = ("id", "input", "stratum", "harm", "expectation", "language", "source")


class PromptText(Func):
    """What the messages of a case say, without their roles."""

    template = "jsonb_path_query_array(%(expressions)s, '$[*].content')::text"
    output_field = TextField()


@dataclass(frozen=True)
class Share:
    """How many cases of a version have one value; `value` is what an address calls it."""

    words: str
    value: str
    count: int


@dataclass(frozen=True)
class Mix:
    """What the cases of a version are, largest share first."""

    strata: list[Share]
    languages: list[Share]
    harms: list[Share]
    stratum_count: int  # different ones, also those that `strata` has no room for


@dataclass(frozen=True)
class CaseLine:
    """One case on a page; `messages` is None while its text is hidden, `length` counts its characters either way."""

    case: Case
    length: int
    messages: list[dict[str, str]] | None
    expectation: str = ""

    @property
    def beginning(self) -> str:
        """The first words of what gets answered."""
        return self.messages[-1]["content"][:160] if self.messages else ""


def counted_mix(version_id: int) -> dict[str, Any]:
    """What a version keeps of its cases: for strata, languages and harms {"different": how many, "largest": [[value, cases], ...]}; "" stands for none.

    Counted once, when the version is made, since its cases never change and counting a hundred thousand takes longer than a page may.
    """
    counts: dict[str, Counter[Any]] = {"strata": Counter(), "languages": Counter(), "harms": Counter()}
    groups = Case.objects.filter(version_id=version_id).order_by().values_list("stratum", "language", "harm_id").annotate(cases=Count("pk"))
    for stratum, language, harm_id, cases in groups:
        counts["strata"][stratum] += cases
        counts["languages"][language] += cases
        counts["harms"][harm_id or ""] += cases
    return {name: {"different": len(counted), "largest": _largest(counted)} for name, counted in counts.items()}


def mix(version: MeasurementSetVersion) -> Mix:
    """The counts of a version in words; one statement, for the names of harms."""
    harms = _counts(version, "harms")
    titles = {harm.pk: f"{harm.code} {harm.title}" for harm in Harm.objects.filter(pk__in=[pk for pk, _ in harms if pk])}
    by_harm = [Share(titles.get(pk, "No harm"), str(pk), count) for pk, count in harms]
    strata, languages = _counts(version, "strata"), _counts(version, "languages")
    different = version.mix.get("strata", {}).get("different", 0)
    return Mix(_shares(strata, "No stratum"), _shares(languages, "No language"), by_harm, different)


def searched(cases: QuerySet[Case], words: str) -> QuerySet[Case]:
    """Those whose id or prompt holds the words, in any case of letters."""
    return cases.alias(prompt=PromptText(F("messages"))).filter(Q(prompt__icontains=as_json_writes(words)) | Q(external_id__icontains=words))


def without_texts(cases: QuerySet[Case]) -> QuerySet[Case]:
    """Cases whose texts stay in the database, with `length` in their place."""
    return cases.select_related("harm").annotate(length=Length(PromptText(F("messages")))).defer("messages", "expectation")


def lines(rows: Sequence[Any], *, shown: bool) -> list[CaseLine]:
    """The page's lines; the texts of all of them in one statement where they are shown."""
    asked = Case.objects.filter(pk__in=[row.pk for row in rows]) if shown else Case.objects.none()
    texts = {pk: (messages, expectation) for pk, messages, expectation in asked.values_list("pk", "messages", "expectation")}
    return [CaseLine(row, row.length, *texts.get(row.pk, (None, ""))) for row in rows]


def export_rows(version: MeasurementSetVersion) -> Iterator[dict[str, Any]]:
    """Cases in their order, as an import reads them; a lone prompt as its text, a conversation as JSON."""
    cases = Case.objects.filter(version=version).select_related("harm").order_by("position")
    for case in cases.iterator(chunk_size=1_000):
        yield {
            "id": case.external_id,
            "input": _as_input(case.messages),
            "stratum": case.stratum,
            "harm": case.harm.code if case.harm else "",
            "expectation": case.expectation,
            "language": case.language,
            "source": case.source,
        }


def _as_input(messages: list[dict[str, str]]) -> str | list[dict[str, str]]:
    return messages[0]["content"] if len(messages) == 1 and messages[0]["role"] == "user" else messages


def _largest(counted: Counter[Any]) -> list[list[Any]]:
    """The most frequent values; equals by name, those without last."""
    return [list(entry) for entry in sorted(counted.items(), key=lambda entry: (-entry[1], entry[0] == "", str(entry[0])))[:MIX_LISTED]]


def _counts(version: MeasurementSetVersion, name: str) -> list[tuple[Any, int]]:
    return [(value, count) for value, count in version.mix.get(name, {}).get("largest", [])]


def _shares(counts: list[tuple[str, int]], unnamed: str) -> list[Share]:
    return [Share(name or unnamed, name or UNNAMED, count) for name, count in counts]
