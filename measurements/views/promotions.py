"""Making a case of a finding."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from harms.models import Finding
from measurements import policies
from measurements.actions.promotions import add_case_from_finding
from measurements.models import MeasurementSet
from raiportal.accounts.requests import SignedInRequest
from raiportal.errors import Invalid


@require_POST
def finding_case_add(request: SignedInRequest, finding_id: int) -> HttpResponse:
    finding = get_object_or_404(Finding.objects.visible_to(request.user).select_related("system__scope"), pk=finding_id)
    policies.may_edit_sets(request.user, finding.system).require()
    named = request.POST.get("measurement_set", "")
    is_id = named.isascii() and named.isdigit() and len(named) <= 18
    chosen = MeasurementSet.objects.visible_to(request.user).filter(pk=int(named), system=finding.system).first() if is_id else None
    if chosen is None:
        raise Invalid("Choose a set of this system.", field="measurement_set")
    result = add_case_from_finding(finding_id=finding.pk, set_id=chosen.pk, expectation=request.POST.get("expectation", "")[:2_000], actor=request.user)
    was_there = not result.report.accepted
    messages.success(request, f"{chosen.name} has this case already." if was_there else f"{finding.code} is a case of {result.version}.")
    return redirect("finding", finding.pk)
