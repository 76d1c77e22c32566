"""What people enter to sign in, or because they can't."""

from __future__ import annotations

import struct
from typing import Any

from allauth.account.forms import LoginForm, default_token_generator
from allauth.account.internal.flows.password_reset import request_password_reset
from allauth.mfa.adapter import get_adapter as get_factor_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm, AuthenticateWebAuthnForm, LoginWebAuthnForm, ReauthenticateWebAuthnForm
from django import forms
from django.http import HttpRequest

from raiportal.accounts import factors, selectors
from raiportal.accounts.devices import plain_username

UNREADABLE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, struct.error)
PASSWORD_MAX_LENGTH = 1000  # characters; a longer one is refused before anything is computed from it


class SignInForm(LoginForm):  # type: ignore[misc]
    """allauth's, with names in one spelling and a bound on what is hashed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].max_length = PASSWORD_MAX_LENGTH
        self.fields["password"].help_text = ""

    def clean_login(self) -> str:
        return plain_username(self.cleaned_data["login"])

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        if len(password) > PASSWORD_MAX_LENGTH:
            raise forms.ValidationError(f"A password has at most {PASSWORD_MAX_LENGTH} characters.")
        return password


class ForgottenPasswordForm(forms.Form):
    """Whatever address is entered, the answer is the same; mail goes to the address that stands in the account, never to the one that was typed."""

    email = forms.EmailField(label="E-mail", widget=forms.EmailInput(attrs={"autocomplete": "email"}))

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        address: str = self.cleaned_data["email"]
        for user in selectors.people_with_password_at(address):
            request_password_reset(request, user.email, [user], default_token_generator)
        return address


class AppSetUpForm(ActivateTOTPForm):  # type: ignore[misc]
    """allauth's; the code with which an authenticator app is set up has been used, so nobody signs in with it."""

    def clean_code(self) -> str:
        code: str = super().clean_code()
        factors.note_used_code(self.user, code)
        return code


class _CodeOnce:
    """allauth's own mark of a used code ends before a phone's slow clock makes the code wrong; ours lasts as long as the code is taken."""

    def clean_code(self) -> str:
        code: str = super().clean_code()  # type: ignore[misc]
        if self.authenticator.type == Authenticator.Type.TOTP:  # type: ignore[attr-defined]
            factors.note_used_code(self.user, code)  # type: ignore[attr-defined]
        return code


class SecondFactorForm(_CodeOnce, AuthenticateForm):  # type: ignore[misc]
    pass


class ConfirmationForm(_CodeOnce, ReauthenticateForm):  # type: ignore[misc]
    pass


class _ReadableAnswer:
    """The library reads a browser's answer trustingly; one that isn't of its shape is as wrong as one with the wrong signature."""

    def clean_credential(self) -> Any:
        own = getattr(super(), "clean_credential", None)
        try:
            return own() if own else self.cleaned_data["credential"]  # type: ignore[attr-defined]
        except UNREADABLE as error:
            raise get_factor_adapter().validation_error("incorrect_code") from error

    def clean(self) -> Any:
        try:
            return super().clean()  # type: ignore[misc]
        except UNREADABLE as error:
            raise get_factor_adapter().validation_error("incorrect_code") from error


class PasskeyAddForm(_ReadableAnswer, AddWebAuthnForm):  # type: ignore[misc]
    pass


class PasskeySignInForm(_ReadableAnswer, LoginWebAuthnForm):  # type: ignore[misc]
    pass


class PasskeyConfirmForm(_ReadableAnswer, ReauthenticateWebAuthnForm):  # type: ignore[misc]
    pass


class PasskeySecondForm(_ReadableAnswer, AuthenticateWebAuthnForm):  # type: ignore[misc]
    pass


class NewPasswordForm(forms.Form):
    """A password that somebody sets for the first time, or anew by a link."""

    password = forms.CharField(
        strip=False,
        max_length=PASSWORD_MAX_LENGTH,
        help_text="At least 12 characters, and not one of the common ones.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    repeated = forms.CharField(
        label="Password once more", strip=False, max_length=PASSWORD_MAX_LENGTH, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )

    def clean(self) -> dict[str, Any] | None:
        given = super().clean()
        if given and "password" in given and given.get("repeated") != given["password"]:
            self.add_error("repeated", "The two passwords differ.")
        return given


class AcceptanceForm(NewPasswordForm):
    """What somebody who was invited enters."""

    username = forms.CharField(
        max_length=60,
        help_text="Lower-case letters, digits, dots, hyphens; what you type to sign in.",
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}),
    )
    name = forms.CharField(label="Your name", max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    field_order = ("name", "username", "password", "repeated")
