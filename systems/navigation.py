"""What the rail shows of systems, and how other pages name one."""

from __future__ import annotations

from collections.abc import Sequence

from django.urls import reverse

from raiportal.accounts.models import User
from raiportal.look.navigation import NavigationItem, SwitcherEntry, SystemSwitcher
from systems import selectors

ITEMS = (
    NavigationItem(slug="portfolio", label="Portfolio", stage="everywhere", url_name="portfolio", icon="portfolio", order=20),
    NavigationItem(slug="summary", label="Summary", stage="overview", url_name="system", order=0),
    NavigationItem(slug="deployments", label="Deployments", stage="overview", url_name="deployment-list", order=10),
    NavigationItem(slug="metaprompts", label="Metaprompts", stage="overview", url_name="metaprompt-list", order=20),
    NavigationItem(slug="configurations", label="Configurations", stage="overview", url_name="configuration-list", order=30),
    NavigationItem(slug="people", label="People", stage="overview", url_name="system-people", order=40),
)


def _entries(user: User, most: int) -> Sequence[SwitcherEntry]:
    return [SwitcherEntry(system.pk, system.name, reverse("system", args=[system.pk])) for system in selectors.portfolio(user)[:most]]


SWITCHER = SystemSwitcher(slug="systems", entries=_entries, all_url_name="portfolio", arguments=lambda system: (system.pk,))
