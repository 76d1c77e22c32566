"""Addresses of the identity provider: the protocol's own, a sign-in without a page, and one to change a person's groups."""

from __future__ import annotations

import json

from django.contrib.auth import authenticate, login
from django.contrib.auth.models import Group, User
from django.http import HttpRequest, HttpResponse
from django.urls import include, path


def sign_in(request: HttpRequest) -> HttpResponse:
    """POST username and password; the session cookie then stands for the person at /o/authorize/."""
    user = authenticate(request, username=request.POST["username"], password=request.POST["password"])
    if user is None:
        return HttpResponse(status=403)
    login(request, user)
    return HttpResponse("signed in")


def set_groups(request: HttpRequest) -> HttpResponse:
    """POST JSON {"username", "groups"}: makes the person where there is none."""
    told = json.loads(request.body)
    user, made = User.objects.get_or_create(username=told["username"], defaults={"first_name": "Ada", "last_name": "Person", "email": told.get("email", "")})
    if made:
        user.set_password(told["username"])
        user.save()
    user.groups.set([Group.objects.get_or_create(name=name)[0] for name in told["groups"]])
    return HttpResponse("set")


urlpatterns = [path("o/", include("oauth2_provider.urls")), path("sign-in/", sign_in), path("groups/", set_groups)]
