"""What somebody sends to say something."""

from __future__ import annotations

from django import forms

from raiportal.comments.models import LONGEST


class CommentForm(forms.Form):
    text = forms.CharField(
        label="Comment",
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Plain text. @ and a user name tells that person, if they may see this.",
        error_messages={"required": "Write something first."},
    )
