"""The one settings module. Every difference between installations comes from the environment; `.env.example` lists them all."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import structlog
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from raiportal.secret_links import mask_links

BASE_DIR = Path(__file__).resolve().parent.parent


def _flag(name: str, default: str = "0") -> bool:
    return os.environ.get(name, default).strip().lower() in {"1", "true", "yes", "on"}


def _words(name: str, default: str = "") -> list[str]:
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


def _role_map(name: str) -> dict[str, list[str]]:
    """A JSON object from a group's name to a list of roles, such as "auditor", "owner@chat" or "reviewer:privacy@chat"."""
    try:
        given = json.loads(os.environ.get(name) or "{}")
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} isn't JSON: {error}") from None
    if not isinstance(given, dict) or not all(isinstance(roles, list) and all(isinstance(role, str) for role in roles) for roles in given.values()):
        raise ImproperlyConfigured(f'{name} has to be a JSON object of lists, such as {{"ai-risk": ["risk_manager"]}}.')
    return given


def _secret(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise ImproperlyConfigured(f"{name} is not set. `make up` makes one by itself; elsewhere see .env.example.")
    return value


def _stated(name: str, default: str) -> str:
    """A setting that has a default on loopback alone: a real installation has to say it."""
    return os.environ.get(name) or (default if EMBEDDED or DEBUG else _secret(name))


# --- What this installation is ---
EMBEDDED = _flag("RAIPORTAL_EMBEDDED")  # started by `make up`: loopback only, sample accounts allowed
DEBUG = _flag("RAIPORTAL_DEBUG")
SECRET_KEY = _secret("RAIPORTAL_SECRET_KEY")
FIELD_KEYS = [key for key in _secret("RAIPORTAL_FIELD_KEYS").split(",") if key]  # Fernet keys, newest first
LEDGER_KEYS = _words("RAIPORTAL_LEDGER_KEY", "" if EMBEDDED else _secret("RAIPORTAL_LEDGER_KEY"))  # seeds of Ed25519 keys, newest first
ALLOWED_HOSTS = _words("RAIPORTAL_HOSTS", _stated("RAIPORTAL_HOSTS", "localhost,127.0.0.1,[::1]"))
PUBLIC_URL = _stated("RAIPORTAL_PUBLIC_URL", f"http://localhost:{os.environ.get('RAIPORTAL_PORT', '8000')}").rstrip("/")
DATA_DIR = Path(os.environ.get("RAIPORTAL_DATA", BASE_DIR / ".data"))
CHECKPOINTS = Path(os.environ.get("RAIPORTAL_CHECKPOINTS") or DATA_DIR / "checkpoints.jsonl")  # where the ledger's seals are kept outside the database
SANDBOX_URL = os.environ.get("RAIPORTAL_SANDBOX_URL", "")  # address of the simulator that the sample programme calls
ENDPOINT_ALLOWLIST = _words("RAIPORTAL_ENDPOINT_ALLOWLIST")  # internal hosts (host or host:port) that deployments and webhooks may call

INSTALLED_APPS = [
    "raiportal.accounts",
    "raiportal.audit",
    "raiportal.catalogues",
    "raiportal.api",
    "raiportal.look",
    "raiportal.status",
    "raiportal.administration",
    "raiportal.work",
    "raiportal.notifications",
    "raiportal.deadlines",
    "raiportal.evidence",
    "raiportal.comments",
    "raiportal.signoffs",
    "raiportal.reports",
    "raiportal.integrity",
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
    "allauth.mfa",
    "allauth.socialaccount",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
]

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "raiportal.middleware.RequestLogMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "raiportal.middleware.PageHeadersMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "raiportal.middleware.SignInMiddleware",
    "raiportal.accounts.middleware.LastSeenMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "raiportal.middleware.RefusalMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
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
            "builtins": [
                *(f"raiportal.look.templatetags.{name}" for name in ("look", "look_places", "look_forms", "look_content", "look_charts")),
                "raiportal.administration.templatetags.history",
                "raiportal.evidence.templatetags.evidence_panel",
                "raiportal.comments.templatetags.comments_panel",
                "raiportal.signoffs.templatetags.sign_offs",
            ],
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
DB_APP_ROLE = os.environ.get("RAIPORTAL_DB_APP_ROLE", "")  # read by `prepare_database`, which runs as the owner of the tables
DB_APP_PASSWORD = os.environ.get("RAIPORTAL_DB_APP_PASSWORD", "")
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
RUNS_QUEUE = "raiportal-runs"  # what takes minutes: taken by processes of its own, so that mails, probes and signs of life never wait for a run
CELERY_TASK_QUEUES: dict[str, dict[str, str]] = {CELERY_TASK_DEFAULT_QUEUE: {}, RUNS_QUEUE: {}}  # a worker that is told none takes both
CELERY_TASK_ROUTES = {name: {"queue": RUNS_QUEUE} for name in ("measurements.tasks.pump", "measurements.tasks.judge_run", "harms.tasks.play_replay")}
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
    "seal-ledger": {"task": "raiportal.audit.tasks.seal_ledger", "schedule": 60.0, "options": {"expires": 60}},
    "verify-ledger": {"task": "raiportal.audit.tasks.verify_ledger", "schedule": 3600.0, "options": {"expires": 3600}},
    "due-runs": {"task": "measurements.tasks.start_due_runs", "schedule": 60.0, "options": {"expires": 60}},
    "sweep-harm-uploads": {"task": "harms.tasks.drop_old_uploads", "schedule": 3600.0, "options": {"expires": 3600}},
    "sweep-probes": {"task": "harms.tasks.sweep_probes", "schedule": SWEEP_SECONDS, "options": {"expires": SWEEP_SECONDS}},
    "deliver-notifications": {"task": "raiportal.notifications.tasks.deliver", "schedule": 15.0, "options": {"expires": 15}},
    "run-deadlines": {"task": "raiportal.deadlines.tasks.run_due", "schedule": 60.0, "options": {"expires": 60}},
    "delete-old-transcripts": {"task": "harms.tasks.delete_old_transcripts", "schedule": 3600.0, "options": {"expires": 3600}},
    "close-rating-rounds": {"task": "harms.tasks.close_due_rounds", "schedule": 60.0, "options": {"expires": 60}},
    "drop-evidence-files": {"task": "raiportal.evidence.tasks.drop_unneeded_files", "schedule": 3600.0, "options": {"expires": 3600}},
    "make-report-pdfs": {"task": "raiportal.reports.tasks.make_waiting_pdfs", "schedule": 60.0, "options": {"expires": 60}},
    "end-lapsed-sign-offs": {"task": "raiportal.signoffs.tasks.end_lapsed", "schedule": 60.0, "options": {"expires": 60}},
    "apply-catalogues": {"task": "raiportal.catalogues.tasks.apply_catalogues", "schedule": 3600.0, "options": {"expires": 3600}},
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
ACCOUNT_FORMS = {"login": "raiportal.accounts.forms.SignInForm", "reset_password": "raiportal.accounts.forms.ForgottenPasswordForm"}
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # nobody gets mail for an address that no account has
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[raiportal] "
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600  # seconds for which a repeated password or factor holds
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "10/m/ip,5/5m/key",  # a key is an account as seen from strangers' browsers, or from one browser that has signed in to it before
    "reauthenticate": "10/m/user",
    "change_password": "5/m/user",
    "reset_password": "10/m/ip,3/10m/key",
    "reset_password_from_key": "20/m/ip",
    "invitation": "20/m/ip",
    "rating_from_outside": "30/m/ip",
    "single_sign_on": "20/m/ip",
}
PASSWORD_RESET_TIMEOUT = 3600  # seconds that a mailed link works
SIGN_IN_MAX_BYTES = 64 * 1024  # bytes of what a sign-in page takes; a passkey's answer is the longest, with a few thousand
ALLAUTH_TRUSTED_PROXY_COUNT = int(os.environ.get("RAIPORTAL_TRUSTED_PROXIES") or "0")  # hops in X-Forwarded-For that are ours; 0 ignores the header
SESSION_COOKIE_AGE = 12 * 3600  # seconds: one working day
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"

# --- Second factors ---
MFA_ADAPTER = "raiportal.accounts.factors.FactorAdapter"
MFA_FORMS = {
    "activate_totp": "raiportal.accounts.forms.AppSetUpForm",
    "authenticate": "raiportal.accounts.forms.SecondFactorForm",
    "reauthenticate": "raiportal.accounts.forms.ConfirmationForm",
    "add_webauthn": "raiportal.accounts.forms.PasskeyAddForm",
    "login_webauthn": "raiportal.accounts.forms.PasskeySignInForm",
    "reauthenticate_webauthn": "raiportal.accounts.forms.PasskeyConfirmForm",
    "authenticate_webauthn": "raiportal.accounts.forms.PasskeySecondForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True  # addresses are entered by administrators and by invitation, never verified by mail
MFA_TOTP_ISSUER = "raiportal"
MFA_TOTP_TOLERANCE = 1  # steps of 30 seconds that a phone's clock may be off

# --- Single sign-on over OpenID Connect; without an issuer there is none ---
SOCIALACCOUNT_ADAPTER = "raiportal.accounts.single_sign_on.SingleSignOnAdapter"
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_REQUESTS_TIMEOUT = 5  # seconds
OIDC_ISSUER = os.environ.get("RAIPORTAL_OIDC_ISSUER", "").rstrip("/")
OIDC_CLIENT_ID = os.environ.get("RAIPORTAL_OIDC_CLIENT_ID", "")
OIDC_CLIENT_SECRET = os.environ.get("RAIPORTAL_OIDC_CLIENT_SECRET", "")
OIDC_NAME = os.environ.get("RAIPORTAL_OIDC_NAME") or "single sign-on"  # on the button: "Sign in with …"
OIDC_SCOPES = (os.environ.get("RAIPORTAL_OIDC_SCOPES") or "openid profile email").split()
OIDC_GROUPS_CLAIM = os.environ.get("RAIPORTAL_OIDC_GROUPS_CLAIM") or "groups"
OIDC_ROLES = _role_map("RAIPORTAL_OIDC_ROLES")
if OIDC_ISSUER and not (OIDC_CLIENT_ID and OIDC_CLIENT_SECRET):
    raise ImproperlyConfigured("RAIPORTAL_OIDC_ISSUER needs RAIPORTAL_OIDC_CLIENT_ID and RAIPORTAL_OIDC_CLIENT_SECRET too.")
if OIDC_ISSUER and not OIDC_ISSUER.startswith(("https://", "http://localhost:", "http://127.0.0.1:")):
    raise ImproperlyConfigured("RAIPORTAL_OIDC_ISSUER has to start with https://.")

# --- E-mail: without a host, mails are written as files into the data folder ---
EMAIL_HOST = os.environ.get("RAIPORTAL_EMAIL_HOST", "")
EMAIL_PORT = int(os.environ.get("RAIPORTAL_EMAIL_PORT") or "587")
EMAIL_HOST_USER = os.environ.get("RAIPORTAL_EMAIL_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("RAIPORTAL_EMAIL_PASSWORD", "")
_EMAIL_TLS = (os.environ.get("RAIPORTAL_EMAIL_TLS") or "starttls").strip().lower()
if _EMAIL_TLS not in {"starttls", "tls", "none"}:
    raise ImproperlyConfigured("RAIPORTAL_EMAIL_TLS is starttls, tls or none.")
EMAIL_USE_TLS = _EMAIL_TLS == "starttls"
EMAIL_USE_SSL = _EMAIL_TLS == "tls"
EMAIL_TIMEOUT = 5  # seconds
EMAIL_FILE_PATH = DATA_DIR / "mail"
DEFAULT_FROM_EMAIL = os.environ.get("RAIPORTAL_EMAIL_FROM") or "raiportal@localhost"
EMAIL_BACKEND = "raiportal.mail.BackgroundBackend"
MAIL_TRANSPORT = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'filebased'}.EmailBackend"  # what the background backend hands over to

# --- Transport security. Off only where everything stays on loopback. ---
_TLS = _flag("RAIPORTAL_TLS", "0" if EMBEDDED or DEBUG else "1")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _TLS
SECURE_SSL_REDIRECT = _TLS
SECURE_REDIRECT_EXEMPT = ["^healthz$", "^readyz$", "^metrics$"]  # asked from inside the network, past the proxy
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
EVIDENCE_MAX_BYTES = int(os.environ.get("RAIPORTAL_EVIDENCE_MAX_MB") or "20") * 1024 * 1024  # bytes of a file that is kept as evidence
EVIDENCE_FILES = DATA_DIR / "files"  # their contents, by digest; backups look there
FILE_UPLOAD_HANDLERS = ["raiportal.uploads.LimitedUploadHandler", "raiportal.uploads.SpooledUploadHandler"]

# --- Figures for Prometheus ---
PROMETHEUS_LATENCY_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, float("inf"))  # seconds

# --- Language, time ---
LANGUAGE_CODE = "en-gb"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"

# --- Static files ---
STATIC_URL = "static/"
STATIC_ROOT = Path(os.environ.get("RAIPORTAL_STATIC") or DATA_DIR / "static")
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
    "DEFAULT_GENERATOR_CLASS": "raiportal.api.schema.Generator",
    "ENUM_NAME_OVERRIDES": {
        "CandidateSourceEnum": "harms.enums.CandidateSource",
        "CandidateStateEnum": "harms.enums.CandidateState",
        "HarmOriginEnum": "harms.enums.Origin",
        "AssessmentStateEnum": "harms.enums.AssessmentState",
        "DeliveryStateEnum": "raiportal.notifications.enums.DeliveryState",
        "SignOffRequestStateEnum": "raiportal.signoffs.enums.RequestState",
        "SignOffStandingEnum": "raiportal.signoffs.enums.Held",
        "ConditionStateEnum": "raiportal.signoffs.enums.ConditionState",
        "ActivationKindEnum": "systems.enums.ActivationKind",
        "DocumentKindEnum": "systems.enums.DocumentKind",
        "FilterProviderEnum": "systems.enums.FilterProvider",
        "OutcomeEnum": "measurements.enums.Outcome",
        "VoteOutcomeEnum": "measurements.enums.VoteOutcome",
        "DueOutcomeEnum": "measurements.enums.DueOutcome",
        "JudgeKindEnum": "measurements.enums.JudgeKind",
        "PairVerdictEnum": "measurements.api.comparisons.VERDICTS",
        "TransformEnum": "measurements.api.stress.TRANSFORMS",
        "TestedLayerEnum": "harms.enums.TestedLayer",
        "SignOffVerdictEnum": "raiportal.signoffs.enums.Verdict",
        "AttackVerdictEnum": "harms.enums.Verdict",
        "OpinionVerdictEnum": "harms.enums.OpinionVerdict",
    },
}

# --- Logs: one event a line, ids as values, never content or secrets ---
_JSON_LOGS = _flag("RAIPORTAL_JSON_LOGS", "1")
_SHARED: list[Any] = [
    mask_links,
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
