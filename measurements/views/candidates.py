"""Making a candidate for a harm of an output."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from measurements.actions.candidates import add_candidate_from_output
from measurements.models import Output
from raiportal.accounts.requests import SignedInRequest


@require_POST
def output_candidate(request: SignedInRequest, output_id: int) -> HttpResponse:
    shown = get_object_or_404(Output.objects.visible_to(request.user).only("pk"), pk=output_id)
    added = add_candidate_from_output(output_id=shown.pk, words=request.POST.get("words", "")[:2_000], actor=request.user)
    messages.success(request, f"{added.code} waits for somebody to say whether it is a harm.")
    return redirect("candidate", added.pk)
