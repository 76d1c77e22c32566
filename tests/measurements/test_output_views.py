"""The pages of outputs: texts only when asked for, the asking recorded, exports guarded."""

from __future__ import annotations

import csv
import io
import json

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from harms.models import Candidate
from measurements.models import Output, Run
from raiportal.accounts.enums import Role
from raiportal.audit.models import Entry, Payload
from tests.factories.accounts import make_user
from tests.factories.measurements import make_owner
from tests.factories.outputs import ANSWERED, BLOCKED, HARM, HARMFUL, TIMEOUT, Ending, ended_run, store
from tests.factories.runs import make_run
from tests.factories.systems import make_system

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
HOSTILE = '<script>alert(1)</script><img src="//evil.example/x" hx-get="/x"> {{ 7|add:7 }} {% now "Y" %} \u202egnp.exe \x1b[31mred'


def owner_client(run: Run) -> Client:
    client = Client()
    client.force_login(make_owner(run.system))
    return client


def first_output(run: Run) -> Output:
    return Output.objects.filter(run=run).order_by("pk")[0]


def test_list_and_page_hold_no_text_before_it_is_asked_for() -> None:
    run = ended_run((HARM,))
    client = owner_client(run)

    for address in (reverse("output-list", args=[run.pk]), reverse("output", args=[first_output(run).pk]), reverse("run", args=[run.pk])):
        page = client.get(address).text
        assert HARMFUL not in page
        assert "question 0" not in page
    assert not Entry.objects.filter(action="measurements.output_read").exists()


@pytest.mark.parametrize(("part", "text"), [("answer", HARMFUL), ("prompt", "question 0"), ("body", "{&quot;text&quot;")])
def test_text_comes_when_asked_for_and_the_asking_is_recorded(part: str, text: str) -> None:
    run = ended_run((HARM,))
    output = first_output(run)

    answer = owner_client(run).post(f"{reverse('output-text', args=[output.pk])}?part={part}", headers=HTMX)

    assert text in answer.text
    assert f'id="output-text-{output.pk}-{part}"' in answer.text
    entry = Entry.objects.get(action="measurements.output_read", subject_id=output.pk)
    assert entry.scope_id == run.system_id
    body = Payload.objects.get(entry=entry).body
    assert body["details"]["part"] == part
    assert HARMFUL not in json.dumps(body)


def test_text_without_a_script_is_in_the_page_that_answers() -> None:
    run = ended_run((HARM,))

    page = owner_client(run).post(f"{reverse('output-text', args=[first_output(run).pk])}?part=answer").text

    assert "<html" in page
    assert HARMFUL in page
    assert "question 0" not in page


def test_text_is_not_to_be_had_by_looking() -> None:
    run = ended_run((HARM,))
    output = first_output(run)
    outsider = Client()
    outsider.force_login(make_owner(make_system()))

    assert owner_client(run).get(reverse("output-text", args=[output.pk])).status_code == 405
    assert outsider.post(reverse("output-text", args=[output.pk])).status_code == 404
    assert outsider.get(reverse("output", args=[output.pk])).status_code == 404
    assert owner_client(run).post(reverse("output-text", args=[output.pk]) + "?part=key").status_code == 422


def test_viewers_and_auditors_may_ask_for_texts() -> None:
    run = ended_run((HARM,))

    for reader in (make_user(Role.VIEWER, scope=run.system.scope), make_user(Role.AUDITOR)):
        client = Client()
        client.force_login(reader)
        assert HARMFUL in client.post(reverse("output-text", args=[first_output(run).pk]), headers=HTMX).text
        assert Entry.objects.filter(action="measurements.output_read", actor=reader).count() == 1


def test_hostile_text_is_shown_as_text() -> None:
    run = ended_run((Ending(text=HOSTILE),), cases=[{"input": HOSTILE, "id": "<i>id</i>", "stratum": "<u>stratum</u>"}])
    client, output = owner_client(run), first_output(run)

    pages = [client.get(reverse("output", args=[output.pk])), client.get(reverse("output-list", args=[run.pk])), client.get(reverse("run", args=[run.pk]))]
    pages += [client.post(f"{reverse('output-text', args=[output.pk])}?part={part}", headers=HTMX) for part in ("answer", "prompt")]

    for page in pages:
        for piece in ("<script>alert", "<img", "<i>id", "<u>stratum", " 14 "):
            assert piece not in page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in pages[3].text
    assert "{{ 7|add:7 }}" in pages[3].text


def test_a_very_long_text_is_cut_on_the_page_and_says_so() -> None:
    run = ended_run((Ending(text="x" * 2_000_000),))

    answer = owner_client(run).post(reverse("output-text", args=[first_output(run).pk]), headers=HTMX)

    assert len(answer.content) < 300_000
    assert "1,800,000 more characters" in answer.text


def test_page_tells_everything_about_the_call() -> None:
    run = ended_run((HARM, TIMEOUT, BLOCKED))
    client = owner_client(run)
    harmful, failed, blocked = (client.get(reverse("output", args=[output.pk])).text for output in Output.objects.filter(run=run).order_by("pk"))

    assert "Harmful" in harmful
    assert "small-1" in harmful
    assert "Q-0" in harmful
    assert "counted apart, never as safe" in failed
    assert "No answer came in time" in failed
    assert "filter stopped the prompt" in blocked


def test_previous_and_next_stay_in_the_run() -> None:
    run, other = ended_run((HARM, ANSWERED)), ended_run((HARM,))
    client = owner_client(run)
    first, last = Output.objects.filter(run=run).order_by("pk")

    opening, closing = (client.get(reverse("output", args=[output.pk])).text for output in (first, last))

    assert f'href="{reverse("output", args=[last.pk])}" rel="next"' in opening
    assert 'rel="prev"' not in opening
    assert f'href="{reverse("output", args=[first.pk])}" rel="prev"' in closing
    assert 'rel="next"' not in closing
    assert reverse("output", args=[first_output(other).pk]) not in opening + closing


# --- The list ---
def test_list_pages_by_cursor_both_ways() -> None:
    run = ended_run((ANSWERED,) * 120)
    client, address = owner_client(run), reverse("output-list", args=[run.pk])

    first = client.get(address)
    second = client.get(address + first.context["pager"].next_url)
    third = client.get(address + second.context["pager"].next_url)
    back = client.get(address + third.context["pager"].previous_url)

    assert [len(page.context["lines"]) for page in (first, second, third)] == [50, 50, 20]
    assert "50 of 120 shown" in first.text
    assert third.context["pager"].next_url == ""
    assert [line.output.pk for line in back.context["lines"]] == [line.output.pk for line in second.context["lines"]]


def test_list_costs_the_same_for_three_and_for_thirty() -> None:
    few, many = ended_run((HARM, ANSWERED, TIMEOUT)), ended_run((HARM, ANSWERED, TIMEOUT) * 10)

    def count(run: Run) -> int:
        client = owner_client(run)
        client.get(reverse("output-list", args=[run.pk]))
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("output-list", args=[run.pk]))
        return len(queries)

    assert count(few) == count(many)


@pytest.mark.parametrize("query", ["outcome=bogus", "severity=9", "severity=x", "metric=-1"])
def test_unreadable_filter_shows_nothing_rather_than_everything(query: str) -> None:
    run = ended_run()

    page = owner_client(run).get(f"{reverse('output-list', args=[run.pk])}?{query}")

    assert page.status_code == 200
    assert page.context["lines"] == []
    assert "can't be read" in page.text.replace("&#x27;", "'")


def test_metric_of_another_run_is_refused() -> None:
    run, other = ended_run(), ended_run()
    foreign = other.snapshot["metrics"][0]["metric"]

    assert owner_client(run).get(f"{reverse('output-list', args=[run.pk])}?metric={foreign}").status_code == 422


def test_run_in_the_address_is_not_overruled_by_a_filter() -> None:
    run, other = ended_run((HARM,)), ended_run((HARM,))

    page = owner_client(run).get(f"{reverse('output-list', args=[run.pk])}?run={other.pk}")

    assert [line.output.run_id for line in page.context["lines"]] == [run.pk]


# --- Exports ---
def exported(client: Client, run: Run, format: str, query: str = "") -> str:
    answer = client.post(f"{reverse('output-export', args=[run.pk])}{query}", {"format": format})
    assert answer.status_code == 200
    return b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[arg-type]


def test_export_holds_the_filtered_rows_and_is_recorded() -> None:
    run = ended_run((HARM, ANSWERED, HARM))
    client = owner_client(run)

    rows = list(csv.DictReader(io.StringIO(exported(client, run, "csv", "?judged=harmful"), newline="")))
    objects = json.loads(exported(client, run, "json"))

    assert [row["case"] for row in rows] == ["Q-0", "Q-2"]
    assert [row["text"] for row in objects] == [HARMFUL, ANSWERED.text, HARMFUL]
    payloads = [entry.payload.body["details"] for entry in Entry.objects.filter(action="measurements.outputs_exported").order_by("pk")]
    assert payloads == [{"format": "csv", "filters": {"judged": "harmful"}}, {"format": "json", "filters": {}}]


def test_export_disarms_formulas() -> None:
    formula = '=HYPERLINK("http://evil.example")'
    run = ended_run((Ending(text=formula),), cases=[{"input": "@SUM(1)", "id": "+1", "stratum": "-x"}])
    client = owner_client(run)

    (row,) = csv.DictReader(io.StringIO(exported(client, run, "csv"), newline=""))

    assert (row["text"], row["prompt"], row["case"], row["stratum"]) == ("'" + formula, "'@SUM(1)", "'+1", "'-x")
    assert json.loads(exported(client, run, "json"))[0]["text"] == formula


@pytest.mark.parametrize(("form", "query"), [({"format": "xlsx"}, ""), ({}, ""), ({"format": "csv"}, "?outcome=bogus")])
def test_export_that_cannot_be_made_is_refused_and_not_recorded(form: dict[str, str], query: str) -> None:
    run = ended_run()

    assert owner_client(run).post(f"{reverse('output-export', args=[run.pk])}{query}", form).status_code == 422
    assert not Entry.objects.filter(action="measurements.outputs_exported").exists()


def test_outputs_are_listed_as_stored_or_in_the_order_of_the_set() -> None:
    run = make_run(cases=["first", "second", "third"], repeats=2, start=True)
    for repeat in (0, 1):
        store(run, (ANSWERED, ANSWERED, ANSWERED), repeat=repeat)
    client = owner_client(run)
    address = reverse("output-list", args=[run.pk])

    stored = [line.row.output.case.position for line in client.get(address).context["lines"]]
    as_in_the_set = [line.row.output.case.position for line in client.get(address, {"sort": "case"}).context["lines"]]

    assert (stored, as_in_the_set) == ([0, 1, 2, 0, 1, 2], [0, 0, 1, 1, 2, 2])


def test_filters_that_take_several_values_keep_what_is_set_as_chips() -> None:
    run = ended_run((HARM, TIMEOUT, BLOCKED, ANSWERED))

    page = owner_client(run).get(f"{reverse('output-list', args=[run.pk])}?outcome=failed&outcome=input_blocked")

    assert [line.output.outcome for line in page.context["lines"]] == ["failed", "input_blocked"]
    assert page.text.count('<input type="hidden" name="outcome"') == 2
    assert 'class="chip" href="?outcome=input_blocked"' in page.text
    assert "Answered (2)" in page.text
    assert "Or outcome …" in page.text


def test_list_is_ordered_by_the_severity_of_one_metric() -> None:
    run = ended_run((ANSWERED, HARM, ANSWERED))
    client, address = owner_client(run), reverse("output-list", args=[run.pk])

    shown = [line.output.case.position for line in client.get(address, {"sort": "-severity"}).context["lines"]]

    assert shown == [1, 2, 0]
    assert 'href="?sort=-severity"' in client.get(address).text


# --- Candidates for harms ---
def test_output_becomes_a_candidate_that_leads_back_to_it_without_its_text() -> None:
    run = ended_run((HARM,))
    output, client = first_output(run), owner_client(run)
    assert "Candidate for a harm" in client.get(reverse("output", args=[output.pk])).text

    answer = client.post(reverse("output-candidate", args=[output.pk]), {"words": "It explains how to do harm.\nIn the second step."})

    candidate = Candidate.objects.get()
    assert answer.headers["Location"] == reverse("candidate", args=[candidate.pk])
    assert (candidate.system_id, candidate.source, candidate.title) == (run.system_id, "output", "It explains how to do harm.")
    assert "In the second step." in candidate.summary
    assert run.code in candidate.summary
    assert HARMFUL not in candidate.summary
    assert reverse("output", args=[output.pk]) in client.get(reverse("candidate", args=[candidate.pk])).text
    assert client.get(reverse("candidate-origin", args=[candidate.pk])).headers["Location"] == reverse("output", args=[output.pk])
    assert reverse("candidate-origin", args=[candidate.pk]) in client.get(reverse("candidate-list", args=[run.system_id])).text


def test_output_gives_one_candidate_and_its_page_names_it() -> None:
    run = ended_run((HARM,))
    output, client = first_output(run), owner_client(run)

    for words in ("First.", "Second."):
        client.post(reverse("output-candidate", args=[output.pk]), {"words": words})

    candidate = Candidate.objects.get()
    page = client.get(reverse("output", args=[output.pk])).text
    assert candidate.title == "First."
    assert reverse("candidate", args=[candidate.pk]) in page
    assert reverse("output-candidate", args=[output.pk]) not in page


def test_candidate_needs_words_and_an_output_that_one_sees() -> None:
    run = ended_run((HARM,))
    output = first_output(run)
    outsider = Client()
    outsider.force_login(make_owner(make_system()))

    assert owner_client(run).post(reverse("output-candidate", args=[output.pk]), {"words": " "}).status_code == 422
    assert outsider.post(reverse("output-candidate", args=[output.pk]), {"words": "Seen."}).status_code == 404
    assert not Candidate.objects.exists()


def test_candidate_without_an_origin_leads_nowhere() -> None:
    run = ended_run((HARM,))
    client = owner_client(run)
    client.post(reverse("candidate-add", args=[run.system_id]), {"title": "Seen"})

    assert client.get(reverse("candidate-origin", args=[Candidate.objects.get().pk])).status_code == 404
