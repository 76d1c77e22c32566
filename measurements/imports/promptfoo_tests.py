"""promptfoo's tests: every prompt of a configuration with the variables of every test, or a CSV file of variables.

Variables are put in as they stand and nothing else is: a prompt that needs more than `{{name}}` is rejected, and what a variable says is never read
as a template.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import NamedTuple

from measurements.imports.answers import LeftOver, has_content, short, unused
from measurements.imports.cases import Limits, RowFaultError, shown_name
from measurements.imports.formats import Read, Row, table_rows
from measurements.imports.json_documents import MEMBERS, read_document
from measurements.imports.lines import ByteStream, read_lines, read_short_text
from measurements.imports.yaml_documents import YamlList, YamlMapping, read_yaml
from raiportal.errors import Invalid

VARIABLE = re.compile(r"\{\{-?\s*([A-Za-z_][\w.]*)\s*-?\}\}")
TEMPLATE = re.compile(r"\{\{|\{%|\{#")
WHOLE_PROMPT = "{{prompt}}"  # what promptfoo sends when a configuration has no prompts
FILE = "file://"
MOST_DEFAULTS = 200

CONFIG_KEYS = frozenset({"prompts", "tests", "defaultTest", "description"})
TEST_KEYS = frozenset({"vars", "assert", "description", "metadata", "options"})
METADATA_KEYS = frozenset({"pluginId", "language"})
OPTION_KEYS = frozenset({"prefix", "suffix"})
EXPECTED = re.compile(r"__expected\d*\Z")


class Test(NamedTuple):
    """What one test says, with the defaults of its configuration put in; `line` is 0 where the file's format tells none."""

    line: int
    variables: Mapping[str, object]
    values: Mapping[str, object]
    prefix: str
    suffix: str


def document_rows(stream: ByteStream, limits: Limits, *, is_json: bool) -> Iterator[Read]:
    """Prompts x tests of a configuration, or of a bare list of tests. Raises Invalid for what is neither."""
    document = _json(stream, limits) if is_json else read_yaml(read_short_text(stream, limits))
    if isinstance(document, list):
        yield from _rows([WHOLE_PROMPT], _tests(document, {}), limits)
        return
    if not isinstance(document, dict) or not (has_content(document.get("tests")) or has_content(document.get("prompts"))):
        raise Invalid("The file has neither “prompts” nor “tests”, so it is no configuration of promptfoo's.", field="file")
    for name in unused(document, CONFIG_KEYS):
        yield LeftOver(name)
    prompts, odd = _prompts(document.get("prompts"))
    yield from odd
    if has_content(document.get("prompts")) and not prompts:
        raise Invalid("All prompts of this configuration stand in other files. Import its results, or put the prompts in.", field="file")
    default = document.get("defaultTest")
    tests = document.get("tests")
    yield from _rows(prompts or [WHOLE_PROMPT], _tests(tests if has_content(tests) else [{}], default if isinstance(default, dict) else {}), limits)


def _json(stream: ByteStream, limits: Limits) -> object:
    """A configuration in JSON, read whole like one in YAML; the lines of its tests are kept."""
    members, bare = YamlMapping(), YamlList()
    for found in read_document(read_short_text(stream, limits), MEMBERS | {("tests",), ()}, limits):
        if found.fault:
            raise Invalid(f"Line {found.line:,}: {found.fault}", field="file")
        if not found.is_element:
            members[".".join(found.path)] = found.value
            continue
        tests: object = bare if found.path == () else members.setdefault("tests", YamlList())
        if isinstance(tests, YamlList):
            tests.append(found.value)
            tests.lines.append(found.line)
    return bare if bare else members


def _prompts(given: object) -> tuple[list[object], list[LeftOver]]:
    """The prompts that stand in the configuration itself, and those that don't."""
    entries = given if isinstance(given, list) else [given] if isinstance(given, str) else []
    prompts: list[object] = []
    odd = []
    for entry in entries:
        text = entry.get("raw", entry.get("id")) if isinstance(entry, dict) else entry
        if not isinstance(text, str) or text.startswith(FILE) or ("\n" not in text and re.search(r"\.(txt|json|jsonl|ya?ml|js|ts|py|md|csv)(:\w+)?$", text)):
            odd.append(LeftOver("prompts in other files"))
        else:
            prompts.append(_conversation(text))
    return prompts, odd


def _conversation(text: str) -> object:
    """A prompt that is written as a JSON list of messages is one."""
    if text.lstrip().startswith("["):
        try:
            messages = json.loads(text)
        except (ValueError, RecursionError):
            return text
        if isinstance(messages, list) and messages and all(isinstance(message, dict) for message in messages):
            return messages
    return text


def _tests(given: object, default: Mapping[str, object]) -> Iterator[Test | LeftOver]:
    _require_few(default)
    entries = given if isinstance(given, list) else [given]
    lines = given.lines if isinstance(given, YamlList) else [1] * len(entries)
    for entry, line in zip(entries, lines, strict=True):
        if isinstance(entry, dict):
            yield from _expanded(entry.line if isinstance(entry, YamlMapping) else line, entry, default)
        else:
            yield LeftOver("tests in other files")


def _require_few(default: Mapping[str, object]) -> None:
    """Defaults are put into every test, so that many of them in many tests would be too much of a file of any size."""
    if max(len(_object(default.get("vars"))), len(_object(default.get("metadata"))), len(_list(default.get("assert"))), len(default)) > MOST_DEFAULTS:
        raise Invalid(f"“defaultTest” may have {MOST_DEFAULTS} variables, assertions and other entries each.", field="file")


def _expanded(line: int, entry: Mapping[str, object], default: Mapping[str, object]) -> Iterator[Test]:
    """A variable with a list of values stands for as many tests, as in promptfoo."""
    values: dict[str, object] = {**default, **entry}
    for name in ("vars", "metadata", "options"):
        values[name] = {**_object(default.get(name)), **_object(entry.get(name))}
    values["assert"] = [*_list(default.get("assert")), *_list(entry.get("assert"))]
    variables, options = _object(values["vars"]), _object(values["options"])
    choices = [value if isinstance(value, list) and value else [value] for value in variables.values()]
    for chosen in product(*choices):
        yield Test(line, dict(zip(variables, chosen, strict=True)), values, _text(options.get("prefix")), _text(options.get("suffix")))


def _rows(prompts: Sequence[object], tests: Iterator[Test | LeftOver], limits: Limits) -> Iterator[Read]:
    for test in tests:
        if isinstance(test, LeftOver):
            yield test
            continue
        for prompt in prompts:
            yield _row(test, prompt, limits)


def _row(test: Test, prompt: object, limits: Limits) -> Row:
    metadata = _object(test.values.get("metadata"))
    assertions = _list(test.values.get("assert"))
    case: dict[str, object] = {
        "id": _text(test.values.get("description"))[:200],
        "stratum": _text(metadata.get("pluginId"))[:120],
        "language": _text(metadata.get("language"))[:35],
        "expectation": "\n".join(_expected(assertion) for assertion in assertions)[:20_000],
        "source": "promptfoo",
    }
    try:
        case["input"] = _filled(prompt, test, limits.max_input)
    except RowFaultError as fault:
        return Row(test.line, {}, str(fault))
    left_over = (
        *unused(test.values, TEST_KEYS, "test."),
        *unused(metadata, METADATA_KEYS, "metadata."),
        *unused(_object(test.values.get("options")), OPTION_KEYS, "options."),
        *(name for assertion in assertions for name in unused(_object(assertion), frozenset({"type", "value"}), "assert.")),
    )
    return Row(test.line, case, left_over=left_over)


def _expected(assertion: object) -> str:
    said = _object(assertion)
    value = said.get("value")
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False) if has_content(value) else ""
    return f"{short(said.get('type'), 60)}: {text}".removesuffix(": ") if said else ""


def _filled(prompt: object, test: Test, longest: int) -> object:
    """The prompt with its variables. Raises RowFaultError where that takes more than putting text in."""
    if not isinstance(prompt, list):
        return _fill(f"{test.prefix}{prompt}{test.suffix}", test.variables, longest)
    return [
        {**message, "content": _fill(message["content"], test.variables, longest)} if isinstance(message.get("content"), str) else message for message in prompt
    ]


def _fill(template: str, variables: Mapping[str, object], longest: int) -> str:
    """The template with its variables, counted before it is put together: a short file can ask for a text without end."""
    _require_length(len(template), longest)
    if odd := TEMPLATE.search(VARIABLE.sub("", template)):
        raise RowFaultError(f"The prompt uses more of a template than plain variables (“{odd[0]}”); it isn't sent with that in it.")
    uses = Counter(VARIABLE.findall(template))
    values = {name: _variable(name, variables) for name in uses}
    _require_length(sum(len(values[name]) * times for name, times in uses.items()), longest)
    return VARIABLE.sub(lambda found: values[found[1]], template)


def _require_length(length: int, longest: int) -> None:
    if length > longest:
        raise RowFaultError(f"The prompt would have {length:,} characters; {longest:,} is the most.")


def _variable(name: str, variables: Mapping[str, object]) -> str:
    value = variables.get(name)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if not isinstance(value, str):
        lack = "isn't set by the test" if value is None else "is no text"
        raise RowFaultError(f"The prompt's variable “{shown_name(name)}” {lack}.")
    if value.startswith(FILE):
        raise RowFaultError(f"The prompt's variable “{shown_name(name)}” stands in another file.")
    return value


# --- CSV ---


def table_test_rows(stream: ByteStream, limits: Limits) -> Iterator[Read]:
    """A row a test; the column `prompt` is what is sent. Raises Invalid without it: a CSV of variables says nothing without the prompts around them."""
    for row in table_rows(read_lines(stream, limits), limits, ("prompt",), "prompt"):
        yield _table_row(row)


def _table_row(row: Row) -> Row:
    values = row.values
    if row.fault:
        return row
    expected = [str(value) for name, value in values.items() if EXPECTED.match(name) and has_content(value)]
    case: dict[str, object] = {
        "input": f"{values.get('__prefix') or ''}{values.get('prompt') or ''}{values.get('__suffix') or ''}",
        "id": str(values.get("__description") or "")[:200],
        "stratum": str(values.get("__metadata:pluginId") or "")[:120],
        "language": str(values.get("__metadata:language") or "")[:35],
        "expectation": "\n".join(expected)[:20_000],
        "source": "promptfoo",
    }
    used = {"prompt", "__metadata:pluginId", "__metadata:language", "__prefix", "__suffix", "__description"}
    left_over = tuple(name for name, value in values.items() if name and name not in used and not EXPECTED.match(name) and has_content(value))
    return Row(row.number, case, left_over=tuple(short(name, 60) for name in left_over))


def _object(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
