"""While a round is open, nobody finds what another rater said: on no page, in no fragment, file, search, list of the API, history or ledger."""

from __future__ import annotations

import pytest

from tests.project.door import Who
from tests.project.wording import Words
from tests.project.world import World
from tests.security.crawling import crawl, visit_doors

SECRETS = ("open rating rationale rohrdommel", "outside rationale rohrdommel")
CLOSED = "closed rating rationale rohrdommel"
OTHERS = (Who.RISK_MANAGER, Who.ADMINISTRATOR, Who.AUDITOR, Who.VIEWER, Who.CONTRIBUTOR)


@pytest.fixture(scope="module")
def words() -> Words:
    return lambda field: f"{field} rohrdommel"


@pytest.mark.parametrize("who", OTHERS)
def test_nobody_finds_anothers_rating_of_an_open_round(world: World, who: Who) -> None:
    """Neither on the way through the portal nor behind any address known; the closed round shows that the walk would have found it."""
    visited = [*crawl(world.browser(who)), *visit_doors(world, who), *visit_doors(world, who, as_fragment=True)]
    visited = [page for page in visited if not page.address.startswith("/rate/")]  # whoever holds the link reads their own draft

    assert [(page.address, secret) for page in visited for secret in SECRETS if secret.encode() in page.everything] == []
    assert any(CLOSED.encode() in page.everything for page in visited)


def test_rater_finds_their_own_and_not_the_outsiders(world: World) -> None:
    visited = [*crawl(world.browser(Who.OWNER)), *visit_doors(world, Who.OWNER)]
    visited = [page for page in visited if not page.address.startswith("/rate/")]

    assert any(SECRETS[0].encode() in page.everything for page in visited)
    assert [page.address for page in visited if SECRETS[1].encode() in page.everything] == []
