"""Nothing that S1 says reaches somebody without a role in it: pages, fragments, lists, filters, searches, files, refusals. SEC-03, SEC-04."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from tests.project.access import DOORS
from tests.project.door import Who
from tests.project.each import for_each
from tests.project.knocking import UNKNOWN, comparable, knock, text_of
from tests.project.world import Words, World
from tests.security.crawling import crawl, visit, visit_doors

CANARY = "kanarienvogel"
OUTSIDERS = (Who.FOREIGNER, Who.NOBODY, Who.ANONYMOUS)
API_LISTS = sorted({door.name for door in DOORS if door.name.startswith("api-") and door.name.endswith("-list")})
PAGES_WITH_FILTERS = ("harm-list", "set-list", "metric-list", "run-list", "deployment-list", "configuration-list", "metaprompt-list")


@pytest.fixture(scope="module")
def words() -> Words:
    return lambda field: f"{field} {CANARY}"


@pytest.mark.parametrize("who", OUTSIDERS)
def test_outsider_finds_nothing_on_the_way_through_the_portal(world: World, who: Who) -> None:
    visited = list(crawl(world.browser(who)))

    assert [page.address for page in visited if CANARY.encode() in page.everything.lower()] == []
    assert [page.address for page in visited if page.status >= 500] == []


@pytest.mark.parametrize("as_fragment", [False, True], ids=["page", "fragment"])
@pytest.mark.parametrize("who", OUTSIDERS)
def test_outsider_finds_nothing_behind_known_addresses(world: World, who: Who, as_fragment: bool) -> None:
    """Whoever holds the link of an invitation was invited by it, and reads to what."""
    visited = list(visit_doors(world, who, as_fragment=as_fragment))

    told = [page.address for page in visited if CANARY.encode() in page.everything.lower()]
    assert [address for address in told if not address.startswith(("/account/invitation/", "/rate/"))] == []


def test_the_way_through_the_portal_reaches_everything_for_the_owner(world: World) -> None:
    """The control: the same walk as the owner finds what each field says."""
    told = b"\n".join(page.body for page in crawl(world.browser(Who.OWNER))).decode()
    told += b"\n".join(page.body for page in visit_doors(world, Who.OWNER)).decode()
    fields = (
        *("system name", "purpose", "deployment name", "deployment model", "metaprompt", "metaprompt note", "configuration note", "harm title"),
        *("harm description", "rationale", "set name", "set description", "metric name", "definition", "pattern", "case id", "stratum", "expectation"),
        *("prompt", "answer", "refusal", "body", "error", "model reported", "file name", "upload name", "reason for pausing", "cause", "source"),
    )

    assert [field for field in fields if f"{field} {CANARY}" not in told and f"{field}\\ {CANARY}" not in told] == []


@pytest.mark.parametrize("who", [Who.LABELLER, Who.EXECUTIVE, Who.FEEDBACK_HANDLER])
def test_who_reads_overviews_finds_nothing_of_what_lies_below(world: World, who: Who) -> None:
    visited = [*crawl(world.browser(who)), *visit_doors(world, who), *visit_doors(world, who, as_fragment=True)]
    visited = [page for page in visited if not page.address.startswith("/rate/")]  # that address is the secret which shows its harms
    told = b"\n".join(page.everything for page in visited).decode()
    below = (
        *("deployment name", "deployment model", "metaprompt", "metaprompt note", "configuration note", "harm description", "rationale", "set description"),
        *("definition", "pattern", "case id", "stratum", "expectation", "prompt", "answer", "refusal", "body", "error", "model reported", "file name"),
    )

    assert f"system name {CANARY}" in told
    assert [(page.address, field) for page in visited for field in below if f"{field} {CANARY}".encode() in page.everything] == []


@pytest.mark.parametrize("asked", [CANARY, CANARY[:6], f'"{CANARY}"', f"system name {CANARY}", f"nothing or {CANARY}"])
def test_search_finds_nothing_of_another_system(world: World, asked: str) -> None:
    page = visit(world.browser(Who.FOREIGNER), reverse("search"), query_params={"q": asked})
    answer = world.program(Who.FOREIGNER).get(reverse("api-search"), {"q": asked})
    own = world.program(Who.OWNER).get(reverse("api-search"), {"q": asked})

    assert "Nothing that you may see has" in page.body.decode()
    assert answer.json() == {"results": [], "kinds_with_more": []}
    assert CANARY in own.content.decode()


def test_search_goes_to_no_foreign_code(world: World) -> None:
    kinds = {"harms": world.s1.harm, "runs": world.s1.completed, "metrics": world.s1.metric, "configurations": world.s1.configuration}
    for kind, thing in kinds.items():
        asked = {"q": thing.code, "kind": kind}
        assert world.program(Who.FOREIGNER).get(reverse("api-search"), asked).json()["results"] == []
        assert world.program(Who.OWNER).get(reverse("api-search"), asked).json()["results"] != []


@pytest.mark.parametrize("name", API_LISTS)
def test_lists_of_the_api_count_and_show_only_what_is_visible(world: World, name: str) -> None:
    client = world.program(Who.FOREIGNER)
    ids = {
        "system": world.s1.system.pk,
        "harm": world.s1.harm.pk,
        "deployment": world.s1.deployment.pk,
        "configuration": world.s1.configuration.pk,
        "measurement_set": world.s1.measurement_set.pk,
        "set": world.s1.measurement_set.pk,
        "set_version": world.s1.version.pk,
        "version": world.s1.version.pk,
        "metric": world.s1.metric.pk,
        "run": world.s1.completed.pk,
        "owner": world.s1.owner.pk,
    }

    plain = visit(client, reverse(name))
    filtered = [visit(client, reverse(name), query_params={parameter: value}) for parameter, value in ids.items()]
    unknown = [visit(client, reverse(name), query_params={parameter: UNKNOWN}) for parameter in ids]

    assert CANARY.encode() not in b"".join(page.everything for page in (plain, *filtered)).lower()
    assert [page.status for page in filtered] == [page.status for page in unknown]
    assert [page.body for page in filtered] == [page.body for page in unknown]


@pytest.mark.parametrize("name", PAGES_WITH_FILTERS)
@pytest.mark.parametrize(
    "query", ["q=kanarienvogel", "search=kanarienvogel", "page=2", "page=99999", "sort=-name", "owner={owner}", "harm={harm}", "set={set}"]
)
def test_filters_of_pages_don_t_look_into_other_systems(world: World, name: str, query: str) -> None:
    client = world.browser(Who.FOREIGNER)
    filled = query.format(owner=world.s1.owner.pk, harm=world.s1.harm.pk, set=world.s1.measurement_set.pk)

    answer = visit(client, f"{reverse(name, args=[world.s2.system.pk])}?{filled}")

    assert answer.status < 500
    assert answer.everything.lower().count(CANARY.encode()) <= filled.count("kanarienvogel") * 20  # one's own search words come back
    assert not any(f"{field} {CANARY}".encode() in answer.body for field in ("harm title", "set name", "metric name", "deployment name"))


@for_each("door", [door for door in DOORS if not door.is_reading and Who.FOREIGNER not in door.may])
def test_refusals_say_nothing_about_what_they_refuse(world: World, door: object) -> None:
    answer = knock(world, door, Who.FOREIGNER)  # type: ignore[arg-type]

    assert answer.status_code in {403, 404, 422}
    assert CANARY.encode() not in text_of(answer).lower()


def test_history_of_a_foreign_object_is_like_that_of_none(world: World) -> None:
    client = world.browser(Who.FOREIGNER)
    estate = world.s1
    objects = (estate.system, estate.deployment, estate.harm, estate.completed, estate.metric, estate.measurement_set, estate.owner)

    for thing in objects:
        kind = thing._meta.label_lower
        foreign = client.get(reverse("history", args=[kind, thing.pk]))
        assert comparable(foreign) == comparable(client.get(reverse("history", args=[kind, UNKNOWN])))
        assert foreign.status_code == 404


def test_a_name_that_another_system_uses_is_free(world: World) -> None:
    """SEC-04: the check that names are used once looks at one's own system only."""
    client = world.program(Who.FOREIGNER)
    sent = {"system": world.s2.system.pk, "name": world.s1.measurement_set.name}

    answer = client.post(reverse("api-measurement-set-list"), sent, content_type="application/json")

    assert answer.status_code == 201


def test_nobody_signed_in_is_asked_to_sign_in_on_the_portfolio() -> None:
    assert Client().get("/").status_code == 302
