"""Sets made by transforming another set's cases, and where each of their cases comes from."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from measurements.models.sets import Case, CaseQuerySet, MeasurementSet, MeasurementSetVersion, SetVersionQuerySet
from raiportal.accounts.models import User


class StressSet(models.Model):
    """A set whose cases are those of `origin`, each as it was and once more by every transform. Written once, with the set's only version."""

    measurement_set = models.OneToOneField(MeasurementSet, on_delete=models.PROTECT, related_name="stress", primary_key=True)
    origin = models.ForeignKey(MeasurementSetVersion, on_delete=models.PROTECT, related_name="stress_sets")
    transforms = models.JSONField()  # slugs, in the order of measurements.transforms.ALL
    seed = models.PositiveBigIntegerField()  # of what is drawn by chance: which cases, and what within them
    case_count = models.PositiveIntegerField()  # cases taken from the origin
    left_out = models.JSONField()  # how many cases a transform, by slug, left as they were or made equal to another
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    objects = SetVersionQuerySet.as_manager()

    class Meta:
        db_table = "stress_set"

    def __str__(self) -> str:
        return f"{self.measurement_set} from {self.origin}"


class TransformedCaseQuerySet(CaseQuerySet):
    scope_lookup = "case__version__measurement_set__system_id"


class TransformedCase(models.Model):
    """A case that a transform made, beside the untransformed one of the same version."""

    case = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="transformed", primary_key=True)
    untransformed = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="transforms")
    transform = models.SlugField(max_length=40, db_index=False)

    objects = TransformedCaseQuerySet.as_manager()

    class Meta:
        db_table = "transformed_case"
        constraints = [models.UniqueConstraint(name="transformed_case_once", fields=["untransformed", "transform"])]

    def __str__(self) -> str:
        return f"{self.untransformed} by {self.transform}"
