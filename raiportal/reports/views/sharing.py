"""Making a report, sending it, and what became of it with those to whom it was sent."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from raiportal import exports
from raiportal.accounts.requests import SignedInRequest
from raiportal.audit.subjects import subject_kinds
from raiportal.errors import Invalid
from raiportal.look.formats import number
from raiportal.look.forms import add_refusal, reason_in
from raiportal.reports import actions, policies, selectors
from raiportal.reports.forms import MakeForm, SendForm
from raiportal.reports.models import Report, ReportRecipient
from raiportal.reports.views.addressed import about, the_report, the_subject


@require_http_methods(["GET", "HEAD", "POST"])
def report_make(request: SignedInRequest, kind: str, subject_id: str) -> HttpResponse:
    """Freeze a new report, and send it to those who are chosen."""
    made_of, subject = the_subject(request.user, kind, int(subject_id))
    policies.may_make(request.user, made_of, subject).require()
    form = MakeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        report = actions.make_report(kind=kind, subject_id=subject.pk, actor=request.user)
        if not form.cleaned_data["recipients"] or _sent(request, form, report):
            return redirect("report", report.pk)
        messages.warning(request, f"“{report}” is made, and could not be sent: {' '.join(map(str, next(iter(form.errors.values()))))}")
        return redirect("report-send", report.pk)
    newest = Report.objects.visible_to(request.user).about(kind, subject.pk).order_by("-number").first()
    context = {"kind": made_of, "subject": subject, "subject_url": subject_kinds[made_of.subject_kind].url(subject), "form": form, "newest": newest}
    return render(request, "reports/report_make.html", context | {"section": "reports"}, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def report_send(request: SignedInRequest, report_id: int) -> HttpResponse:
    """Ask people to read and acknowledge it."""
    report = the_report(request.user, report_id)
    policies.may_send(request.user, report).require()
    form = SendForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid() and _sent(request, form, report):
        return redirect("report-recipients", report.pk)
    return render(request, "reports/report_send.html", about(request.user, report) | {"form": form}, status=422 if form.errors else 200)


@require_safe
def report_recipients(request: SignedInRequest, report_id: int) -> HttpResponse:
    """Who was sent it, who opened and acknowledged it, who has not."""
    report = the_report(request.user, report_id)
    policies.may_see_recipients(request.user, report).require()
    held = list(selectors.recipients_of(report, request.user))
    context = {"recipients": held, "waiting": sum(one.is_waiting for one in held), "acknowledged": sum(one.acknowledged_at is not None for one in held)}
    return render(request, "reports/report_recipients.html", about(request.user, report) | context)


@require_safe
def report_recipients_export(request: SignedInRequest, report_id: int, format: str) -> StreamingHttpResponse:
    """Who was sent it, as a file."""
    report = the_report(request.user, report_id)
    policies.may_see_recipients(request.user, report).require()
    rows = selectors.exported_recipients(selectors.recipients_of(report, request.user))
    return exports.download(f"{report.file_name}-recipients", format, selectors.EXPORTED_RECIPIENTS, rows)


@require_POST
def report_remind(request: SignedInRequest, report_id: int) -> HttpResponse:
    """Remind everybody who has yet to acknowledge."""
    report = the_report(request.user, report_id)
    reminded = actions.remind(report_id=report.pk, actor=request.user)
    if reminded:
        messages.success(request, f"{number(len(reminded))} {'person was' if len(reminded) == 1 else 'people were'} reminded.")
    else:
        messages.info(request, "Nobody was reminded: everybody acknowledged, or was asked within the last day.")
    return redirect("report-recipients", report.pk)


@require_POST
def report_take_back(request: SignedInRequest, recipient_id: int) -> HttpResponse:
    """Let a recipient read it no more."""
    held = ReportRecipient.objects.visible_to(request.user).select_related("report", "person").filter(pk=recipient_id).first()
    if held is None:
        raise Http404
    actions.take_back(recipient_id=held.pk, reason=reason_in(request.POST), actor=request.user)
    messages.success(request, f"{held.person.name} can read this report no more, unless the system lets them.")
    return redirect(reverse("report-recipients", args=[held.report_id]))


def _sent(request: SignedInRequest, form: SendForm, report: Report) -> bool:
    """Send it as the form says. A refusal goes onto the form."""
    given = form.cleaned_data
    try:
        added = actions.send_report(report_id=report.pk, recipients=given["recipients"], message=given["message"], due_at=form.due_at, actor=request.user)
    except Invalid as error:
        add_refusal(form, Invalid(error.detail, field="due_on" if error.field == "due_at" else error.field))
        return False
    if added:
        messages.success(request, f"“{report}” was sent to {number(len(added))} {'person' if len(added) == 1 else 'people'}.")
    else:
        messages.info(request, "They were sent it already.")
    return True
