"""All settings, from the environment (twelve-factor).  docs/operations.md lists every variable."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from erp.logs import configure

BASE_DIR = Path(__file__).resolve().parent.parent


def _required(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise ImproperlyConfigured(f"{name} is not set; script/up sets it, docs/operations.md explains it")
    return value


def _flag(name: str) -> bool:
    return os.environ.get(name, "0") == "1"


def _database(name: str, fallback: str | None = None) -> dict[str, Any]:
    url = urlsplit(os.environ.get(name) or (_required(fallback) if fallback else _required(name)))
    return {
        "ENGINE": "core.pg",
        "NAME": unquote(url.path.lstrip("/")),
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "HOST": unquote(url.hostname or ""),
        "PORT": str(url.port or 5432),
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": True,
        "OPTIONS": {"connect_timeout": 5, "application_name": os.environ.get("ERP_PROCESS", "erp")},
    }


SECRET_KEY = _required("SECRET_KEY")
ERP_FIELD_KEY = _required("ERP_FIELD_KEY")
ERP_FILES = Path(_required("ERP_FILES"))
REDIS_URL = _required("REDIS_URL")
DEBUG = _flag("ERP_DEBUG")
ERP_SECURE = _flag("ERP_SECURE")
ERP_EVENTS_PORT = os.environ.get("ERP_EVENTS_PORT", "")
ERP_METRICS_TOKEN = os.environ.get("ERP_METRICS_TOKEN", "")
ERP_CONNECTOR_LOOPBACK = _flag("ERP_CONNECTOR_LOOPBACK")  # shops on this very machine, for tests
ALLOWED_HOSTS = os.environ.get("ERP_HOSTS", "localhost,127.0.0.1").split(",")
CSRF_TRUSTED_ORIGINS = [origin for origin in os.environ.get("ERP_ORIGINS", "").split(",") if origin]

# default: the app role (web, workers).  owner: migrations.  sys: lists tenants with due work.
DATABASES = {
    "default": _database("DATABASE_URL"),
    "owner": _database("DATABASE_OWNER_URL", "DATABASE_URL"),
    "sys": _database("DATABASE_SYS_URL", "DATABASE_URL"),
}
APP_ROLE = DATABASES["default"]["USER"]
SYS_ROLE = DATABASES["sys"]["USER"]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "axes",
    "csp",
    "django_filters",
    "django_htmx",
    "django_prometheus",
    "django_structlog",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
    "core",
    "inventory",
    "warehouse",
    "o2o",
    "orders",
    "traceability",
]

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
    "core.web.middleware.TenantMiddleware",  # last: it runs the view inside the tenant's transaction
]

ROOT_URLCONF = "erp.urls"
WSGI_APPLICATION = "erp.wsgi.application"
WIRING = "erp.wiring.HANDLERS"
JOBS = "erp.wiring.JOBS"
SWEEPS = "erp.wiring.SWEEPS"
DOCUMENTS = "erp.wiring.DOCUMENTS"
SHORTAGES = "erp.wiring.SHORTAGES"
NAVIGATION = "erp.navigation.NAVIGATION"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "core.web.context.shell",
            ],
        },
    }
]

ERP_SEARCH_URL = "traceability:home"

AUTH_USER_MODEL = "core.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "core.web.auth.AccountBackend"]
LOGIN_URL = "core:signin"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
AXES_FAILURE_LIMIT = 6
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_CALLABLE = "core.web.auth.locked_out"

SESSION_COOKIE_NAME = "cf_session"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 14 * 24 * 3600
CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = ERP_SECURE
SECURE_HSTS_SECONDS = 31_536_000 if ERP_SECURE else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ERP_SECURE else None
CSRF_FAILURE_VIEW = "core.web.views.csrf_failure"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("中文")), ("en", _("英文"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = Path(os.environ.get("ERP_STATIC", BASE_DIR / ".static"))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": os.environ.get(
            "ERP_STATIC_STORAGE", "whitenoise.storage.CompressedManifestStaticFilesStorage"
        )
    },
}
WHITENOISE_MANIFEST_STRICT = False
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 << 20
FILE_UPLOAD_MAX_MEMORY_SIZE = 1 << 20
ERP_UPLOAD_MAX = 512 << 20  # bytes of one import file

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["core.api.authentication.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["core.api.authentication.HasScope"],
    "DEFAULT_PAGINATION_CLASS": "core.api.pagination.IdCursor",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["core.api.parsers.BoundedJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "core.api.problems.handle",
    "PAGE_SIZE": 100,
    "UNAUTHENTICATED_USER": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Catfish ERP API",
    "DESCRIPTION": "docs/api.md is the guide.",
    "VERSION": "1",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_NAME_OVERRIDES": {"ImportStatusEnum": "orders.api_imports.STATES"},
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": [],
}

# Mail goes to the log until a server is named.
EMAIL_HOST = os.environ.get("ERP_MAIL_HOST", "")
EMAIL_PORT = int(os.environ.get("ERP_MAIL_PORT", "25"))
EMAIL_HOST_USER = os.environ.get("ERP_MAIL_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("ERP_MAIL_PASSWORD", "")
EMAIL_USE_TLS = _flag("ERP_MAIL_TLS")
EMAIL_TIMEOUT = 20
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'console'}.EmailBackend"
DEFAULT_FROM_EMAIL = os.environ.get("ERP_MAIL_FROM", "catfish-erp@localhost")

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 600
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
}
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# By the clock, not by an interval: a container that is made anew every day would never live through one.  19:00 is 3:00 in Shanghai.
CELERY_BEAT_SCHEDULE = {
    "nightly-invariants": {"task": "core.tasks.prove_invariants", "schedule": crontab(hour="19", minute="0")},
    "nightly-housekeeping": {"task": "core.tasks.forget_old", "schedule": crontab(hour="20", minute="0")},
    "hourly-aging": {"task": "inventory.tasks.settle_all_aged", "schedule": crontab(minute="2")},
    "morning-digests": {
        "task": "inventory.tasks.write_due_digests",
        "schedule": crontab(minute="5,20,35,50"),
    },
    "presales": {"task": "orders.tasks.presales_due", "schedule": crontab(minute="*/5")},
    "platforms-pull": {"task": "orders.tasks.pull_due", "schedule": crontab()},
    "platforms-say": {"task": "orders.tasks.say_due", "schedule": crontab()},
    "platforms-refunds": {"task": "orders.tasks.refunds_due", "schedule": crontab()},
    "platforms-stock": {"task": "orders.tasks.stock_due", "schedule": crontab()},
    "platforms-ask": {"task": "orders.tasks.ask_due", "schedule": crontab(minute="*/2")},
}
CELERY_BEAT_SCHEDULE_FILENAME = str(ERP_FILES / "beat")

SILENCED_SYSTEM_CHECKS = ["axes.W003"]
LOGGING = configure(readable=DEBUG, level=os.environ.get("ERP_LOG_LEVEL", "INFO"))
