"""YAML from strangers: plain values only, of bounded size and depth, with the line on which each entry starts.

Built from the parser's events rather than by a loader, so that no tag makes an object, nesting is counted before it is followed, and aliases that
multiply are refused before anything is multiplied.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from measurements.imports.formats import INTEGER_DIGITS
from raiportal.errors import Invalid

MOST_DEPTH = 50
MOST_VALUES = 1_000_000  # with every alias written out

PARSER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
PLAIN = "tag:yaml.org,2002:"
PLAIN_TAGS = frozenset(f"{PLAIN}{name}" for name in ("str", "int", "float", "bool", "null", "timestamp", "map", "seq", "merge"))
_RESOLVER: Any = yaml.resolver.Resolver()
_CONSTRUCTOR = yaml.constructor.SafeConstructor()


class YamlMapping(dict[str, object]):
    """A mapping with the line it starts on, counted from 1."""

    line = 0


class YamlList(list[object]):
    """A list with the line that each entry starts on."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[int] = []


class _Open:
    """A mapping or list that is being read. `weight` counts its values with every alias written out."""

    def __init__(self, container: YamlMapping | YamlList, anchor: str | None) -> None:
        self.container = container
        self.anchor = anchor
        self.weight = 1
        self.key: str | None = None
        self.merged: list[object] = []

    def put(self, value: object, weight: int, line: int) -> None:
        self.weight += weight
        if self.weight > MOST_VALUES:
            raise Invalid(f"The aliases of this YAML file stand for more than {MOST_VALUES:,} values.", field="file")
        if isinstance(self.container, YamlList):
            self.container.append(value)
            self.container.lines.append(line)
        elif self.key is None:
            self.key = _name(value, line)
        else:
            self._set(self.key, value, line)
            self.key = None

    def close(self) -> None:
        for source in self.merged:
            for name, value in source.items() if isinstance(source, dict) else ():
                self.container.setdefault(name, value)  # type: ignore[union-attr]

    def _set(self, name: str, value: object, line: int) -> None:
        mapping: Any = self.container
        if name == "<<":
            self.merged += value if isinstance(value, list) else [value]
        elif name in mapping:
            raise Invalid(f"The YAML has the key “{name[:60]}” twice in one mapping (line {line:,}).", field="file")
        else:
            mapping[name] = value


def read_yaml(pieces: Iterator[str]) -> object:
    """The document of a YAML file. Raises Invalid for what is no YAML, too deep, multiplied by aliases, tagged, or several documents."""
    text = "".join(pieces)
    try:
        return _Builder().built(text)
    except (yaml.YAMLError, UnicodeEncodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1:,})" if mark else ""
        raise Invalid(f"This is not valid YAML{where}: {getattr(error, 'problem', None) or 'a character that YAML does not allow'}.", field="file") from error


class _Builder:
    def __init__(self) -> None:
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[object, int]] = {}
        self._root: object = None
        self._documents = 0

    def built(self, text: str) -> object:
        for event in yaml.parse(text, Loader=PARSER):
            self._take(event, event.start_mark.line + 1 if event.start_mark else 0)
        return self._root

    def _take(self, event: Any, line: int) -> None:
        if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._begin(event, line)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._end(line)
        elif isinstance(event, yaml.ScalarEvent):
            self._finished(_scalar(event, line), 1, event.anchor, line)
        elif isinstance(event, yaml.AliasEvent):
            anchor = event.anchor or ""
            if anchor not in self._anchors:
                raise Invalid(f"The YAML has an alias without a finished anchor, “{anchor[:60]}” (line {line:,}).", field="file")
            self._finished(*self._anchors[anchor], None, line)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise Invalid(f"The file holds several YAML documents; the second starts on line {line:,}. Split it.", field="file")

    def _begin(self, event: Any, line: int) -> None:
        if len(self._open) >= MOST_DEPTH:
            raise Invalid(f"This YAML is nested more than {MOST_DEPTH} deep (line {line:,}).", field="file")
        _require_plain(event.tag, line)
        container: YamlMapping | YamlList = YamlMapping() if isinstance(event, yaml.MappingStartEvent) else YamlList()
        if isinstance(container, YamlMapping):
            container.line = line
        self._open.append(_Open(container, event.anchor))

    def _end(self, line: int) -> None:
        ended = self._open.pop()
        ended.close()
        start = ended.container.line if isinstance(ended.container, YamlMapping) else line
        self._finished(ended.container, ended.weight, ended.anchor, start)

    def _finished(self, value: object, weight: int, anchor: str | None, line: int) -> None:
        if anchor:
            self._anchors[anchor] = (value, weight)
        if self._open:
            self._open[-1].put(value, weight, line)
        else:
            self._root = value


def _scalar(event: Any, line: int) -> object:
    _require_plain(event.tag, line)
    tag = event.tag or _RESOLVER.resolve(yaml.ScalarNode, event.value, event.implicit)
    text: str = event.value
    node = yaml.ScalarNode(tag, text)
    try:
        if tag == f"{PLAIN}int" and len(text) <= INTEGER_DIGITS:
            return _CONSTRUCTOR.construct_yaml_int(node)
        if tag == f"{PLAIN}float":
            return _CONSTRUCTOR.construct_yaml_float(node)
        if tag == f"{PLAIN}bool":
            return _CONSTRUCTOR.construct_yaml_bool(node)
    except (ValueError, KeyError):
        return text
    return None if tag == f"{PLAIN}null" else text


def _require_plain(tag: str | None, line: int) -> None:
    if tag and tag != "!" and tag not in PLAIN_TAGS:
        raise Invalid(f"The YAML has the tag “{tag[:60]}” (line {line:,}); only plain values are read.", field="file")


def _name(value: object, line: int) -> str:
    if isinstance(value, dict | list):
        raise Invalid(f"A key of this YAML is no plain text (line {line:,}).", field="file")
    return str(value)
