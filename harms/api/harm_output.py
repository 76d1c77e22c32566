"""A harm as the API shows it."""

from __future__ import annotations

from rest_framework import serializers

from harms.models import Harm, HarmUse


class HarmUseOutput(serializers.ModelSerializer[HarmUse]):
    """The harm in one intended use, with its scores there."""

    class Meta:
        model = HarmUse
        fields = (
            *("intended_use", "priority", "severity", "frequency"),
            *("inherent_score", "measured_score", "residual_score", "observed_score"),
        )
        read_only_fields = fields


class HarmOutput(serializers.ModelSerializer[Harm]):
    code = serializers.CharField(read_only=True)
    category = serializers.SlugField(source="category.slug", read_only=True)
    uses = HarmUseOutput(source="live_uses", many=True, read_only=True, help_text="Intended uses that it is in; archived ones are left out.")

    class Meta:
        model = Harm
        fields = (
            *("id", "code", "system", "title", "description", "category", "origin", "state", "owner", "priority", "severity", "frequency"),
            *("inherent_score", "measured_score", "residual_score", "observed_score", "uses", "library_entry", "model_name"),
            *("treatment", "treatment_words", "treatment_owner", "treatment_due_on", "review_on", "accepted_until", "resolved_at", "merged_into"),
            *("created_by", "created_at", "updated_at"),
        )
        read_only_fields = fields
