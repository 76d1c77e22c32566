"""What waits for somebody, and what search finds: right for any number of requests, with a fixed number of queries."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from raiportal import clocks
from raiportal.accounts.enums import Role
from raiportal.accounts.models import User
from raiportal.signoffs import actions, on_work, selectors
from raiportal.work.text import words_of
from tests.factories.accounts import make_user
from tests.factories.harms import make_harm
from tests.signoffs.kind import registered
from tests.signoffs.scene import Scene

pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)


def _asked(scene: Scene, number: int, *, author: User | None = None, **given: Any) -> list[int]:
    """So many more requests in the scene's system, by id."""
    harms = [make_harm(scene.system, actor=author or scene.author) for _ in range(number)]
    return [actions.request_sign_off(kind="tests.acceptance", subject_id=harm.pk, actor=scene.owner, **given).pk for harm in harms]


def _waiting(user: User) -> list[int]:
    fresh = User.objects.get(pk=user.pk)
    return [request.pk for request in selectors.waiting_for(fresh, clocks.now())]


def test_what_waits_is_found_behind_many_that_wait_for_others() -> None:
    """The newest of the requests is the one that this person can sign; sixty older ones are their own work."""
    with registered():
        scene = Scene()
        _asked(scene, 60, author=scene.manager)
        newest = _asked(scene, 1)

        assert _waiting(scene.manager) == [scene.request.pk, *newest]
        items = on_work.WORK.load(User.objects.get(pk=scene.manager.pk), clocks.now(), 50)
        assert len(items) == 2


def test_what_waits_takes_the_same_number_of_queries_for_3_and_30() -> None:
    with registered():
        scene = Scene()
        counts = []
        for more in (2, 27):
            _asked(scene, more)
            with CaptureQueriesContext(connection) as queries:
                found = _waiting(scene.manager)
            counts.append((len(found), len(queries)))

    assert [found for found, _ in counts] == [3, 30]
    assert counts[0][1] == counts[1][1]


def test_what_waits_agrees_with_the_ways_to_sign() -> None:
    """For everybody: excluded, of another kind of review, with a verdict already, standing in, and without a role."""
    with registered():
        scene = Scene()
        helper, nobody = make_user(Role.VIEWER, scope=scene.system.scope), make_user()
        now = clocks.now()
        actions.name_stand_in(person=helper, for_person=scene.lawyer, from_at=now, until_at=now + 3 * DAY, reason="Away.", actor=scene.lawyer)
        more = _asked(scene, 3)
        scene.sign(scene.manager, "risk_manager", "recuse")

        everything = [scene.request.pk, *more]
        assert _waiting(scene.lawyer) == everything
        assert _waiting(helper) == everything
        assert _waiting(scene.manager) == more
        assert [_waiting(person) for person in (scene.owner, scene.author, nobody)] == [[], [], []]


def test_a_role_that_has_enough_sign_offs_waits_for_nobody() -> None:
    with registered():
        scene = Scene()
        second = make_user(Role.RISK_MANAGER)
        assert _waiting(second) == [scene.request.pk]

        scene.sign(scene.manager, "risk_manager")

        assert _waiting(second) == []


def test_whoever_changed_it_since_is_not_asked() -> None:
    with registered():
        scene = Scene()
        scene.author = scene.manager

        scene.edit("Something else")

        assert _waiting(scene.manager) == []


def test_the_earliest_date_comes_first() -> None:
    with registered():
        scene = Scene()
        now = clocks.now()
        late, early = _asked(scene, 1, due_at=now + 9 * DAY), _asked(scene, 1, due_at=now + DAY)

        assert _waiting(scene.manager) == [*early, *late, scene.request.pk]


def test_search_finds_requests_by_title_and_message_for_those_who_may_see_them() -> None:
    with registered():
        scene = Scene()
        found = _asked(scene, 1, message="Please look at the giraffes in the appendix.")

        hits = on_work.SEARCH.find(scene.manager, words_of("giraffe"), 10).hits
        assert [hit.url.rsplit("/", 2)[1] for hit in hits] == [str(found[0])]
        assert ("giraffes", True) in hits[0].excerpt
        assert len(on_work.SEARCH.find(scene.manager, words_of("Acceptance"), 10).hits) == 2
        assert on_work.SEARCH.find(make_user(), words_of("giraffe"), 10).hits == []
