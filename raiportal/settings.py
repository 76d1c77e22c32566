"""The one settings module. Every difference between installations comes from the environment; `.env.example` lists them all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import structlog
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent


def _flag(name: str, default: str = "0") -> bool:
    return os.environ.get(name, default).strip().lower() in {"1", "true", "yes", "on"}


def _words(name: str, default: str = "") -> list[str]:
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


def _secret(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise ImproperlyConfigured(f"{name} is not set. `make up` makes one by itself; elsewhere see .env.example.")
    return value


# --- What this installation is ---
EMBEDDED = _flag("RAIPORTAL_EMBEDDED")  # started by `make up`: loopback only, sample accounts allowed
DEBUG = _flag("RAIPORTAL_DEBUG")
SECRET_KEY = _secret("RAIPORTAL_SECRET_KEY")
FIELD_KEYS = [key for key in _secret("RAIPORTAL_FIELD_KEYS").split(",") if key]  # Fernet keys, newest first
ALLOWED_HOSTS = _words("RAIPORTAL_HOSTS", "localhost,127.0.0.1,[::1]")
PUBLIC_URL = os.environ.get("RAIPORTAL_PUBLIC_URL", f"http://localhost:{os.environ.get('RAIPORTAL_PORT', '8000')}")
DATA_DIR = Path(os.environ.get("RAIPORTAL_DATA", BASE_DIR / ".data"))
SANDBOX_URL = os.environ.get("RAIPORTAL_SANDBOX_URL", "")  # address of the simulator that the sample programme calls
ENDPOINT_ALLOWLIST = _words("RAIPORTAL_ENDPOINT_ALLOWLIST")  # internal hosts (host or host:port) that deployments may call

INSTALLED_APPS = [
    "raiportal.accounts",
    "raiportal.audit",
    "raiportal.catalogues",
    "raiportal.api",
    "raiportal.look",
    "raiportal.status",
    "raiportal.administration",
    "raiportal.embedded",
    "systems",
    "harms",
    "measurements",
    "sample",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "django_structlog",
    "csp",
    "allauth",
    "allauth.account",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "raiportal.middleware.PageHeadersMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "raiportal.middleware.SignInMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "raiportal.middleware.RefusalMiddleware",
]

ROOT_URLCONF = "raiportal.urls"
WSGI_APPLICATION = "raiportal.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "raiportal.look.context.shell",
            ],
            "builtins": ["raiportal.look.templatetags.look"],
        },
    }
]

# --- Data ---
_POOL_SIZE = int(os.environ.get("RAIPORTAL_DB_POOL_SIZE", "0"))  # connections of one web process; 0 = one for each thread, kept
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": os.environ.get("RAIPORTAL_DB_NAME", "raiportal"),
        "USER": os.environ.get("RAIPORTAL_DB_USER", "raiportal"),
        "PASSWORD": os.environ.get("RAIPORTAL_DB_PASSWORD", ""),
        "HOST": os.environ.get("RAIPORTAL_DB_HOST", ""),
        "PORT": os.environ.get("RAIPORTAL_DB_PORT", ""),
        "CONN_MAX_AGE": 0 if _POOL_SIZE else 60,
        "CONN_HEALTH_CHECKS": not _POOL_SIZE,
        "OPTIONS": {"pool": {"min_size": 1, "max_size": _POOL_SIZE, "timeout": 10}} if _POOL_SIZE else {},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache_entry"}}
SESSION_ENGINE = "django.contrib.sessions.backends.db"

# --- Queue ---
BROKER_URL = os.environ.get("RAIPORTAL_BROKER_URL", "redis://localhost:6379/0")
CELERY_BROKER_URL = BROKER_URL
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "global_keyprefix": os.environ.get("RAIPORTAL_BROKER_PREFIX", ""),
    "socket_connect_timeout": 1,  # seconds; publishing must not hold up a page
    "socket_timeout": 5,
    "retry_on_timeout": False,
    "max_retries": 0,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_DEFAULT_QUEUE = "raiportal"
CELERY_TASK_SOFT_TIME_LIMIT = 600  # seconds; a pump ends by itself long before
CELERY_TASK_TIME_LIMIT = 660
CELERY_TASK_CREATE_MISSING_QUEUES = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
HEARTBEAT_SECONDS = float(os.environ.get("RAIPORTAL_HEARTBEAT_SECONDS", "10"))  # between two proofs that beat, broker and a worker live
SWEEP_SECONDS = float(os.environ.get("RAIPORTAL_SWEEP_SECONDS", "10"))  # between two looks for work that nobody does
CELERY_BEAT_SCHEDULE = {
    "heartbeat": {"task": "raiportal.status.tasks.beat", "schedule": HEARTBEAT_SECONDS, "options": {"expires": HEARTBEAT_SECONDS}},
    "sweep-runs": {"task": "measurements.tasks.sweep_runs", "schedule": SWEEP_SECONDS, "options": {"expires": SWEEP_SECONDS}},
    "due-runs": {"task": "measurements.tasks.start_due_runs", "schedule": 60.0, "options": {"expires": 60}},
    "sweep-uploads": {"task": "measurements.tasks.drop_old_uploads", "schedule": 3600.0, "options": {"expires": 3600}},
}

# --- The run engine: intervals from measurements, see docs/decisions ---
ENGINE_LEASE_SECONDS = float(os.environ.get("RAIPORTAL_ENGINE_LEASE_SECONDS", "10"))  # life of a lease or grant that nobody renews
ENGINE_TICK_SECONDS = float(os.environ.get("RAIPORTAL_ENGINE_TICK_SECONDS", "1"))  # between two renewals
ENGINE_PUMP_SECONDS = float(os.environ.get("RAIPORTAL_ENGINE_PUMP_SECONDS", "300"))  # life of one pump task; then it queues its successor
ENGINE_PROBE_SECONDS = float(os.environ.get("RAIPORTAL_ENGINE_PROBE_SECONDS", "1"))  # from an endpoint's failing to the first call that probes it
ENGINE_DOWN_SECONDS = float(os.environ.get("RAIPORTAL_ENGINE_DOWN_SECONDS", "3600"))  # of failing, after which runs pause

# --- Signing in ---
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator", "OPTIONS": {"user_attributes": ("username", "name", "email")}},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
CSRF_FAILURE_VIEW = "raiportal.administration.views.doors.csrf_failure"
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "portfolio"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "raiportal.accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_RATE_LIMITS = {"login": "30/m/ip", "login_failed": "10/m/ip,5/5m/key", "reauthenticate": "10/m/user", "change_password": "5/m/user"}
SESSION_COOKIE_AGE = 12 * 3600  # seconds: one working day
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"

# --- Transport security. Off only where everything stays on loopback. ---
_TLS = _flag("RAIPORTAL_TLS", "0" if EMBEDDED or DEBUG else "1")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _TLS
SECURE_SSL_REDIRECT = False  # the proxy in front redirects; the portal is never reached past it
SECURE_HSTS_SECONDS = 31_536_000 if _TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _TLS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _TLS else None
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if _TLS else []
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024  # bytes of a request without files
UPLOAD_MAX_BYTES = 50 * 1024 * 1024  # bytes of an imported file
FILE_UPLOAD_HANDLERS = ["raiportal.uploads.LimitedUploadHandler", "django.core.files.uploadhandler.TemporaryFileUploadHandler"]

# --- Language, time ---
LANGUAGE_CODE = "en-gb"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"

# --- Static files ---
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "raiportal" / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": os.environ.get("RAIPORTAL_STATIC_STORAGE", "whitenoise.storage.CompressedManifestStaticFilesStorage")},
}

# --- API ---
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["raiportal.api.authentication.TokenAuthentication", "raiportal.api.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["raiportal.api.permissions.SignedIn"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["raiportal.api.parsers.StrictJsonParser"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "raiportal.api.pagination.CursorPages",
    "DEFAULT_SCHEMA_CLASS": "raiportal.api.schema.Schema",
    "EXCEPTION_HANDLER": "raiportal.api.problems.handle",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "PAGE_SIZE": 50,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "raiportal",
    "DESCRIPTION": "The API of the responsible-AI portal. Errors are application/problem+json; lists come in cursor pages.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["raiportal.api.permissions.SignedIn"],
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_NAME_OVERRIDES": {
        "OutcomeEnum": "measurements.enums.Outcome",
        "VoteOutcomeEnum": "measurements.enums.VoteOutcome",
        "DueOutcomeEnum": "measurements.enums.DueOutcome",
        "JudgeKindEnum": "measurements.enums.JudgeKind",
        "PairVerdictEnum": "measurements.api.comparisons.VERDICTS",
    },
}

# --- Logs: one event a line, ids as values, never content or secrets ---
_JSON_LOGS = _flag("RAIPORTAL_JSON_LOGS", "1")
_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "events": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer() if _JSON_LOGS else structlog.dev.ConsoleRenderer(colors=False),
            ],
            "foreign_pre_chain": _SHARED,
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "events"}},
    "root": {"handlers": ["console"], "level": os.environ.get("RAIPORTAL_LOG_LEVEL", "INFO")},
    "loggers": {
        "httpx": {"level": "WARNING"},
        "httpx2": {"level": "WARNING"},
        "openai": {"level": "WARNING"},
        "django.server": {"level": "WARNING"},
        "django_structlog": {"level": os.environ.get("RAIPORTAL_REQUEST_LOG_LEVEL", "INFO")},
    },
}
structlog.configure(
    processors=[structlog.stdlib.filter_by_level, *_SHARED, structlog.processors.StackInfoRenderer(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
DJANGO_STRUCTLOG_CELERY_ENABLED = True
DJANGO_STRUCTLOG_USER_ID_FIELD = "pk"
SILENCED_SYSTEM_CHECKS: list[str] = []
