"""Checking a row's plain fields before it is saved, with a sentence for the first that doesn't fit."""

from __future__ import annotations

import re
import unicodedata

from django.core.exceptions import ValidationError
from django.db import models

from raiportal.errors import Invalid

DRAWN_BLANK = "\N{BRAILLE PATTERN BLANK}\N{HANGUL FILLER}\N{HANGUL CHOSEONG FILLER}\N{HANGUL JUNGSEONG FILLER}\N{HALFWIDTH HANGUL FILLER}"


_UNSTORABLE = re.compile("[\\x00\\ud800-\\udfff]")  # no text of the database holds them


def is_storable(text: str) -> bool:
    """Whether the database can hold the text: without null characters and halves of characters."""
    return _UNSTORABLE.search(text) is None


def require_clean(row: models.Model) -> None:
    """Raise Invalid, naming the field, unless every plain field fits its column: length, choice, range. Relations and JSON are not looked at."""
    passed_over = [field.name for field in row._meta.concrete_fields if _is_passed_over(field, row)]
    try:
        row.clean_fields(exclude=[*passed_over, "id"])
    except ValidationError as error:
        field, sentences = next(iter(error.message_dict.items()))
        raise Invalid(" ".join(sentences), field=field) from error


def _is_passed_over(field: models.Field, row: models.Model) -> bool:
    return field.is_relation or isinstance(field, models.JSONField) or (field.null and getattr(row, field.attname) is None)


def require_text(value: str, *, field: str, sentence: str) -> str:
    """`value` without the space around it. Raises Invalid with `sentence` when nothing is left that can be seen."""
    text = value.strip()
    if not any(map(_is_seen, text)):
        raise Invalid(sentence, field=field)
    return text


def _is_seen(character: str) -> bool:
    """Whether a reader sees it: neither space nor a control, a format mark (joiners, directions) or one of the letters that are drawn blank."""
    return unicodedata.category(character)[0] not in "CZ" and character not in DRAWN_BLANK
