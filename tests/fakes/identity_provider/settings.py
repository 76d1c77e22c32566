"""Settings of the identity provider's process: a database file of its own, a signing key made at its start."""

import os
from pathlib import Path

FOLDER = Path(os.environ["IDENTITY_PROVIDER_FOLDER"])
SECRET_KEY = "the identity provider of the tests; it protects nothing"
ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
DEBUG = False
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "oauth2_provider",
    "tests.fakes.identity_provider",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
ROOT_URLCONF = "tests.fakes.identity_provider.urls"
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": FOLDER / "people.sqlite3"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
SESSION_COOKIE_NAME = "identity-provider"
USE_TZ = True
OAUTH2_PROVIDER = {
    "OIDC_ENABLED": True,
    "OIDC_RSA_PRIVATE_KEY": (FOLDER / "key.pem").read_text(),
    "OIDC_ISS_ENDPOINT": os.environ["IDENTITY_PROVIDER_ISSUER"],
    "OAUTH2_VALIDATOR_CLASS": "tests.fakes.identity_provider.claims.Validator",
    "SCOPES": {"openid": "who you are", "profile": "your name", "email": "your address"},
    "PKCE_REQUIRED": True,
    "ALLOWED_REDIRECT_URI_SCHEMES": ["http", "https"],
}
