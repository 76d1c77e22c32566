"""What the API says where Django REST framework has sentences of its own: plain ones, which say what to send instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import exceptions, fields, serializers, validators

SEE_DESCRIPTION = "the description of the API, at /api/docs/, lists them"
_TOO_MANY_DIGITS = "This number has too many digits: send a shorter one."
_BOUNDS = {"max_value": "Send {max_value} or less.", "min_value": "Send {min_value} or more."}
_LENGTHS = {"max_length": "Send at most {max_length}.", "min_length": "Send at least {min_length}."}
_LIST = {"not_a_list": "Send a list, also of a single value.", "empty": "Send at least one."}
_OBJECT = "Send an object, with names and values."

SENTENCES: Mapping[type[serializers.Field[Any, Any, Any, Any]], Mapping[str, str]] = {
    serializers.Field: {"required": "This is missing, and has to be sent.", "null": "This can't be null: send a value."},
    serializers.BooleanField: {"invalid": "Send true or false."},
    serializers.CharField: {
        "invalid": "Send a text.",
        "blank": "This can't be empty: send a text.",
        "max_length": "Shorten this text: it has at most {max_length} characters.",
        "min_length": "This text is too short: it has at least {min_length} characters.",
    },
    serializers.EmailField: {"invalid": "Send an e-mail address, such as name@example.org."},
    serializers.RegexField: {"invalid": "This text doesn't have the right form: the description of the API, at /api/docs/, says which."},
    serializers.SlugField: {
        "invalid": "Use only letters, digits, hyphens and underscores.",
        "invalid_unicode": "Use only letters, digits, hyphens and underscores.",
    },
    serializers.URLField: {"invalid": "Send a whole address, which begins with https:// or http://."},
    serializers.UUIDField: {"invalid": "Send a UUID, such as 0f8fad5b-d9cb-469f-a165-70867728950e."},
    serializers.IPAddressField: {"invalid": "Send an IPv4 or IPv6 address."},
    serializers.IntegerField: {"invalid": "Send a whole number.", "max_string_length": _TOO_MANY_DIGITS, **_BOUNDS},
    fields.BigIntegerField: {"invalid": "Send a whole number.", "max_string_length": _TOO_MANY_DIGITS, **_BOUNDS},
    serializers.FloatField: {"invalid": "Send a number.", "max_string_length": _TOO_MANY_DIGITS, "overflow": _TOO_MANY_DIGITS, **_BOUNDS},
    serializers.DecimalField: {
        "invalid": "Send a number.",
        "max_string_length": _TOO_MANY_DIGITS,
        "max_digits": "Send a number of at most {max_digits} digits in all.",
        "max_decimal_places": "Send a number of at most {max_decimal_places} decimal places.",
        "max_whole_digits": "Send a number of at most {max_whole_digits} digits before the point.",
        **_BOUNDS,
    },
    serializers.DateTimeField: {
        "invalid": "Send a moment, such as 2026-03-31T14:00:00Z.",
        "date": "Send a moment, such as 2026-03-31T14:00:00Z, and not only a day.",
        "make_aware": "Send a moment that exists in the time zone “{timezone}”, or one in UTC, such as 2026-03-31T14:00:00Z.",
        "overflow": "Send a moment between the years 1 and 9999.",
    },
    serializers.DateField: {"invalid": "Send a day, such as 2026-03-31.", "datetime": "Send a day, such as 2026-03-31, without a time."},
    serializers.TimeField: {"invalid": "Send a time of day, such as 14:30."},
    serializers.DurationField: {
        "invalid": "Send a duration, such as 1 12:30:00 for a day, twelve hours and a half.",
        "overflow": "This duration is too long: send a shorter one.",
        **_BOUNDS,
    },
    serializers.ChoiceField: {"invalid_choice": f"Send one of the values that can be chosen: {SEE_DESCRIPTION}."},
    serializers.MultipleChoiceField: {"invalid_choice": f"Send values that can be chosen: {SEE_DESCRIPTION}.", **_LIST},
    serializers.FileField: {
        "required": "Send a file.",
        "invalid": "Send a file, as multipart/form-data.",
        "no_name": "Send the file with its name.",
        "empty": "The file is empty: send one with content.",
        "max_length": "Shorten the file's name: it has at most {max_length} characters, not {length}.",
    },
    serializers.ListField: {**_LIST, **_LENGTHS},
    serializers.DictField: {"not_a_dict": _OBJECT, "empty": "Send an object with at least one value."},
    serializers.JSONField: {"invalid": "Send JSON that can be read."},
    serializers.Serializer: {"invalid": "Send an object with the fields of this address."},
    serializers.ListSerializer: {**_LIST, **_LENGTHS},
}
UNREADABLE_JSON = "The body is no JSON that can be read: see that it is whole, in UTF-8, and that its texts stand in double quotes."
UNREADABLE_FORM = "The form in the body can't be read: send it whole, as multipart/form-data with its boundary."
FORGED = "Send the cookie's CSRF token as X-CSRFToken, from a page of the portal; a program sends a token of its own as “Authorization: Bearer <token>”."


def install() -> None:
    """Have every serializer field that is made from now on speak so."""
    for field, sentences in SENTENCES.items():
        field.default_error_messages = {**vars(field).get("default_error_messages", {}), **sentences}
    validators.ProhibitSurrogateCharactersValidator.message = "The text holds half of a surrogate pair (U+{code_point:X}), which is no character: leave it out."


def sentence_of(error: exceptions.APIException, context: Mapping[str, Any]) -> str:
    """What an exception of the framework says to people. `context` is that of its exception handler."""
    view, said = context.get("view"), str(error.detail)
    if isinstance(error, exceptions.MethodNotAllowed):
        return f"This address doesn't take {context['request'].method}. It takes {_listed(getattr(view, 'allowed_methods', ()))}."
    if isinstance(error, exceptions.UnsupportedMediaType):
        return f"Send the body as {_listed(parser.media_type for parser in getattr(view, 'parser_classes', ()))}, and say so in Content-Type."
    if isinstance(error, exceptions.NotAcceptable):
        return "The answer comes as application/json: say so in Accept, or leave it out."
    if isinstance(error, exceptions.ParseError) and "parse error - " in said:
        return UNREADABLE_JSON if said.startswith("JSON") else UNREADABLE_FORM
    if isinstance(error, exceptions.PermissionDenied):
        return FORGED if said.startswith("CSRF Failed") else said
    return said


def _listed(names: Any) -> str:
    """“GET, HEAD or POST”."""
    *first, last = dict.fromkeys(names) or ("nothing",)
    return f"{', '.join(first)} or {last}" if first else str(last)
