"""How the ledger's pages find and name this app's objects."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from measurements.models import Judging, MeasurementSet, MeasurementSetVersion, Metric, Output, Run, Schedule, SetUpload
from raiportal.accounts.models import User
from raiportal.audit.subjects import SubjectKind


def _kind(model: Any, name: str, url_name: str, *parents: str) -> SubjectKind:
    """`parents` are read along, where the object's own name tells them."""

    def find(pk: int, user: User) -> Any | None:
        return model.objects.visible_to(user).select_related(*parents).filter(pk=pk).first()

    return SubjectKind(slug=model._meta.label_lower, name=name, find=find, url=lambda row: reverse(url_name, args=[row.pk]))


def _find_judging(pk: int, user: User) -> Judging | None:
    return Judging.objects.visible_to(user).select_related("run").filter(pk=pk).first()


KINDS = (
    # --- Sets and metrics ---
    _kind(MeasurementSet, "Measurement set", "set", "system"),
    _kind(MeasurementSetVersion, "Set version", "set-version", "measurement_set"),
    _kind(SetUpload, "Upload", "upload", "measurement_set"),
    _kind(Metric, "Metric", "metric", "system"),
    # --- Runs and outputs ---
    _kind(Run, "Run", "run", "system"),
    _kind(Output, "Output", "output", "run"),
    SubjectKind(slug=Judging._meta.label_lower, name="Judging", find=_find_judging, url=lambda row: reverse("run", args=[row.run_id])),
    # --- Schedules ---
    _kind(Schedule, "Schedule", "schedule", "system"),
)
