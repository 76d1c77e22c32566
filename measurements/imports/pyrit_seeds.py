"""PyRIT's seed files: YAML with defaults for the file, single prompts, and groups that are one conversation.

A template is not sent with holes in it, and no other kind of content than text is sent at all; both are named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import NamedTuple

from measurements.imports.answers import LeftOver, has_content, unused
from measurements.imports.cases import Limits, shown_name
from measurements.imports.formats import Read, Row
from measurements.imports.lines import ByteStream, read_short_text
from measurements.imports.yaml_documents import YamlList, YamlMapping, read_yaml
from raiportal.errors import Invalid

FILE_KEYS = frozenset({"seeds", "prompts", "dataset_name", "source", "harm_categories", "data_type", "seed_type", "role", "parameters"})
SEED_KEYS = FILE_KEYS | {"value", "name", "sequence", "prompt_group_alias", "prompt_group_id"}
HOLES = (("{{", "}}"), ("{%", "%}"))
TEMPLATES = "templates with parameters"


class Seed(NamedTuple):
    """One entry, with the file's defaults where it says nothing itself."""

    line: int
    values: Mapping[str, object]
    value: object

    @property
    def group(self) -> str:
        alias = self.values.get("prompt_group_alias") or self.values.get("prompt_group_id")
        return str(alias) if alias is not None else ""

    @property
    def data_type(self) -> str:
        return str(self.values.get("data_type") or "text")

    @property
    def seed_type(self) -> str:
        return str(self.values.get("seed_type") or "prompt")

    @property
    def is_template(self) -> bool:
        return has_content(self.values.get("parameters")) or (isinstance(self.value, str) and self.data_type == "text" and _has_hole(self.value))


def _has_hole(text: str) -> bool:
    """Whether a bracket of a template opens and one closes behind it; looked for once each, however many there are."""
    return any((start := text.find(opening)) >= 0 and text.find(closing, start) > 0 for opening, closing in HOLES)


def seed_rows(stream: ByteStream, limits: Limits) -> Iterator[Read]:
    """A row a prompt or a group, at the place of its first entry. Raises Invalid for what is no file of seeds."""
    document = read_yaml(read_short_text(stream, limits))
    if not isinstance(document, YamlMapping):
        raise Invalid("A PyRIT seed file is a YAML mapping with “seeds”; this one isn't.", field="file")
    entries = document.get("seeds") if has_content(document.get("seeds")) else document.get("prompts")
    if not isinstance(entries, YamlList):
        yield from _lone_template(document)
        return
    for name in unused(document, FILE_KEYS):
        yield LeftOver(name)
    yield from _rows(entries, {name: content for name, content in document.items() if name in FILE_KEYS - {"seeds", "prompts"}})


def _lone_template(document: YamlMapping) -> Iterator[Read]:
    if "value" not in document:
        raise Invalid("The file has no list “seeds” (or “prompts”).", field="file")
    seed = Seed(document.line, document, document["value"])
    yield LeftOver(TEMPLATES) if seed.is_template else _single(seed)


def _rows(entries: YamlList, defaults: Mapping[str, object]) -> Iterator[Read]:
    seeds = [_seed(entry, line, defaults) for entry, line in zip(entries, entries.lines, strict=True)]
    groups: dict[str, list[Seed]] = {}
    for seed in seeds:
        if isinstance(seed, Seed) and seed.group:
            groups.setdefault(seed.group, []).append(seed)
    for seed in seeds:
        if isinstance(seed, Row):
            yield seed
        elif not seed.group:
            yield LeftOver(TEMPLATES) if seed.is_template else _single(seed)
        elif group := groups.pop(seed.group, None):
            yield from _group(group)


def _seed(entry: object, line: int, defaults: Mapping[str, object]) -> Seed | Row:
    if isinstance(entry, str):
        return Seed(line, defaults, entry)
    if not isinstance(entry, YamlMapping):
        return Row(line, {}, "The entry is neither text nor a mapping with a value.")
    return Seed(entry.line, {**defaults, **entry}, entry.get("value"))


def _single(seed: Seed) -> Row:
    fault = _fault(seed)
    return Row(seed.line, {}, fault) if fault else Row(seed.line, {"input": seed.value, **_said(seed)}, left_over=_left_over(seed))


def _group(seeds: list[Seed]) -> Iterator[Read]:
    """One conversation out of a group's prompts by their sequence; what the attack is after is told, not sent."""
    objectives = [seed for seed in seeds if seed.seed_type == "objective"]
    prompts = [seed for seed in seeds if seed.seed_type != "objective"]
    if not prompts:
        yield from (LeftOver(TEMPLATES) if seed.is_template else _single(seed) for seed in objectives)
        return
    if objectives:
        yield LeftOver("objectives of groups", len(objectives))
    first = prompts[0]
    if any(seed.is_template for seed in prompts):
        yield LeftOver(TEMPLATES)
        return
    ordered = sorted(prompts, key=_sequence)
    if fault := next((fault for seed in ordered if (fault := _fault(seed))), "") or _missing_turns(ordered):
        yield Row(first.line, {}, f"Group {shown_name(first.group)}: {fault}")
        return
    messages = [{"role": _role(seed), "content": seed.value} for seed in ordered]
    left_over = tuple(name for seed in prompts for name in _left_over(seed))
    yield Row(first.line, {"input": messages, **_said(first), "id": first.group}, left_over=left_over)


def _fault(seed: Seed) -> str:
    if seed.data_type != "text":
        return f"The entry holds {shown_name(seed.data_type)}; only text is sent."
    if seed.seed_type not in ("prompt", "objective"):
        return f"The entry is a {shown_name(seed.seed_type)}, which is no prompt."
    return "" if isinstance(seed.value, str) else "The entry has no value in words."


def _missing_turns(ordered: list[Seed]) -> str:
    """A conversation can only be sent if the answers between the user's turns are in the file."""
    roles = [_role(seed) for seed in ordered]
    turns = [(_sequence(seed), role) for seed, role in zip(ordered, roles, strict=True)]
    for (earlier, one), (later, other) in pairwise(turns):
        if one == other == "user" and earlier != later:
            return "its turns need the model's own answers in between, and the file has none."
    return ""


def _sequence(seed: Seed) -> int:
    sequence = seed.values.get("sequence")
    return sequence if isinstance(sequence, int) else 0


def _role(seed: Seed) -> str:
    return str(seed.values.get("role") or "user")


def _said(seed: Seed) -> dict[str, object]:
    categories = seed.values.get("harm_categories")
    first = categories[0] if isinstance(categories, list) and categories else categories
    return {
        "id": seed.values.get("name"),
        "stratum": first if isinstance(first, str) else "",
        "source": seed.values.get("source") or seed.values.get("dataset_name"),
    }


def _left_over(seed: Seed) -> tuple[str, ...]:
    categories = seed.values.get("harm_categories")
    further = ("further harm_categories",) if isinstance(categories, list) and len(categories) > 1 else ()
    return (*unused(seed.values, SEED_KEYS), *further)
