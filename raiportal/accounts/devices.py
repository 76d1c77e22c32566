"""What is known of a browser: where it is, what it calls itself, and whether somebody has signed in from it before.

A browser that has signed in to an account carries a signed cookie that says so. Wrong passwords from elsewhere then can't keep its owner out: the
limit of tries counts each such browser by itself, and all strangers together (OWASP, "Slow Down Online Guessing Attacks with Device Cookies").
"""

from __future__ import annotations

import ipaddress
import re
import secrets

from allauth.core.internal.httpkit import get_client_ip
from django.conf import settings
from django.core import signing
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse

from raiportal.accounts.models import User

COOKIE = "raiportal-known"
COOKIE_SECONDS = 180 * 24 * 3600
SALT = "raiportal.accounts.devices"
BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"), ("curl", "curl"), ("python", "Python"))
SYSTEMS = (
    ("Windows", "Windows"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Mac OS", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def address_of(request: HttpRequest) -> str | None:
    """The client's address as text; behind trusted proxies the one that the outermost of them saw. None where it isn't known."""
    try:
        return str(ipaddress.ip_address(get_client_ip(request) or ""))
    except (ValueError, ImproperlyConfigured):  # no address, or fewer hops than are said to be trusted
        return None


def device_of(request: HttpRequest) -> str:
    """ "Firefox on Linux", as far as the browser says it."""
    told = request.META.get("HTTP_USER_AGENT", "")
    browser = next((name for mark, name in BROWSERS if mark in told), "")
    system = next((name for mark, name in SYSTEMS if mark in told), "")
    return " on ".join(part for part in (browser, system) if part) or "Unknown browser"


def remember(request: HttpRequest, response: HttpResponse, user: User) -> None:
    """Let this browser be known for this account from now on."""
    if known_for(request, user.username):
        return
    value = signing.dumps({"user": user.username, "mark": secrets.token_hex(8)}, salt=SALT)
    response.set_cookie(
        COOKIE, value, max_age=COOKIE_SECONDS, path=settings.SESSION_COOKIE_PATH, secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax"
    )


def known_for(request: HttpRequest, username: str) -> str:
    """The mark of this browser when somebody has signed in to the account from it, otherwise an empty string."""
    try:
        told = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=COOKIE_SECONDS)
    except signing.BadSignature:
        return ""
    return str(told["mark"]) if told["user"] == username else ""


def plain_username(typed: str) -> str:
    """The sign-in name as it is compared and counted: trimmed, lower-case; a letter outside ASCII becomes one that no account has.

    So look-alikes of a name are neither taken for it nor counted apart from each other.
    """
    return re.sub(r"[^\x21-\x7e]", "?", typed.strip()).lower()
