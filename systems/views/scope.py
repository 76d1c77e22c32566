"""How every page of these apps finds the system that its address names."""

from __future__ import annotations

from django.shortcuts import get_object_or_404

from raiportal.accounts.requests import SignedInRequest
from systems.models import AISystem


def system_of(request: SignedInRequest, system_id: int) -> AISystem:
    """The system, or 404 when it isn't there or this person may not read it."""
    return get_object_or_404(AISystem.objects.visible_to(request.user).select_related("owner"), pk=system_id)


def overview_of(request: SignedInRequest, system_id: int) -> AISystem:
    """The system, also for those who may read no more of it than its overview; for that one page."""
    return get_object_or_404(AISystem.objects.overview_visible_to(request.user).select_related("owner"), pk=system_id)
