"""A deployment's key comes back nowhere: pages, API, files, histories, database, logs. SEC-30."""

from __future__ import annotations

import logging

import pytest
from django.db import connection
from django.urls import reverse

from measurements.models import Run
from systems.models import Deployment
from tests.factories.systems import KEY
from tests.project.access import DOORS
from tests.project.door import Who
from tests.project.knocking import knock, text_of
from tests.project.world import World
from tests.security.crawling import crawl, visit_doors

PARTS = (KEY, KEY[:-4], KEY[:12])


def _told(body: bytes) -> bool:
    return any(part.encode() in body for part in PARTS)


def test_the_key_is_really_stored(world: World) -> None:
    assert Deployment.objects.get(pk=world.s1.deployment.pk).api_key == KEY
    assert Run.objects.filter(configuration__deployment=world.s1.deployment).exists()


@pytest.mark.parametrize("who", [Who.ADMINISTRATOR, Who.AUDITOR])
def test_nobody_reads_a_key(world: World, who: Who) -> None:
    """The owner's way is gone below, where what it logs is looked at too."""
    _must_show_no_key(world, who)


def _must_show_no_key(world: World, who: Who) -> None:
    visited = [*crawl(world.browser(who)), *visit_doors(world, who), *visit_doors(world, who, as_fragment=True)]

    assert len(visited) > 100
    assert [page.address for page in visited if _told(page.everything)] == []


def test_no_change_answers_with_a_key(world: World) -> None:
    for door in DOORS:
        if not door.is_reading and Who.OWNER in door.may:
            assert not _told(text_of(knock(world, door, Who.OWNER))), door.id


def test_refused_forms_don_t_hand_the_key_back(world: World) -> None:
    client = world.browser(Who.OWNER)

    refused = client.post(reverse("deployment-add", args=[world.s1.system.pk]), {"name": "", "base_url": "nothing", "api_key": KEY})
    by_program = world.program(Who.OWNER).post(
        reverse("api-deployment-list"), {"system": world.s1.system.pk, "name": "", "base_url": "x", "api_key": KEY}, content_type="application/json"
    )

    assert (refused.status_code, by_program.status_code) == (422, 422)
    assert not _told(refused.content + by_program.content)


def test_no_table_holds_a_key_in_the_clear(world: World) -> None:
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        found = []
        for table in tables:
            cursor.execute(f'select count(*) from "{table}" t where t::text like %s', [f"%{KEY[:12]}%"])
            found += [table] if cursor.fetchone() != (0,) else []

    assert len(tables) > 30
    assert found == []


def test_owner_reads_no_key_and_no_log_line_holds_one_or_a_prompt(world: World, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    caplog.set_level(logging.DEBUG)
    said = {"name": "New", "base_url": "http://127.0.0.1:9/v1", "model": "m", "api_key": f"{KEY}-2"}

    _must_show_no_key(world, Who.OWNER)
    for door in DOORS:
        if Who.OWNER in door.may and (door.is_reading or door.name in {"deployment-test", "api-deployment-test", "output-text", "upload-confirm"}):
            knock(world, door, Who.OWNER)
    world.program(Who.OWNER).post(reverse("api-deployment-list"), {"system": world.s1.system.pk, **said}, content_type="application/json")

    shown = capfd.readouterr()
    logged = caplog.text + shown.out + shown.err
    assert "request_started" in logged
    assert KEY[:12] not in logged
    assert "about the prompt" not in logged
    assert "about the answer" not in logged
    assert world.keys[Who.OWNER][12:] not in logged
