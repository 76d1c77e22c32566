"""The API's refusals are the portal's own sentences, which say what to send instead."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.test import Client
from rest_framework import serializers

from raiportal.accounts.enums import Role
from raiportal.api import words
from tests.factories.accounts import make_user
from tests.factories.systems import make_system
from tests.systems.test_api import HERE, Caller

pytestmark = pytest.mark.django_db


class Everything(serializers.Serializer[Any]):
    flag = serializers.BooleanField()
    text = serializers.CharField(max_length=5, min_length=2)
    address = serializers.EmailField()
    slug = serializers.SlugField()
    url = serializers.URLField()
    number = serializers.IntegerField(min_value=1, max_value=9)
    rate = serializers.FloatField(min_value=0, max_value=1)
    cost = serializers.DecimalField(max_digits=5, decimal_places=2, max_value=100)
    moment = serializers.DateTimeField()
    day = serializers.DateField()
    time = serializers.TimeField()
    identity = serializers.UUIDField()
    choice = serializers.ChoiceField(["a", "b"])
    names = serializers.ListField(child=serializers.CharField(), min_length=1, max_length=2)
    options = serializers.DictField()
    inner = serializers.DictField(child=serializers.IntegerField())


@pytest.mark.parametrize(
    ("field", "sent", "sentence"),
    [
        ("flag", "perhaps", "Send true or false."),
        ("text", [], "Send a text."),
        ("text", "", "This can't be empty: send a text."),
        ("text", "abcdef", "Shorten this text: it has at most 5 characters."),
        ("text", "a", "This text is too short: it has at least 2 characters."),
        ("text", None, "This can't be null: send a value."),
        ("text", "a\ud800", "The text holds half of a surrogate pair (U+D800), which is no character: leave it out."),
        ("address", "nobody", "Send an e-mail address, such as name@example.org."),
        ("slug", "a b", "Use only letters, digits, hyphens and underscores."),
        ("url", "here", "Send a whole address, which begins with https:// or http://."),
        ("number", "one", "Send a whole number."),
        ("number", 0, "Send 1 or more."),
        ("number", 10, "Send 9 or less."),
        ("number", "9" * 5000, "This number has too many digits: send a shorter one."),
        ("rate", "much", "Send a number."),
        ("rate", 10**400, "This number has too many digits: send a shorter one."),
        ("cost", "1.234", "Send a number of at most 2 decimal places."),
        ("cost", 101, "Send 100 or less."),
        ("moment", "soon", "Send a moment, such as 2026-03-31T14:00:00Z."),
        ("moment", datetime.date(2026, 3, 31), "Send a moment, such as 2026-03-31T14:00:00Z, and not only a day."),
        ("day", "2026-31-03", "Send a day, such as 2026-03-31."),
        ("time", "25:00", "Send a time of day, such as 14:30."),
        ("identity", "me", "Send a UUID, such as 0f8fad5b-d9cb-469f-a165-70867728950e."),
        ("choice", "c", f"Send one of the values that can be chosen: {words.SEE_DESCRIPTION}."),
        ("names", "one", "Send a list, also of a single value."),
        ("names", [], "Send at least 1."),
        ("names", ["a", "b", "c"], "Send at most 2."),
        ("options", [], "Send an object, with names and values."),
    ],
)
def test_wrong_value_is_told_what_to_send(field: str, sent: Any, sentence: str) -> None:
    read = Everything(data={field: sent}, partial=True)

    assert not read.is_valid()
    assert [str(said) for said in read.errors[field]] == [sentence]


def test_missing_fields_and_wrong_shapes_are_told_too() -> None:
    nothing, no_object, many = Everything(data={}), Everything(data=[]), Everything(data={}, many=True)

    assert not any(read.is_valid() for read in (nothing, no_object, many))
    assert {str(said) for errors in nothing.errors.values() for said in errors} == {"This is missing, and has to be sent."}
    assert str(no_object.errors["non_field_errors"][0]) == "Send an object with the fields of this address."
    assert "Send a list, also of a single value." in str(many.errors)


def test_no_sentence_of_the_frameworks_is_left_in_the_fields_that_inputs_use() -> None:
    """Every message that a field of a declared input may give is one that `words` has."""
    ours = {sentence for sentences in words.SENTENCES.values() for sentence in sentences.values()}
    known = tuple(words.SENTENCES)
    used = {type(field) for serializer in _serializers() for field in serializer().fields.values() if not field.read_only}

    assert used
    for kind in used:
        assert issubclass(kind, known), kind
        said = {str(message) for owner in kind.__mro__ for message in vars(owner).get("default_error_messages", {}).values() if owner in known}
        assert said <= ours, (kind, said - ours)


def _serializers() -> list[type[serializers.Serializer[Any]]]:
    from drf_spectacular.generators import EndpointEnumerator

    modules = {view.cls.__module__ for _, _, _, view in EndpointEnumerator().get_api_endpoints()}
    found: list[type[serializers.Serializer[Any]]] = []
    waiting: list[type[Any]] = [serializers.Serializer]
    while waiting:
        for kind in waiting.pop().__subclasses__():
            waiting.append(kind)
            if kind.__module__ in modules and kind.__name__.endswith("Input"):
                found.append(kind)
    return found


def test_method_that_an_address_does_not_take_is_told_which_it_takes() -> None:
    caller = Caller(make_user(Role.RISK_MANAGER))
    answer = caller.client.put(f"{HERE}/systems/{make_system().pk}/", {}, content_type="application/json")

    assert (answer.status_code, answer.json()["detail"].startswith("This address doesn't take PUT. It takes GET")) == (405, True)
    assert "GET" in answer["Allow"]


@pytest.mark.parametrize(
    ("content_type", "body", "status", "sentence"),
    [
        ("application/json", "{'a': 1}", 400, words.UNREADABLE_JSON),
        ("text/csv", "a,b", 415, "Send the body as application/json, and say so in Content-Type."),
    ],
)
def test_body_that_cannot_be_read_is_told_how_to_send_it(content_type: str, body: str, status: int, sentence: str) -> None:
    caller = Caller(make_user(Role.RISK_MANAGER))
    answer = caller.client.post(f"{HERE}/systems/", body, content_type=content_type)

    assert (answer.status_code, answer.json()["detail"]) == (status, sentence)


def test_other_refusals_of_the_framework_are_in_plain_words() -> None:
    caller = Caller(make_user(Role.RISK_MANAGER))
    cut_off = caller.client.post(f"{HERE}/harms/import/", b"--x", content_type="multipart/form-data")
    other_answer = caller.client.get(f"{HERE}/systems/", headers={"accept": "text/csv"})
    page = Client(enforce_csrf_checks=True)
    page.force_login(caller.user)
    forged = page.post(f"{HERE}/systems/", {}, content_type="application/json")
    nowhere = caller.get("/systems/999999/")

    assert (cut_off.status_code, cut_off.json()["detail"]) == (400, words.UNREADABLE_FORM)
    assert (other_answer.status_code, "say so in Accept" in other_answer.json()["detail"]) == (406, True)
    assert (forged.status_code, forged.json()["detail"]) == (403, words.FORGED)
    assert (nowhere.status_code, "nothing here" in nowhere.json()["detail"]) == (404, True)
