"""What the rail shows of systems, and how other pages name one."""

from __future__ import annotations

from collections.abc import Sequence

from django.urls import reverse

from raiportal.accounts.models import User
from raiportal.look.navigation import NavigationItem, SwitcherEntry, SystemSwitcher
from systems import policies, selectors
from systems.models import AISystem

ITEMS = (
    NavigationItem(slug="portfolio", label="Portfolio", stage="everywhere", url_name="portfolio", icon="portfolio", order=20),
    NavigationItem(slug="summary", label="Summary", stage="overview", url_name="system", order=0, is_overview=True),
    NavigationItem(slug="facts", label="Facts", stage="overview", url_name="system-facts", order=4),
    NavigationItem(slug="uses", label="Intended uses", stage="overview", url_name="intended-use-list", order=6),
    NavigationItem(slug="stakeholders", label="Stakeholders", stage="overview", url_name="stakeholder-list", order=8),
    NavigationItem(slug="deployments", label="Deployments", stage="overview", url_name="deployment-list", order=10),
    NavigationItem(slug="metaprompts", label="Metaprompts", stage="overview", url_name="metaprompt-list", order=20),
    NavigationItem(slug="filters", label="Content filters", stage="overview", url_name="filter-list", order=25),
    NavigationItem(slug="configurations", label="Configurations", stage="overview", url_name="configuration-list", order=30),
    NavigationItem(slug="active", label="Active", stage="overview", url_name="activation-list", order=35),
    NavigationItem(slug="people", label="People", stage="overview", url_name="system-people", order=40),
)


def _entries(user: User, most: int) -> Sequence[SwitcherEntry]:
    return [SwitcherEntry(system.pk, system.name, reverse("system", args=[system.pk])) for system in selectors.portfolio(user)[:most]]


def _may_read(user: User, system: AISystem) -> bool:
    return policies.may_read(user, system).allowed


SWITCHER = SystemSwitcher(slug="systems", entries=_entries, all_url_name="portfolio", arguments=lambda system: (system.pk,), may_read=_may_read)
