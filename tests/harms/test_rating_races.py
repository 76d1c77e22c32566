"""Closing while somebody rates, and one link sent twice: on connections of their own."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import connection

from harms import actions, selectors
from harms.models import Rating
from raiportal.errors import RaiportalError
from tests.factories.ratings import RoundScene, answer

REPEATED = 15


def _at_once(*acts: Callable[[], object]) -> list[str]:
    """Do them at the same moment; what each came to, "done" or the refusal's code."""
    barrier, told = threading.Barrier(len(acts)), [""] * len(acts)

    def run(place: int) -> None:
        try:
            barrier.wait()
            acts[place]()
            told[place] = "done"
        except RaiportalError as error:
            told[place] = error.code
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[place]) for place in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return told


@pytest.mark.django_db(transaction=True)
def test_rating_that_meets_the_close_is_in_the_results_or_refused() -> None:
    for _ in range(REPEATED):
        scene = RoundScene()
        rated, closed = _at_once(lambda s=scene: s.rate(s.people[0], (4, 4), (4, 4)), lambda s=scene: s.close())  # type: ignore[misc]
        assert closed == "done"
        assert rated in {"done", "round_closed"}
        assert Rating.objects.filter(round_harm__round=scene.round).count() == (2 if rated == "done" else 0)
        assert [len(result.said) for result in selectors.results(scene.round, scene.manager)] == ([1, 1] if rated == "done" else [0, 0])


@pytest.mark.django_db(transaction=True)
def test_link_sent_twice_at_once_is_used_once() -> None:
    for _ in range(REPEATED):
        scene = RoundScene()
        token = scene.invite()

        def send(level: int, s: RoundScene = scene, link: str = token) -> object:
            return actions.send_ratings(token=link, answers=[answer(harm, level, level) for harm in s.rated])

        told = _at_once(lambda: send(1), lambda: send(5))
        assert sorted(told) == ["done", "missing"]
        winner = 1 if told[0] == "done" else 5
        assert set(Rating.objects.filter(round_harm__round=scene.round).values_list("severity", flat=True)) == {winner}


@pytest.mark.django_db(transaction=True)
def test_link_that_meets_the_close_is_counted_or_refused() -> None:
    for _ in range(REPEATED):
        scene = RoundScene()
        token = scene.invite()
        said = [answer(harm) for harm in scene.rated]
        sent, closed = _at_once(lambda t=token, a=said: actions.send_ratings(token=t, answers=a), lambda s=scene: s.close())  # type: ignore[misc]
        assert (closed, sent in {"done", "missing"}) == ("done", True)
        assert [len(result.said) for result in selectors.results(scene.round, scene.manager)] == ([1, 1] if sent == "done" else [0, 0])
