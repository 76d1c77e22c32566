"""Impact assessments: their versions, the form section by section, what changed, uses side by side."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from harms import actions, assessing, policies, selectors
from harms.assessing import Place
from harms.enums import AssessmentState
from harms.errors import AnswerChanged
from harms.forms import ImpactForm, ImpactHarmForm
from harms.models import Assessment, Impact
from harms.views import assessment_parts as parts
from harms.views.addressed import system_of
from raiportal import htmx
from raiportal.accounts.requests import SignedInRequest
from raiportal.errors import Invalid
from raiportal.look.forms import add_refusal, reason_in

FIRST = 1  # section
NOT_AN_ANSWER = frozenset({"csrfmiddlewaretoken", "key", "seen"})


def _assessment(request: SignedInRequest, assessment_id: int) -> Assessment:
    rows = Assessment.objects.visible_to(request.user).select_related("system__scope", "created_by", "closed_by", "based_on")
    found: Assessment = get_object_or_404(rows, pk=assessment_id)
    return found


def _impact(request: SignedInRequest, impact_id: int) -> Impact:
    rows = Impact.objects.visible_to(request.user).select_related("assessment__system__scope", "intended_use", "stakeholder", "harm")
    found: Impact = get_object_or_404(rows, pk=impact_id)
    return found


@require_safe
def assessment_list(request: SignedInRequest, system_id: int) -> HttpResponse:
    system = system_of(request, system_id)
    versions = list(selectors.assessments_of(system))
    context = {
        "system": system,
        "section": "assessments",
        "versions": versions,
        "writing": next((version for version in versions if version.state == AssessmentState.WRITING), None),
        "may_add": policies.may_propose_harm(request.user, system),
    }
    return render(request, "harms/assessment_list.html", context)


@require_POST
def assessment_add(request: SignedInRequest, system_id: int) -> HttpResponse:
    started = actions.start_assessment(system=system_of(request, system_id), actor=request.user)
    messages.success(request, f"{started} is begun. Every answer is kept as you go.")
    return redirect("assessment", started.pk)


@require_safe
def assessment(request: SignedInRequest, assessment_id: int) -> HttpResponse:
    shown = _assessment(request, assessment_id)
    form = selectors.form_of(shown)
    standing = selectors.standing_of(shown, form)
    sections = parts.sections(shown, form, standing)
    wanted = request.GET.get("section", str(FIRST))
    number = next((section.number for section in sections if str(section.number) == wanted), FIRST)
    may_write = policies.may_write_assessment(request.user, shown)
    context = {
        **_frame(shown),
        "form": form,
        "standing": standing,
        "sections": sections,
        "open_title": next(section.title for section in sections if section.number == number),
        "following": next((section for section in sections if section.number == number + 1), None),
        "blocks": parts.blocks(shown, form, standing, number),
        "impacts": list(selectors.impacts_of(shown)),
        "may_write": may_write,
        "is_writable": bool(may_write) and shown.state == AssessmentState.WRITING,
        "sensitive": [(use, standing.sensitive[use.id]) for use in form.uses if use.id in standing.sensitive],
    }
    return render(request, "harms/assessment.html", context)


def _frame(shown: Assessment) -> dict[str, Any]:
    return {"assessment": shown, "system": shown.system, "section": "assessments"}


@require_POST
def assessment_answer(request: SignedInRequest, assessment_id: int) -> HttpResponse:
    """Keep one answer. A script sends each as it is left and gets the line below it; without one the form comes back to where it was."""
    shown = _assessment(request, assessment_id)
    form = selectors.form_of(shown)
    place = next((place for place in form.places if parts.key_of(place) == request.POST.get("key")), None)
    if place is None:
        raise Http404
    try:
        answer = actions.answer_question(
            assessment_id=shown.pk,
            question=place.question.slug,
            use_id=place.use_id,
            stakeholder_id=place.stakeholder_id,
            value=parts.sent_value(place.question, request.POST),
            seen=_number(request.POST.get("seen")),
            actor=request.user,
        )
    except (Invalid, AnswerChanged) as refusal:
        return _refused(request, shown, form, place, refusal)
    back = f"{reverse('assessment', args=[shown.pk])}?section={place.question.section}#{parts.key_of(place)}"
    context = {"assessment": shown, "key": parts.key_of(place), "answer": answer, "revision": answer.revision if answer else 0, "is_fresh": True}
    return htmx.go_or_swap(request, back, "harms/_assessment_kept.html", context)


def _refused(request: SignedInRequest, shown: Assessment, form: selectors.Form, place: Place, refusal: Invalid | AnswerChanged) -> HttpResponse:
    """The line below the answer with what stands in the way; a page of its own where there is no script, with the text that was sent."""
    theirs = refusal.answer if isinstance(refusal, AnswerChanged) else None
    field = parts.one_field(shown, form, selectors.standing_of(shown, form), place)
    seen = theirs.revision if theirs else (_number(request.POST.get("seen")) or 0)
    context = {**_frame(shown), "field": field, "key": field.key, "revision": seen, "refusal": refusal.detail, "theirs": theirs}
    context["theirs_words"] = assessing.in_words(theirs.value) if theirs else ""
    context["sent_parts"] = [(name, value) for name, value in request.POST.items() if name not in NOT_AN_ANSWER]
    return htmx.render(request, "harms/assessment_refused.html", "harms/_assessment_kept.html", context, status=422)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None


@require_safe
def assessment_uses(request: SignedInRequest, assessment_id: int) -> HttpResponse:
    shown = _assessment(request, assessment_id)
    form = selectors.form_of(shown)
    standing = selectors.standing_of(shown, form)
    impacts = list(selectors.impacts_of(shown))
    context = {
        **_frame(shown),
        "form": form,
        "rows": selectors.side_by_side(shown, form),
        "sensitive": [standing.sensitive.get(use.id, []) for use in form.uses],
        "harmed": [[impact for impact in impacts if impact.intended_use_id == use.id and impact.potential_harm] for use in form.uses],
        "gains": [[impact for impact in impacts if impact.intended_use_id == use.id and impact.benefit] for use in form.uses],
    }
    return render(request, "harms/assessment_uses.html", context)


@require_safe
def assessment_compare(request: SignedInRequest, assessment_id: int) -> HttpResponse:
    """What changed since another version of the same system: the one it was based on, unless another is asked for."""
    shown = _assessment(request, assessment_id)
    others = [version for version in selectors.assessments_of(shown.system) if version.pk != shown.pk]
    wanted = _number(request.GET.get("with")) or shown.based_on_id
    other = next((version for version in others if version.pk == wanted), others[-1] if others else None)
    context = {**_frame(shown), "other": other, "others": others, "changes": selectors.differences(other, shown) if other else []}
    return render(request, "harms/assessment_compare.html", context)


@require_POST
def assessment_close(request: SignedInRequest, assessment_id: int) -> HttpResponse:
    closed = actions.close_assessment(assessment_id=_assessment(request, assessment_id).pk, actor=request.user)
    messages.success(request, f"{closed} is closed. It stays as it is; a change begins a new version.")
    return redirect("assessment", closed.pk)


@require_POST
def assessment_discard(request: SignedInRequest, assessment_id: int) -> HttpResponse:
    shown = _assessment(request, assessment_id)
    actions.discard_assessment(assessment_id=shown.pk, reason=reason_in(request.POST), actor=request.user)
    messages.success(request, f"{shown} is discarded. What it says can still be read.")
    return redirect("assessment-list", shown.system_id)


@require_http_methods(["GET", "HEAD", "POST"])
def impact_add(request: SignedInRequest, assessment_id: int) -> HttpResponse:
    shown = _assessment(request, assessment_id)
    policies.may_write_assessment(request.user, shown).require()
    form = ImpactForm(request.POST or None, system=shown.system, initial={name: request.GET.get(name) for name in ("use", "stakeholder")})
    if request.method == "POST" and form.is_valid():
        try:
            actions.add_impact(assessment_id=shown.pk, actor=request.user, **form.cleaned_data)
        except Invalid as error:
            add_refusal(form, error)
        else:
            return redirect(f"{reverse('assessment', args=[shown.pk])}?section=2#impacts")
    return render(request, "harms/impact_add.html", {**_frame(shown), "form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def impact_edit(request: SignedInRequest, impact_id: int) -> HttpResponse:
    shown = _impact(request, impact_id)
    policies.may_write_assessment(request.user, shown.assessment).require()
    form = ImpactForm(request.POST or None, initial={"benefit": shown.benefit, "potential_harm": shown.potential_harm})
    if request.method == "POST" and form.is_valid():
        try:
            actions.edit_impact(impact_id=shown.pk, actor=request.user, **form.cleaned_data)
        except Invalid as error:
            add_refusal(form, error)
        else:
            return redirect(f"{reverse('assessment', args=[shown.assessment_id])}?section=2#impacts")
    context = {**_frame(shown.assessment), "impact": shown, "form": form}
    return render(request, "harms/impact_edit.html", context, status=422 if form.errors else 200)


@require_POST
def impact_remove(request: SignedInRequest, impact_id: int) -> HttpResponse:
    shown = _impact(request, impact_id)
    actions.remove_impact(impact_id=shown.pk, actor=request.user)
    messages.success(request, "The row is taken away.")
    return redirect(f"{reverse('assessment', args=[shown.assessment_id])}?section=2#impacts")


@require_http_methods(["GET", "HEAD", "POST"])
def impact_propose(request: SignedInRequest, impact_id: int) -> HttpResponse:
    """Make a harm of what a use may do to a group: a title and a category, and it is on the register."""
    shown = _impact(request, impact_id)
    policies.may_write_assessment(request.user, shown.assessment).require()
    form = ImpactHarmForm(request.POST or None, initial={"title": shown.potential_harm.splitlines()[0][:160] if shown.potential_harm else ""})
    if request.method == "POST" and form.is_valid():
        try:
            harm = actions.propose_from_impact(impact_id=shown.pk, actor=request.user, **form.cleaned_data)
        except Invalid as error:
            add_refusal(form, error)
        else:
            messages.success(request, f"{harm.code} is on the register. Next: say how bad it is and how often it happens.")
            return redirect("harm", harm.pk)
    context = {**_frame(shown.assessment), "impact": shown, "form": form}
    return render(request, "harms/impact_propose.html", context, status=422 if form.errors else 200)
