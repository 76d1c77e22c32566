"""Evidence through pages and API: adding, opening, removing, and nothing for others."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from harms.models import Harm
from raiportal.accounts.enums import Role
from raiportal.evidence import actions, storage
from raiportal.evidence.models import Evidence
from tests.factories.accounts import make_user
from tests.factories.evidence import PNG, TEXT, make_file
from tests.factories.harms import make_harm
from tests.factories.systems import make_system
from tests.systems.test_api import HERE, Caller

pytestmark = pytest.mark.django_db


@pytest.fixture
def harm() -> Harm:
    return make_harm(make_system())


@pytest.fixture
def browser(harm: Harm) -> Client:
    client = Client()
    client.force_login(harm.system.owner)
    return client


@pytest.fixture
def owner(harm: Harm) -> Caller:
    return Caller(harm.system.owner)


def _add(browser: Client, harm: Harm, **sent: Any) -> Any:
    return browser.post(reverse("evidence-add", args=["harms.harm", harm.pk]), sent)


def _shown(browser: Client, harm: Harm) -> str:
    return browser.get(reverse("harm", args=[harm.pk])).content.decode()


def test_file_is_added_and_stands_on_the_objects_page(browser: Client, harm: Harm) -> None:
    answer = _add(browser, harm, file=SimpleUploadedFile("pilot.png", PNG), title="What the pilot showed")

    row = Evidence.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"{reverse('harm', args=[harm.pk])}#evidence-panel")
    page = _shown(browser, harm)
    assert "What the pilot showed" in page
    assert reverse("evidence-file", args=[row.pk]) in page


@pytest.mark.parametrize("name", ["system-facts", "intended-use", "harm"])
def test_panels_stand_on_the_page(browser: Client, harm: Harm, name: str) -> None:
    from systems import actions as system_actions

    use = system_actions.add_intended_use(system=harm.system, title="Discharge", description="", actor=harm.system.owner)
    pk = {"system-facts": harm.system_id, "intended-use": use.pk, "harm": harm.pk}[name]

    page = browser.get(reverse(name, args=[pk])).content.decode()

    assert 'id="evidence-panel"' in page
    assert 'id="comments-panel"' in page


def test_sec_26_file_is_saved_and_never_shown(browser: Client, harm: Harm) -> None:
    row = make_file(harm, actor=harm.system.owner, name='a"; filename="x.html\u202e.txt')

    answer = browser.get(reverse("evidence-file", args=[row.pk]))

    assert b"".join(answer.streaming_content) == TEXT  # type: ignore[attr-defined]
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer["Cache-Control"] == "no-store"
    assert "\n" not in answer["Content-Disposition"]


def test_address_of_a_page_of_the_portal_is_a_live_object(browser: Client, harm: Harm, settings: Any) -> None:
    _add(browser, harm, url=f"{settings.PUBLIC_URL}{reverse('system', args=[harm.system_id])}")

    row = Evidence.objects.get()
    assert (row.kind, row.object_kind, row.object_id) == ("object", "systems.aisystem", harm.system_id)
    assert browser.get(reverse("evidence-object", args=[row.pk]))["Location"] == reverse("system", args=[harm.system_id])


def test_address_of_somebody_elses_page_is_a_mere_link(browser: Client, harm: Harm, settings: Any) -> None:
    foreign = make_harm(make_system(), title="Canary")

    _add(browser, harm, url=f"{settings.PUBLIC_URL}{reverse('harm', args=[foreign.pk])}")

    assert Evidence.objects.get().kind == "link"
    assert "Canary" not in _shown(browser, harm)


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({}, "Choose a file, or give an address."),
        ({"url": "javascript:alert(1)"}, "https://"),
        ({"file": SimpleUploadedFile("a.html", b"<html>")}, "Files of this kind"),
        ({"file": SimpleUploadedFile("a.png", b"<svg/>")}, "isn&#x27;t what its ending says"),
        ({"file": SimpleUploadedFile("a.txt", TEXT), "url": "https://example.org/"}, "not both"),
    ],
)
def test_refusal_stands_on_the_form(browser: Client, harm: Harm, sent: Any, words: str) -> None:
    answer = _add(browser, harm, **sent)

    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert Evidence.objects.count() == 0


def test_too_large_a_file_is_refused_in_words(browser: Client, harm: Harm, owner: Caller, settings: Any) -> None:
    settings.EVIDENCE_MAX_BYTES = 1024 * 1024
    answer = _add(browser, harm, file=SimpleUploadedFile("a.txt", b"x" * (1024 * 1024 + 1)))
    assert (answer.status_code, "larger than 1 MB" in answer.content.decode()) == (422, True)

    settings.UPLOAD_MAX_BYTES = 100_000
    answer = _add(browser, harm, file=SimpleUploadedFile("a.txt", b"x" * 200_000))
    assert (answer.status_code, "larger than" in answer.content.decode()) == (422, True)
    sent = {"subject_kind": "harms.harm", "subject_id": harm.pk, "file": SimpleUploadedFile("a.txt", b"x" * 200_000)}
    refused = owner.client.post(f"{HERE}/evidence/", sent)
    assert (refused.status_code, refused.json()["code"]) == (422, "too_large")


def test_rel_32_full_disk_is_told_to_who_sends(browser: Client, harm: Harm, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("raiportal.evidence.storage.os.fsync", full)
        answer = _add(browser, harm, file=SimpleUploadedFile("a.txt", TEXT))

    assert answer.status_code == 503
    assert "no room" in answer.content.decode()
    assert Evidence.objects.count() == 0
    assert _add(browser, harm, file=SimpleUploadedFile("a.txt", TEXT)).status_code == 302


def test_removed_evidence_stays_on_the_list_with_its_reason(browser: Client, harm: Harm) -> None:
    row = make_file(harm, actor=harm.system.owner, title="Pilot report")

    browser.post(reverse("evidence-remove", args=[row.pk]), {"reason": "Of another pilot."})

    page = browser.get(reverse("evidence-list", args=["harms.harm", harm.pk])).content.decode()
    assert "Of another pilot." in page
    assert "Pilot report" not in _shown(browser, harm).partition('id="evidence-panel"')[2].partition("</section>")[0]  # only the line tells of it
    assert browser.get(reverse("evidence-file", args=[row.pk])).status_code == 404


def test_missing_content_is_told_and_no_error(browser: Client, harm: Harm) -> None:
    row = make_file(harm, actor=harm.system.owner)
    assert row.file is not None
    storage.drop(row.file.path)

    assert browser.get(reverse("evidence-file", args=[row.pk])).status_code == 503


def test_sec_05_others_get_the_answer_of_an_id_that_is_not_there(harm: Harm) -> None:
    row = make_file(harm, actor=harm.system.owner, title="Canary")
    stranger = Client()
    stranger.force_login(make_system().owner)
    foreign = Caller(make_system().owner)

    for path in ("evidence-file", "evidence-object"):
        answers = [stranger.get(reverse(path, args=[pk])) for pk in (row.pk, 999_999)]
        assert [answer.status_code for answer in answers] == [404, 404]
    for path in ("evidence-list", "evidence-add"):
        assert stranger.get(reverse(path, args=["harms.harm", harm.pk])).status_code == 404
    answers = [foreign.get(f"/evidence/{pk}/") for pk in (row.pk, 999_999)]
    assert answers[0].json() == answers[1].json()
    assert foreign.get("/evidence/", subject_kind="harms.harm", subject_id=harm.pk).json()["results"] == []
    assert Client().get(reverse("evidence-file", args=[row.pk])).status_code == 302


@pytest.mark.parametrize("kind", ["harms.harm", "accounts.user", "nothing", "systems.aisystem"])
def test_address_of_something_without_evidence_is_not_there(browser: Client, kind: str) -> None:
    assert browser.get(reverse("evidence-list", args=[kind, 999_999])).status_code == 404


def test_api_keeps_each_kind_and_gives_the_file_back(owner: Caller, harm: Harm) -> None:
    about = {"subject_kind": "harms.harm", "subject_id": harm.pk}

    file = owner.client.post(f"{HERE}/evidence/", {**about, "file": SimpleUploadedFile("pilot.txt", TEXT)})
    link = owner.post("/evidence/", {**about, "url": "https://example.org/"})
    live = owner.post("/evidence/", {**about, "object_kind": "systems.aisystem", "object_id": harm.system_id})

    assert [answer.status_code for answer in (file, link, live)] == [201, 201, 201]
    assert (file.json()["size"], file.json()["media_type"], link.json()["sha256"]) == (len(TEXT), "text/plain", "")
    listed = owner.get("/evidence/", **about).json()["results"]
    assert [row["kind"] for row in listed] == ["object", "link", "file"]
    content = owner.get(f"/evidence/{file.json()['id']}/file/")
    assert b"".join(content.streaming_content) == TEXT
    assert owner.post(f"/evidence/{link.json()['id']}/remove/", {"reason": "Gone."}).json()["removed_reason"] == "Gone."
    assert len(owner.get("/evidence/", **about, removed="false").json()["results"]) == 2
    assert owner.get(f"/evidence/{link.json()['id']}/file/").status_code == 404


def test_api_sends_once_for_a_key(owner: Caller, harm: Harm) -> None:
    def send(content: bytes) -> Any:
        sent = {"subject_kind": "harms.harm", "subject_id": harm.pk, "file": SimpleUploadedFile("pilot.txt", content)}
        return owner.client.post(f"{HERE}/evidence/", sent, headers={"Idempotency-Key": "k1"})

    assert [send(TEXT).status_code, send(TEXT).status_code, send(b"Other.").status_code] == [201, 201, 409]
    assert Evidence.objects.count() == 1


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"url": "https://example.org/", "object_kind": "systems.aisystem", "object_id": 1},
        {"object_kind": "systems.aisystem"},
        {"url": "javascript:alert(1)"},
        {"object_kind": "nothing", "object_id": 1},
    ],
)
def test_api_refuses_what_is_not_one_of_three(owner: Caller, harm: Harm, sent: dict[str, Any]) -> None:
    assert owner.post("/evidence/", {"subject_kind": "harms.harm", "subject_id": harm.pk, **sent}).status_code == 422


def test_sec_08_api_answers_alike_for_foreign_and_unknown_subjects(harm: Harm) -> None:
    foreign = Caller(make_system().owner)

    answers = [foreign.post("/evidence/", {"subject_kind": "harms.harm", "subject_id": pk, "url": "https://example.org/"}) for pk in (harm.pk, 999_999)]

    assert [answer.status_code for answer in answers] == [422, 422]
    assert answers[0].json() == answers[1].json()


def test_sec_06_viewer_reads_and_changes_nothing(harm: Harm) -> None:
    row = make_file(harm, actor=harm.system.owner)
    viewer = Caller(make_user(Role.VIEWER, scope=harm.system.scope))

    assert viewer.get(f"/evidence/{row.pk}/").status_code == 200
    assert viewer.post("/evidence/", {"subject_kind": "harms.harm", "subject_id": harm.pk, "url": "https://example.org/"}).status_code == 403
    assert viewer.post(f"/evidence/{row.pk}/remove/", {"reason": "x"}).status_code == 403
    for method in ("put", "patch", "delete"):
        assert getattr(viewer.client, method)(f"{HERE}/evidence/{row.pk}/", {}, content_type="application/json").status_code == 405
    assert Evidence.objects.get().removed_at is None


def test_live_object_is_opened_only_by_who_may_see_it(harm: Harm) -> None:
    row = actions.add_object(subject=harm, object_kind="harms.harm", object_id=harm.pk, actor=harm.system.owner)
    stranger = Client()
    stranger.force_login(make_user(Role.EXECUTIVE))

    assert stranger.get(reverse("evidence-object", args=[row.pk])).status_code == 404


def test_page_asks_the_same_for_3_and_for_30(browser: Client, harm: Harm) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def asked(address: str) -> int:
        browser.get(address)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            browser.get(address)
        return len(queries)

    addresses = [reverse("harm", args=[harm.pk]), reverse("evidence-list", args=["harms.harm", harm.pk])]
    for number in range(3):
        make_file(harm, actor=harm.system.owner, content=str(number).encode())
    few = [asked(address) for address in addresses]
    for number in range(3, 30):
        make_file(harm, actor=harm.system.owner, content=str(number).encode())

    assert [asked(address) for address in addresses] == few
