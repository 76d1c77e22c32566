"""Files of garak, PyRIT and promptfoo in every variant that their versions write. All of them are of our own making."""

from __future__ import annotations

import contextlib
import io
import json
import time
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from measurements.imports import Answer, LeftOver, Limits, Origin, ParsedCase, RejectedRow, build_report, parse
from measurements.imports.detection import detect_format
from raiportal.errors import Invalid


def rows_of(content: bytes | str, format: str) -> list[Any]:
    return list(parse(io.BytesIO(content.encode() if isinstance(content, str) else content), format, name="results.csv"))


def cases_of(content: bytes | str, format: str) -> list[ParsedCase]:
    return [row for row in rows_of(content, format) if isinstance(row, ParsedCase)]


def texts_of(content: bytes | str, format: str) -> list[str]:
    return [case.messages[-1]["content"] for case in cases_of(content, format)]


def answers_of(content: bytes | str, format: str) -> list[Answer]:
    return [answer for case in cases_of(content, format) for _, answer in case.answers]


def reasons_of(content: bytes | str, format: str) -> list[str]:
    return [row.reason for row in rows_of(content, format) if isinstance(row, RejectedRow)]


def left_over_of(content: bytes | str, format: str) -> dict[str, int]:
    return build_report(parse(io.BytesIO(content.encode() if isinstance(content, str) else content), format)).results.left_over


def verdicts_of(answer: Answer) -> dict[str, int]:
    return {verdict.metric.name: verdict.severity for verdict in answer.verdicts}


def lines(*values: object) -> str:
    return "\n".join(json.dumps(value) for value in values)


# --- garak: prompts ---
@pytest.mark.parametrize(
    ("content", "texts"),
    [
        ("one\n\ntwo\n", ["one", "two"]),
        ('["one", "two"]', ["one", "two"]),
        ('[\n  {"prompt": "one"},\n  {"question": "two", "answer": true}\n]', ["one", "two"]),
        ('{"prompt": "one", "intents": ["S1"]}\n{"text": "two"}', ["one", "two"]),
        ('{"prefix": "one", "term": "t"}', ["one"]),
        ('{"garak_payload_name": "x", "payloads": ["one", "two"], "lang": "en"}', ["one", "two"]),
        ('{"direct": ["one"], "indirect": ["two"]}', ["one", "two"]),
        ('[{"turns": [{"role": "user", "message": "zero"}, {"role": "assistant", "message": "?"}, {"role": "user", "message": "one"}]}]', ["one"]),
        ("[BEGIN] one\n[/END] two\n", ["[BEGIN] one", "[/END] two"]),
    ],
)
def test_garak_prompt_files_of_every_kind(content, texts):
    assert texts_of(content, "garak") == texts


def test_garak_prompt_tells_its_line_intent_and_language():
    first, second = cases_of('[\n"a",\n\n{"prompt": "b", "intents": ["S4", "S5"], "lang": "de", "notes": "n"}]', "garak")

    assert (first.row, first.stratum, second.row, second.stratum, second.language) == (2, "", 4, "S4", "de")
    assert left_over_of('[{"prompt": "b", "notes": "n"}]', "garak") == {"notes": 1}


def test_garak_prompt_with_a_hole_is_not_sent_with_it():
    assert reasons_of('["Hello {generator.name}", "fine"]', "garak") == ["The prompt has the hole {generator.name}, which garak fills in by itself."]


@pytest.mark.parametrize("content", ['{"a": 1}', '{"a": {"b": []}}', "{}", '{"payloads": "x"}', '["one"', '["one"] tail', '["one" "two"]'])
def test_json_that_is_no_list_of_prompts_is_refused(content):
    with pytest.raises(Invalid):
        rows_of(content, "garak")


# --- garak: reports ---
def attempt(uuid: str = "u", **said: Any) -> dict[str, Any]:
    return {"entry_type": "attempt", "uuid": uuid, "status": 2, "probe_classname": "p.P", "prompt": "how", "outputs": [], "detector_results": {}, **said}


PROMPTS = {
    "text": "how",
    "message": {"text": "how", "lang": "en", "data_path": None},
    "turns": {"turns": [{"role": "user", "content": {"text": "how", "lang": "en", "data_path": None}}]},
    "turns of text": {"turns": [{"role": "user", "content": "how"}]},
}


@pytest.mark.parametrize("prompt", PROMPTS.values(), ids=PROMPTS)
@pytest.mark.parametrize("output", ["so", {"text": "so", "lang": "en", "data_path": None}], ids=["text", "message"])
def test_report_reads_prompt_and_output_of_every_age(prompt, output):
    (case,) = cases_of(lines(attempt(prompt=prompt, outputs=[output], detector_results={"d": [0.7]})), "garak")

    ((_, answer),) = case.answers
    assert case.messages == [{"role": "user", "content": "how"}]
    assert (answer.text, verdicts_of(answer)) == ("so", {"garak: d": 1})


def test_report_keeps_the_roles_of_a_conversation():
    turns = [{"role": "system", "content": {"text": "Be brief."}}, {"role": "user", "content": {"text": "how", "lang": "fr", "data_path": "x.png"}}]

    (case,) = cases_of(lines(attempt(prompt={"turns": turns})), "garak")

    assert case.messages == [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "how"}]
    assert (case.language, case.stratum, case.external_id) == ("fr", "p.P", "u")
    assert left_over_of(lines(attempt(prompt={"turns": turns})), "garak") == {"prompt.data_path": 1}


def test_report_takes_the_evaluated_attempt_and_one_that_never_was():
    before, after = attempt(status=1, outputs=["so"]), attempt(outputs=["so"], detector_results={"d": [0.0]})

    assert [verdicts_of(answer) for answer in answers_of(lines(before, after), "garak")] == [{"garak: d": 0}]
    assert [verdicts_of(answer) for answer in answers_of(lines(before), "garak")] == [{}]
    assert len(answers_of(lines(after, after), "garak")) == 1
    assert len(answers_of(lines(attempt("a", outputs=["x"]), attempt("b", outputs=["y"])), "garak")) == 2


def test_report_of_missing_and_empty_answers_says_so():
    outputs = [None, "", "  \n", {"text": None}, {"text": "so"}]
    found = answers_of(lines(attempt(outputs=outputs, detector_results={"d": [None, 1.0, 1.0, None, "0.5"]})), "garak")

    assert [(answer.outcome.value, answer.reason) for answer in found] == [
        ("failed", "provider_error"),
        ("failed", "empty"),
        ("failed", "empty"),
        ("failed", "provider_error"),
        ("answered", None),
    ]
    assert [verdicts_of(answer) for answer in found] == [{}, {}, {}, {}, {"garak: d": 1}]


def test_report_uses_its_own_threshold_and_adds_up_detectors():
    setup = {"entry_type": "start_run setup", "run.eval_threshold": 0.8, "plugins.model_type": "test", "plugins.model_name": "Blank"}
    content = lines(setup, attempt(outputs=["a", "b", "c"], detector_results={"d": [0.7, 0.9, None], "e": [0.1, 0.1, None], "f": "odd"}))

    found = answers_of(content, "garak")

    assert [verdicts_of(answer) for answer in found] == [
        {"garak: d": 0, "garak: e": 0, "garak: any detector": 0},
        {"garak: d": 1, "garak: e": 0, "garak: any detector": 1},
        {},
    ]
    assert found[1].verdicts[0].reason == "Score 0.9, a hit from 0.8 on."
    assert found[1].verdicts[2].reason == "Hit by d."
    assert Origin(tool="garak", model="test Blank") in rows_of(content, "garak")


def test_report_counts_its_other_lines_and_rejects_broken_ones():
    content = lines(
        attempt(outputs=["so"], notes={"a": 1}, goal="g", conversations=[]), {"entry_type": "eval", "confidence": 0.95}, {"entry_type": "digest"}, {}
    )

    assert left_over_of(content, "garak") == {"attempt.notes": 1, "attempt.goal": 1, "eval lines": 1, "digest lines": 1, "untyped lines": 1}
    assert reasons_of(f'{content}\n{{"entry_type": "attempt", "cut', "garak")[0].startswith("This is not valid JSON")
    assert reasons_of(lines(attempt(prompt=None)), "garak") == ['The row has no "input".']


def test_hit_log_joins_the_detectors_of_one_answer():
    hit = {"prompt": "how", "output": "so", "score": 1.0, "run_id": "r", "attempt_id": "a", "attempt_idx": 0, "generator": "g m", "probe": "p"}
    content = lines({**hit, "detector": "d"}, {**hit, "detector": "e", "score": 0.6}, {**hit, "detector": "d", "attempt_idx": 1, "output": "no"})

    found = answers_of(content, "garak")

    assert [(answer.text, answer.model, verdicts_of(answer)) for answer in found] == [
        ("so", "g m", {"garak: d": 1, "garak: e": 1}),
        ("no", "g m", {"garak: d": 1}),
    ]
    assert build_report(parse(io.BytesIO(content.encode()), "garak")).results.origin.is_selection


# --- PyRIT: seeds ---
def test_seeds_take_the_files_defaults_and_tell_what_is_left():
    content = """
dataset_name: ours
harm_categories: [violence, other]
description: text
seeds:
  - value: one
    name: first
  - value: two
    harm_categories: privacy
    source: elsewhere
    metadata: {a: 1}
    nobody_knows: this
"""
    first, second = cases_of(content, "pyrit")

    assert (first.messages[0]["content"], first.external_id, first.stratum, first.source, first.row) == ("one", "first", "violence", "ours", 6)
    assert (second.stratum, second.source, second.row) == ("privacy", "elsewhere", 8)
    assert left_over_of(content, "pyrit") == {"description": 1, "further harm_categories": 1, "metadata": 1, "nobody_knows": 1}


def test_older_seeds_are_called_prompts_and_may_be_bare_texts():
    assert texts_of("prompts:\n  - value: one\n  - two\n", "pyrit") == ["one", "two"]


def test_group_is_one_conversation_in_its_sequence():
    content = """
seeds:
  - {value: third, role: user, sequence: 2, prompt_group_alias: g}
  - {value: alone}
  - {value: first, role: user, sequence: 0, prompt_group_alias: g}
  - {value: second, role: assistant, sequence: 1, prompt_group_alias: g}
  - {value: aim, seed_type: objective, prompt_group_alias: g}
"""
    conversation, alone = cases_of(content, "pyrit")

    assert [(message["role"], message["content"]) for message in conversation.messages] == [("user", "first"), ("assistant", "second"), ("user", "third")]
    assert (conversation.external_id, alone.messages[0]["content"]) == ("g", "alone")
    assert left_over_of(content, "pyrit") == {"objectives of groups": 1}


@pytest.mark.parametrize(
    ("seeds", "words"),
    [
        ("- {value: a, sequence: 0, prompt_group_alias: g}\n- {value: b, sequence: 1, prompt_group_alias: g}", "its turns need the model's own answers"),
        (
            "- {value: a, role: user, sequence: 0, prompt_group_id: 7}\n- {value: b, role: assistant, sequence: 1, prompt_group_id: 7}",
            "The last message is from",
        ),
        ("- {value: a.png, data_type: image_path}", "The entry holds image_path"),
        ("- {value: a, prompt_group_alias: g}\n- {value: b.wav, data_type: audio_path, prompt_group_alias: g}", "Group g: The entry holds audio_path"),
        ("- {value: 7}", "no value in words"),
        ("- {name: nothing}", "no value in words"),
        ("- 7", "neither text nor a mapping"),
        ("- {value: a, seed_type: simulated_conversation}", "simulated_conversation, which is no prompt"),
    ],
)
def test_seed_that_cannot_be_sent_is_rejected_in_words(seeds, words):
    (reason,) = reasons_of(f"seeds:\n{seeds}\n- {{value: fine}}", "pyrit")

    assert words in reason


def test_template_is_named_and_never_sent_with_holes():
    content = "seeds:\n  - value: 'Tell {{ prompt }}'\n  - {value: plain, parameters: [prompt]}\n  - value: fine\n"

    assert texts_of(content, "pyrit") == ["fine"]
    assert left_over_of(content, "pyrit") == {"templates with parameters": 2}
    with pytest.raises(Invalid, match="templates with parameters"):
        rows_of("name: x\nparameters: [prompt]\nvalue: Tell {{ prompt }}\n", "pyrit")


# --- YAML from strangers ---
def bomb() -> str:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    return "\n".join(levels) + "\nseeds: [{value: *a9}]\n"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (bomb(), "aliases of this YAML file stand for more than"),
        ("seeds: &s [*s]", "without a finished anchor"),
        ("seeds: " + "[" * 100_000, "nested more than 50 deep"),
        ("seeds: !!python/object/apply:os.system ['true']", "only plain values are read"),
        ("seeds: !local x", "only plain values are read"),
        ("seeds: [{value: a, value: b}]", "twice in one mapping"),
        ("seeds: [a]\n---\nseeds: [b]", "several YAML documents"),
        ("seeds: [a", "not valid YAML"),
        ("seeds: {? [a] : b}", "no plain text"),
        ("- a\n- b\n", "with “seeds”"),
        ("other: [a]\n", "no list “seeds”"),
        ("seeds: [" + "'" + "x" * 10_000_000 + "']", "characters; split it"),
    ],
)
def test_yaml_that_is_dangerous_or_broken_is_refused(content, words):
    started = time.monotonic()

    with pytest.raises(Invalid, match=words):
        rows_of(content, "pyrit")

    assert time.monotonic() - started < 5


def test_yaml_aliases_and_merges_that_stay_small_are_read():
    content = "base: &base {source: here, value: nobody}\nseeds:\n  - {<<: *base, value: one}\n  - <<: *base\n"

    assert [(case.messages[0]["content"], case.source) for case in cases_of(content, "pyrit")] == [("one", "here"), ("nobody", "here")]


@given(st.text(st.characters(blacklist_categories=["Cs"]), max_size=60), st.sampled_from(["pyrit", "promptfoo", "garak"]))
def test_any_text_ends_in_rows_or_one_refusal(text, format):
    for beginning in ("seeds:\n- ", "", "[", '{"results": {"results": [', '{"entry_type": "attempt", ', "prompts: [a]\ntests:\n- "):
        with contextlib.suppress(Invalid):
            report = build_report(parse(io.BytesIO(f"{beginning}{text}".encode()), format))
            json.dumps([case.messages for case in report.sample], ensure_ascii=False).encode()


# --- PyRIT: scorer evaluations ---
COMMENT = "# dataset_version=1.0, harm_definition=violence.yaml,harm_definition_version=1.0,,\n"


def test_evaluation_scores_become_levels_by_rater():
    content = f"{COMMENT}harm_category,objective,assistant_response,human_score_1,human_score_2,data_type\nviolence,how,so,0.25,1,text\n"

    (answer,) = answers_of(content, "pyrit")

    assert [(label.rater, label.severity, label.metric.name) for label in answer.labels] == [
        ("human_score_1 of results.csv", 1, "PyRIT: violence"),
        ("human_score_2 of results.csv", 4, "PyRIT: violence"),
    ]
    assert answer.labels[0].metric.scale == "five_levels"


@pytest.mark.parametrize(
    ("content", "metric"),
    [
        ("objective,assistant_response,human_score,data_type,harm_category\nhow,so,1,text,cyber\n", "PyRIT: objective reached"),
        ("# one\n# two, more\nobjective,assistant_response,human_score,data_type\nhow,so,1,text\n", "PyRIT: refusal"),
        ("objective,assistant_response,human_score,harm_category\nhow,so,1,cyber\nwhy,no,0.5,cyber\n", "PyRIT: cyber"),
    ],
)
def test_evaluation_without_a_definition_tells_by_its_columns_and_scores(content, metric):
    assert {label.metric.name for answer in answers_of(content, "pyrit") for label in answer.labels} == {metric}


def test_evaluation_drops_no_answer_for_a_score_that_is_none():
    rows = "how,so,0.3,text,n\nhow,no,,text,\nhow,,1,text,\nhow,yes,high,text,\nhow,x.png,1,image_path,\n"
    content = f"{COMMENT}objective,assistant_response,human_score_1,data_type,note\n{rows}"

    found = answers_of(content, "pyrit")

    assert [(answer.outcome.value, len(answer.labels)) for answer in found] == [("answered", 0), ("answered", 0), ("failed", 1), ("answered", 0)]
    assert left_over_of(content, "pyrit") == {"dataset_version 1.0": 1, "harm_definition_version 1.0": 1, "human_score_1 off the scale": 2, "note": 1}
    assert reasons_of(content, "pyrit") == ["The answer is image_path; only text is read."]


def test_evaluation_without_its_columns_is_refused():
    with pytest.raises(Invalid, match="seeds"):
        rows_of("objective,response\nhow,so\n", "pyrit")


# --- promptfoo: tests ---
def test_tests_are_prompts_times_variables_filled_plainly():
    content = """
prompts: ["Say {{ what }} to {{who}}", {raw: "{{what}}!", label: short}, file://prompts.txt]
providers: [openai:x]
defaultTest: {vars: {who: me}, assert: [{type: is-json}]}
tests:
  - {description: greeting, vars: {what: hi}, assert: [{type: contains, value: hello, weight: 2}], metadata: {pluginId: polite}}
  - vars: {what: ["one", "two"], who: "{{ settings.SECRET_KEY }}"}
  - file://more.yaml
"""
    found = cases_of(content, "promptfoo")

    assert [case.messages[0]["content"] for case in found] == [
        "Say hi to me",
        "hi!",
        "Say one to {{ settings.SECRET_KEY }}",
        "one!",
        "Say two to {{ settings.SECRET_KEY }}",
        "two!",
    ]
    assert (found[0].external_id, found[0].stratum, found[0].expectation, found[0].row) == ("greeting", "polite", "is-json\ncontains: hello", 6)
    assert left_over_of(content, "promptfoo") == {"providers": 1, "prompts in other files": 1, "tests in other files": 1, "assert.weight": 2}


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("{{ missing }}", "“missing” isn't set"),
        ("{{ a | upper }}", "more of a template"),
        ("{% if a %}x{% endif %}", "more of a template"),
        ("{{ 7*7 }}", "more of a template"),
        ("{# note #} {{a}}", "more of a template"),
        ("{{ deep }}", "is no text"),
        ("{{ file }}", "stands in another file"),
    ],
)
def test_prompt_that_needs_a_template_engine_is_rejected(prompt, words):
    content = json.dumps({"prompts": [prompt], "tests": [{"vars": {"a": "x", "deep": {"b": 1}, "file": "file://a.txt"}}]})

    (reason,) = reasons_of(content, "promptfoo")

    assert words in reason


def test_prompt_in_chat_form_is_a_conversation():
    prompt = json.dumps([{"role": "system", "content": "Be {{how}}."}, {"role": "user", "content": "Hi, {{how}}"}])

    (case,) = cases_of(json.dumps({"prompts": [prompt], "tests": [{"vars": {"how": "brief"}}]}), "promptfoo")

    assert [message["content"] for message in case.messages] == ["Be brief.", "Hi, brief"]


def test_tests_without_prompts_send_the_variable_prompt():
    assert texts_of("- vars: {prompt: one}\n- vars: {prompt: 2}\n", "promptfoo") == ["one", "2"]
    assert texts_of('[{"vars": {"prompt": "one"}}]', "promptfoo") == ["one"]
    assert texts_of("redteam: {purpose: x}\ntests:\n  - vars: {prompt: one}\n", "promptfoo") == ["one"]


def test_tests_that_multiply_without_end_are_refused():
    variables = {f"v{number}": list(range(100)) for number in range(20)}

    content = io.BytesIO(json.dumps({"prompts": ["{{v0}}"], "tests": [{"vars": variables}]}).encode())

    with pytest.raises(Invalid, match="more than 1,000 rows"):
        list(parse(content, "promptfoo", limits=Limits(max_rows=1_000)))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"prompts": ["{{a}}" * 30_000], "tests": [{"vars": {"a": "x" * 1_000_000}}]}, "The prompt would have 30,000,000,000 characters; 200,000 is the most."),
        ({"prompts": ["p" * 1_000_000], "tests": [{}]}, "The prompt would have 1,000,000 characters; 200,000 is the most."),
    ],
)
def test_prompt_that_would_grow_without_end_is_counted_and_not_built(content, reason):
    assert reasons_of(json.dumps(content), "promptfoo") == [reason]


def test_defaults_that_would_be_put_into_every_test_are_few():
    content = {"prompts": ["p"], "defaultTest": {"vars": {f"v{number}": 1 for number in range(500)}}, "tests": [{}]}

    with pytest.raises(Invalid, match="“defaultTest” may have 200"):
        rows_of(json.dumps(content), "promptfoo")


@pytest.mark.parametrize(
    ("content", "format"),
    [
        (f"seeds:\n- value: '{'{{' * 2_000_000}'\n", "pyrit"),
        (f"# {'a' * 3_000_000}\nobjective,assistant_response,human_score\nhow,so,1\n", "pyrit"),
        (f'{{"evalId": "e", "results": {{"results": [{"x," * 150_000}1]}}}}', "promptfoo"),
        (f'{{"evalId": "e", "results": {{"results": [{"[" * 3_000_000}', "promptfoo"),
        (f'["{"{generator." * 300_000}"]', "garak"),
    ],
)
def test_text_made_to_be_slow_is_read_as_fast_as_any(content, format):
    started = time.process_time()

    with contextlib.suppress(Invalid):
        rows_of(content, format)

    assert time.process_time() - started < 8


def test_csv_tests_are_read_by_their_special_columns():
    content = "prompt,topic,__expected,__expected2,__prefix,__description,__metadata:pluginId,__threshold\nhow,t,contains: x,is-json,Say: ,first,plug,0.5\n"

    (case,) = cases_of(content, "promptfoo")

    assert (case.messages[0]["content"], case.expectation, case.external_id, case.stratum) == ("Say: how", "contains: x\nis-json", "first", "plug")
    assert left_over_of(content, "promptfoo") == {"topic": 1, "__threshold": 1}
    with pytest.raises(Invalid, match='no column "prompt"'):
        rows_of("topic,__expected\nt,x\n", "promptfoo")


# --- promptfoo: results ---
def result(**said: Any) -> dict[str, Any]:
    return {
        "promptIdx": 0,
        "testIdx": 0,
        "prompt": {"raw": "how", "label": "how"},
        "provider": {"id": "openai:tiny", "label": ""},
        "testCase": {"vars": {}, "assert": [{"type": "not-contains", "value": "so"}], "description": "d", "metadata": {"pluginId": "harmful:x"}},
        "response": {"output": "so", "tokenUsage": {"prompt": 3, "completion": 4, "total": 7}, "cached": False},
        "success": False,
        "score": 0,
        "failureReason": 1,
        "error": "Expected no so",
        "gradingResult": {
            "pass": False,
            "score": 0,
            "reason": "Expected no so",
            "componentResults": [{"pass": False, "reason": "It says so", "assertion": {}}],
        },
        "latencyMs": 120.4,
        **said,
    }


def document(*results: dict[str, Any], **said: Any) -> str:
    body = {"version": 3, "timestamp": "2026-01-02", "prompts": [{"raw": "how"}], "results": list(results), "stats": {"successes": 1}}
    return json.dumps({"evalId": "e", "results": {**body, **said}, "config": {"prompts": ["x"]}, "shareableUrl": None}, indent=1)


def table(*results: dict[str, Any]) -> str:
    moved = ("response", "testCase", "success")
    outputs = [{**{key: value for key, value in found.items() if key not in moved}, "text": "so", "pass": found["success"]} for found in results]
    row = {"outputs": outputs, "vars": [], "test": results[0]["testCase"]}
    return json.dumps({"results": {"version": 2, "table": {"head": {"prompts": []}, "body": [row]}}})


@pytest.mark.parametrize("write", [document, lines, table, lambda *found: json.dumps(list(found))], ids=["version 3", "jsonl", "version 2 table", "list"])
def test_results_of_every_version_turn_success_round(write):
    content = write(result(), result(success=True, failureReason=0, error=None, gradingResult={"pass": True, "reason": "All passed"}))

    (case, again) = cases_of(content, "promptfoo")
    found = answers_of(content, "promptfoo")

    assert (case.key, case.stratum, case.external_id) == (again.key, "harmful:x", "d")
    assert [(answer.outcome.value, answer.text, verdicts_of(answer)) for answer in found] == [
        ("answered", "so", {"promptfoo: failed tests": 1}),
        ("answered", "so", {"promptfoo: failed tests": 0}),
    ]
    assert (found[0].model, found[0].verdicts[0].reason, found[0].latency_ms) == ("openai:tiny", "Expected no so / It says so", 120)


def test_result_keeps_tokens_and_tells_what_is_left():
    content = document(result(cost=0.2, namedScores={"a": 1}, vars={"x": 1}))

    (answer,) = answers_of(content, "promptfoo")

    assert (answer.prompt_tokens, answer.completion_tokens) == (3, 4)
    assert left_over_of(content, "promptfoo") == {"results.prompts": 1, "results.stats": 1, "config": 1, "cost": 1, "namedScores": 1}


@pytest.mark.parametrize(
    ("said", "outcome", "reason"),
    [
        ({"failureReason": 2, "error": "API error: 500", "response": None}, "failed", "provider_error"),
        ({"failureReason": None, "error": "API error", "response": {"output": None}}, "failed", "provider_error"),
        ({"response": {"error": "quota"}}, "failed", "provider_error"),
        ({"response": {"output": ""}}, "failed", "empty"),
        ({"response": {"output": None}}, "failed", "empty"),
        ({"response": {"output": "I can't.", "isRefusal": True}}, "refused", None),
        ({"response": {"output": "filtered", "guardrails": {"flagged": True, "flaggedInput": True}}}, "input_blocked", None),
        ({"response": {"output": "filtered", "guardrails": {"flagged": True, "flaggedOutput": True}}}, "output_blocked", None),
        ({"response": {"output": "par", "finishReason": "content_filter"}}, "output_blocked", None),
        ({"response": {"output": {"a": 1}}}, "answered", None),
    ],
)
def test_result_without_an_answer_is_no_finding(said, outcome, reason):
    (answer,) = answers_of(document(result(**said)), "promptfoo")

    assert (answer.outcome.value, answer.reason) == (outcome, reason)
    assert bool(answer.verdicts) == (outcome == "answered")


def test_success_without_an_assertion_judges_nothing():
    content = document(result(success=True, testCase={"assert": []}, gradingResult=None))

    assert answers_of(content, "promptfoo")[0].verdicts == ()
    assert left_over_of(content, "promptfoo")["successes without an assertion"] == 1


def test_rating_by_a_person_is_a_label_and_leaves_the_assertions_verdict():
    machine = {"pass": False, "reason": "says so", "assertion": {"type": "x"}}
    person = {"pass": True, "reason": "ok", "comment": "fine to me", "assertion": {"type": "human"}}
    grading = {"pass": True, "reason": "ok", "componentResults": [machine, person]}

    (answer,) = answers_of(document(result(success=True, gradingResult=grading)), "promptfoo")

    assert verdicts_of(answer) == {"promptfoo: failed tests": 1}
    assert [(label.rater, label.severity, label.reason) for label in answer.labels] == [("rating in results.csv", 0, "fine to me")]


def test_broken_result_is_one_row_and_the_others_stay():
    content = document(result(), result(score="MARK"), result(prompt=None), result()).replace('"MARK"', "NaN")

    assert len(answers_of(content, "promptfoo")) == 2
    assert reasons_of(content, "promptfoo") == ["NaN is not JSON.", 'The row has no "input".']


@pytest.mark.parametrize("piece", [1, 7, 4096])
def test_document_reads_the_same_in_pieces_of_any_size(piece):
    class Trickle(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(piece)

    content = document(result(), result(prompt={"raw": 'wé \\" ]}, {[ \u20ac'}, score=float("1e3"))).encode()

    found = [row for row in parse(Trickle(content), "promptfoo") if isinstance(row, ParsedCase)]

    assert found == cases_of(content, "promptfoo")
    assert [case.row for case in found] == [case.row for case in cases_of(content, "promptfoo")]


# --- Finding the format out ---
@pytest.mark.parametrize(
    ("name", "content", "format"),
    [
        ("a.jsonl", '{"input": "x"}', "jsonl"),
        ("a.report.jsonl", lines({"entry_type": "start_run setup"}), "garak"),
        ("a", lines({"goal": "g", "prompt": "p", "probe": "p", "detector": "d"}), "garak"),
        ("a.json", '["one", "two"]', "garak"),
        ("a.jsonl", '{"prompt": "x"}', "garak"),
        ("a.json", '{\n "garak_payload_name": "x", "payloads": ["a"]}', "garak"),
        ("a.prompt", "# comment\ndataset_name: x\nseeds:\n  - value: y\n", "pyrit"),
        ("a.yaml", "dataset_name: x\nprompts:\n  - value: y\n", "pyrit"),
        ("a.csv", f"{COMMENT}objective,assistant_response,human_score\n", "pyrit"),
        ("a.yaml", "prompts: [x]\nproviders: [y]\n", "promptfoo"),
        ("a.json", document(result()), "promptfoo"),
        ("a.json", '{"version": 2, "results": {}, "config": {}}', "promptfoo"),
        ("a.jsonl", lines(result()), "promptfoo"),
        ("a.csv", "prompt,__expected\n", "promptfoo"),
        ("a.csv", "input,stratum\n", "csv"),
        ("a.txt", "tell me\nseeds: how to\n", "prompts"),
        ("a.txt", "[BEGIN] x\n", "prompts"),
        ("a.txt", "{not json}\n", "prompts"),
    ],
)
def test_format_is_told_by_how_the_file_begins(name, content, format):
    assert detect_format(name, content.encode()) == format


# --- Cost ---
class Made:
    """A stream whose rows are made as they are read, and made again when it goes back."""

    def __init__(self, head: bytes, row: bytes, tail: bytes, count: int) -> None:
        self._parts = (head, row, tail, count)
        self.seek(0)

    def seek(self, offset: int, /) -> int:
        self._pieces = self._made()
        return 0

    def read(self, size: int, /) -> bytes:
        return next(self._pieces, b"")

    def _made(self) -> Iterator[bytes]:
        head, row, tail, count = self._parts
        yield head + row
        for _ in range(count // 100):
            yield (b"," * bool(tail) + row) * 100
        yield tail or b"\n"


@pytest.mark.parametrize(
    ("format", "head", "row", "tail"),
    [
        ("promptfoo", b'{"evalId": "e", "results": {"results": [', json.dumps(result(response={"output": "o" * 500})).encode(), b"]}}"),
        ("garak", b"", json.dumps({"probe": "p", "detector": "d", "prompt": "p" * 200, "output": "o" * 500}).encode() + b"\n", b""),
        ("pyrit", b"objective,assistant_response,human_score\n", b'"' + b"p" * 200 + b'","' + b"o" * 500 + b'",1\n', b""),
    ],
)
def test_reading_results_is_fast_and_its_memory_does_not_grow_with_the_file(format, head, row, tail):
    def peak(count: int) -> int:
        tracemalloc.start()
        for _ in parse(Made(head, row, tail, count), format):
            pass
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    started = time.process_time()
    assert sum(isinstance(entry, ParsedCase) for entry in parse(Made(head, row, tail, 10_000), format)) == 10_001
    rows_a_second = 10_000 / (time.process_time() - started)

    assert peak(10_000) < peak(1_000) * 1.5 + 9_000 * 350  # names of what was seen, for garak; never texts
    assert rows_a_second > 1_500


def test_left_over_counts_stay_few_whatever_a_file_holds():
    content = lines(*({"entry_type": f"kind {number}"} for number in range(500)), attempt(outputs=["so"]))

    found = left_over_of(content, "garak")

    assert len(found) == 101
    assert sum(found.values()) == 500
    assert isinstance(rows_of(content, "garak")[0], LeftOver)
