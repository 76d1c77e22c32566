"""What an address names, as far as somebody may see it."""

from __future__ import annotations

from django.shortcuts import get_object_or_404

from harms.models import Harm
from raiportal.accounts.requests import SignedInRequest
from systems.models import AISystem


def system_of(request: SignedInRequest, system_id: int) -> AISystem:
    found: AISystem = get_object_or_404(AISystem.objects.visible_to(request.user), pk=system_id)
    return found


def harm_of(request: SignedInRequest, harm_id: int) -> Harm:
    rows = Harm.objects.visible_to(request.user).select_related("system__scope", "category", "owner", "created_by", "treatment_owner", "merged_into")
    found: Harm = get_object_or_404(rows, pk=harm_id)
    return found
