"""What every deployment shares. Where stores stand, and what this process is, local and production settings add."""

from __future__ import annotations

import os
from typing import Any

from celery.schedules import crontab

from fintech.http.schema_settings import SPECTACULAR_SETTINGS as API_SCHEMA_SETTINGS
from fintech.observability.logs import logging_configuration
from fintech.privacy.declarations import Columns
from fintech.privacy.third_party import THIRD_PARTY_COLUMNS

# Which of the image's services this process is; a command of the operator's is none of them.
SERVICE = os.environ.get("FINTECH_SERVICE", "command")

INSTALLED_APPS = [
    "fintech.cells",
    "fintech.journal",
    "fintech.ledger",
    "fintech.factlog",
    "fintech.privacy",
    "fintech.http",
    "fintech.observability",
    "fintech.stack",
    "fintech.journey",
    "fintech.project",
    "crm",
    "payments",
    "trading",
    "audit",
    "crm.back_office.BackOfficeConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.headless",
    "allauth.mfa",
    "allauth.usersessions",
    "channels",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]

MIDDLEWARE = [
    "fintech.observability.middleware.ProbeMiddleware",
    "fintech.http.request_ids.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "fintech.cells.middleware.CellOfHostMiddleware",
    "fintech.observability.middleware.RequestLogMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "fintech.http.bodies.BodyMiddleware",
]

ROOT_URLCONF = f"fintech.project.urls_{SERVICE}" if SERVICE in ("web", "api") else "fintech.project.urls"
WSGI_APPLICATION = "fintech.project.wsgi.application"
ASGI_APPLICATION = "fintech.project.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
FORMAT_MODULE_PATH = "fintech.http.formats"
STATIC_URL = "static/"
# Where the image has them, collected when it is built.
STATIC_ROOT: str | None = "/srv/static"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Cells

DATABASE_ROUTERS = ["fintech.cells.router.CellRouter"]
FINTECH_REPLICA_LAG_SECONDS = 10
# Where this process runs, for stores that answer by region; None where there are no such stores.
FINTECH_REGION: str | None = None
# The databases without which this process takes no work; by default all of them.
FINTECH_NEEDED_DATABASES = tuple(os.environ.get("FINTECH_NEEDED_DATABASES", "crm trading payments audit").split())
# The admin app stands in the list under the name of our configuration of it.
_INSTALLED = {app.rpartition(".")[2] for app in INSTALLED_APPS} | {"admin"}
FINTECH_THIRD_PARTY_COLUMNS = {
    **{name: columns for name, columns in THIRD_PARTY_COLUMNS.items() if name.partition(".")[0] in _INSTALLED},
    "crm.User_groups": Columns(plain=("id", "user_id", "group_id")),
    "crm.User_user_permissions": Columns(plain=("id", "user_id", "permission_id")),
}
FINTECH_THIRD_PARTY_CONCERNS = {
    label: "crm"
    for label in (
        "admin",
        "auth",
        "contenttypes",
        "sessions",
        "account",
        "mfa",
        "usersessions",
    )
}

# Signing in

AUTH_USER_MODEL = "crm.User"
AUTHENTICATION_BACKENDS = ["crm.signing_in.session_look_up.BackendWithClient"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
# Nobody may have us write to strangers.
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_ADAPTER = "crm.signing_in.adapter.AccountAdapter"
ACCOUNT_SIGNUP_FORM_CLASS = "crm.signing_in.signup_form.SignupForm"
# Whoever owns an account is told of each change of what it is signed in with.
ACCOUNT_EMAIL_NOTIFICATIONS = True
MFA_ADAPTER = "crm.signing_in.mfa_adapter.MfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
# A passkey proves possession and, by fingerprint or PIN, the person: it may stand for password and second factor.
MFA_PASSKEY_LOGIN_ENABLED = True
# A clock may be wrong by half a minute. No code is taken twice all the same: see crm.signing_in.one_time_codes.
MFA_TOTP_TOLERANCE = 1
MFA_RECOVERY_CODE_DIGITS = 10
MFA_RECOVERY_CODES_SHOW_ONCE = True
# The back office opens to nobody who hasn't given a second factor. A deployment check refuses to have this off.
FINTECH_STAFF_SECOND_FACTOR = True
HEADLESS_ONLY = True
HEADLESS_TOKEN_STRATEGY = "crm.signing_in.session_look_up.TokensLookedUpOnce"  # noqa: S105  (a class)
HEADLESS_CLIENTS = ("app", "browser")
# In the database: a session may hold an address for a while, and a cache is no place for it.
SESSION_ENGINE = "crm.signing_in.sessions"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"

# HTTP

CSRF_FAILURE_VIEW = "fintech.http.error_views.csrf_failure"
FINTECH_THROTTLES = {"api": "600/60", "anonymous": "60/60"}

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["crm.api.authentication.ClientAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["fintech.http.parsers.StrictJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "fintech.http.pagination.CursorPage",
    "DEFAULT_SCHEMA_CLASS": "fintech.http.schema.ApiSchema",
    "EXCEPTION_HANDLER": "fintech.http.problems.problem_of_exception",
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_THROTTLE_CLASSES": ["fintech.http.throttles.ActorThrottle"],
    # How many proxies of ours stand in front and may be believed; production says its number.
    "NUM_PROXIES": 0,
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    **API_SCHEMA_SETTINGS,
    "TITLE": "Client portal API",
    "DESCRIPTION": "What a client of a regulatory entity can do. The host name says which entity.",
    "VERSION": "1",
    # Members called `kind` have different words in different places.
    "ENUM_NAME_OVERRIDES": {
        "IdentityDocumentKind": "crm.rules.identity_cases.DOCUMENT_KINDS",
        "QuestionnaireKind": "crm.rules.appropriateness.KINDS",
    },
}

# Tasks

CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A worker waits for its broker for as long as it takes.
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    # A worker waits in the broker for a second at a time; whoever publishes waits for no longer than a moment.
    "socket_timeout": 5 if SERVICE == "worker" else 0.2,
    "socket_connect_timeout": 0.5,
    # Whoever publishes tries once. Left to itself, kombu waits six seconds for each message.
    "max_retries": 0,
}
# The payment providers of each cell by their names, with their addresses; a deployment names its own.
FINTECH_PSPS: dict[str, dict[str, object]] = {}

# What a clock starts, for each cell by its own beat (UTC). What waits in a database is found by the relay's bells.
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = {
    "sessions that have expired": {"task": "crm.clear_expired_sessions", "schedule": crontab(hour=2, minute=20)},
    "balances of the house in payments": {"task": "payments.take_snapshots", "schedule": crontab(minute="*/5")},
    "balances of the house in trading": {"task": "trading.take_snapshots", "schedule": crontab(minute="*/5")},
    "the audit log's coming months": {"task": "audit.make_partitions", "schedule": crontab(hour=2, minute=40)},
    "the audit log against its anchors": {"task": "audit.verify", "schedule": crontab(hour=3, minute=10)},
    "what is in transit between the books": {"task": "project.check_in_transit", "schedule": crontab(minute="*/5")},
}

LOGGING = logging_configuration(service=SERVICE)
