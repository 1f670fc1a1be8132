"""Settings: one file, the environment in. docs/operations.md tells what each variable means.

Without DATABASE_URL and DATABASE_APP_URL Isthmus is *embedded*: it keeps its own Postgres and its own secrets
in ISTHMUS_HOME. With either of them the secrets have to be given; `unified_api.checks` refuses to start
without.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from unified_api.serve import broker, logins, logs, postgres
from unified_api.serve.environment import Environment
from unified_api.serve.home import MASTER, kept_secret, new_master_key, secret_file

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment(os.environ)

# Where the embedded mode keeps everything: database, secrets, sockets.
HOME = Path(env.text("ISTHMUS_HOME", str(BASE_DIR / ".isthmus"))).absolute()

# The owner's login (migrations) and the lesser login of web and workers; the latter is derived when not
# given.
DATABASE_URL = env.secret("DATABASE_URL")
DATABASE_APP_URL = env.secret("DATABASE_APP_URL")
EMBEDDED = not (DATABASE_URL or DATABASE_APP_URL)

# Signs sessions and derives the passwords of the database roles that Isthmus makes.
SECRET_KEY = env.secret("SECRET_KEY") or (kept_secret(HOME, "secret_key") if EMBEDDED else "")

# Earlier secret keys, separated by spaces: what was signed with them still counts (sessions, cursors, and what an
# Idempotency-Key was first sent with).
SECRET_KEY_FALLBACKS = env.secret("SECRET_KEY_FALLBACKS").split()

# The ring of master keys that seal the keys of tenants, newest first: `id:base64` of 32 bytes each, on lines
# of their own or separated by commas. A ring in a file is read again when the file changes.
MASTER_KEYS_FILE = env.file("MASTER_KEYS")
MASTER_KEYS = env.secret("MASTER_KEYS")
MASTER_KEYS_KEPT = EMBEDDED and not (MASTER_KEYS or MASTER_KEYS_FILE)
if MASTER_KEYS_KEPT:
    MASTER_KEYS, MASTER_KEYS_FILE = kept_secret(HOME, MASTER, new_master_key), secret_file(HOME, MASTER)


def _owner_login() -> logins.Login | None:
    if EMBEDDED:
        return postgres.Cluster(HOME).owner_login()
    return logins.login_from_url(DATABASE_URL, variable="DATABASE_URL") if DATABASE_URL else None


def _app_login(owner: logins.Login | None) -> logins.Login:
    if DATABASE_APP_URL or owner is None:
        return logins.login_from_url(DATABASE_APP_URL, variable="DATABASE_APP_URL")
    return owner.derived(SECRET_KEY, user=logins.APP)


# Whether Postgres may keep plans for a connection; None has it find out by itself.
PREPARED_STATEMENTS = (
    env.flag("DATABASE_PREPARED_STATEMENTS", default=True)
    if env.text("DATABASE_PREPARED_STATEMENTS")
    else None
)

OWNER_LOGIN = _owner_login()
APP_LOGIN = _app_login(OWNER_LOGIN)

DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        "ENGINE": "tenants.postgres",
        "NAME": APP_LOGIN.database,
        "HOST": APP_LOGIN.host,
        "PORT": APP_LOGIN.port,
        "USER": APP_LOGIN.user,
        "PASSWORD": APP_LOGIN.password,
        "OPTIONS": dict(APP_LOGIN.options),
        "OWNER_USER": OWNER_LOGIN.user if OWNER_LOGIN else None,
        "OWNER_PASSWORD": OWNER_LOGIN.password if OWNER_LOGIN else None,
        "PREPARED_STATEMENTS": PREPARED_STATEMENTS,
        "CONN_MAX_AGE": 300,
        "CONN_HEALTH_CHECKS": True,
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "unified_api.admin.config.ConsoleConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "tenants",
    "unified_api",
    "unified_api.apps.HrisConfig",
    "unified_api.apps.TrainingConfig",
    "unified_api.apps.CrmConfig",
    "unified_api.apps.TicketingConfig",
    "unified_api.sync",
    "integrations",
    "integrations.sandbox",
]
MIGRATION_MODULES = {
    category: f"unified_api.migrations.{category}" for category in ("hris", "training", "crm", "ticketing")
}

MIDDLEWARE = [
    "unified_api.serve.logs.correlate",
    "unified_api.api.compressing.Compressing",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "unified_api.serve.browsers.Sessions",
    "django.middleware.common.CommonMiddleware",
    "unified_api.serve.browsers.Forms",
    "unified_api.serve.browsers.Users",
    "unified_api.serve.browsers.Messages",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "unified_api.urls"
WSGI_APPLICATION = "unified_api.wsgi.application"
APPEND_SLASH = False

# Host names under which Isthmus is reached, separated by commas.
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]" if EMBEDDED else "")
# Origins, as in https://isthmus.example, from which the console's forms are accepted behind a proxy.
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
# True behind a proxy that ends TLS and sets X-Forwarded-Proto itself.
BEHIND_TLS_PROXY = env.flag("BEHIND_TLS_PROXY", default=False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_TLS_PROXY else None
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BEHIND_TLS_PROXY
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "unified_api" / "admin" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

# The console's style sheets are served by the application itself, straight from the packages.
STATIC_URL = "static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True

# Providers at private addresses are refused, save for these host names and ranges
# (`10.1.0.0/16,tracker.internal`).
ALLOW_PRIVATE_HOSTS = env.words("ALLOW_PRIVATE_HOSTS")

# Where the sandbox integrations reach this installation's own web server: its address, and /sandbox.
SANDBOX_URL = env.text("SANDBOX_URL", "http://127.0.0.1:8000/sandbox")
# How many sandboxes a tenant may have at once.
SANDBOXES_PER_TENANT = env.whole("SANDBOXES_PER_TENANT", 50)

# The address under which others reach this installation, such as https://isthmus.example.com: webhooks of providers are
# asked for below it. Without it none are, but for those of sandboxes.
PUBLIC_URL = env.text("PUBLIC_URL").rstrip("/")

# Logs: `json` for machines, `console` for people; by default whatever standard error is.
LOG_FORMAT = env.text("LOG_FORMAT", "console" if sys.stderr.isatty() else "json")
LOG_LEVEL = env.text("LOG_LEVEL", "INFO")
# A command answers whoever typed it, and logs beside that only what is amiss, unless it is told to log more.
COMMAND_LOG_LEVEL = env.text("LOG_LEVEL", "WARNING")
LOGGING_CONFIG = None
DEFAULT_EXCEPTION_REPORTER_FILTER = "unified_api.serve.reports.ReportFilter"
logs.configure(form=LOG_FORMAT, level=LOG_LEVEL)

# Celery: a message is only a wake-up, the truth of a job is a row. Hence no results, and acknowledgement on
# arrival.
BROKER_URL = broker.checked(env.secret("BROKER_URL"))
BROKER_LOGIN = broker.given_login(BROKER_URL)
if not BROKER_URL:
    BROKER_LOGIN = APP_LOGIN.derived(
        SECRET_KEY, user=logins.BROKER, database=env.text("BROKER_DATABASE", logins.BROKER_DATABASE)
    )
# Of a broker in Postgres, the options say where it is.
CELERY_BROKER_URL = (
    f"pgmq://{logins.BROKER}@localhost/{logins.BROKER_DATABASE}" if BROKER_LOGIN else BROKER_URL
)
CELERY_BROKER_TRANSPORT_OPTIONS = broker.transport_options(BROKER_LOGIN)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_HEARTBEAT = 0
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = False
CELERY_TASK_DEFAULT_QUEUE = "background"
CELERY_TASK_CREATE_MISSING_QUEUES = True
CELERY_TASK_ROUTES = {"isthmus.tick": {"queue": "interactive"}}
CELERY_WORKER_POOL = "threads"
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"
CELERY_BEAT_SCHEDULE = {
    "tick": {"task": "isthmus.tick", "schedule": 1.0, "options": {"expires": 10}},
    "tidy": {"task": "isthmus.tidy", "schedule": 3_600.0, "options": {"expires": 600}},
}

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "UNAUTHENTICATED_USER": None,
}

# How fast one linked account's provider is called at the most, by all workers together; the provider's own
# rate-limit headers come on top.
PROVIDER_REQUESTS_PER_SECOND = env.whole("PROVIDER_REQUESTS_PER_SECOND", 10)
PROVIDER_BURST = env.whole("PROVIDER_BURST", 20)

# How many requests to the API may call providers at once; so many of the web server's threads at the most.
PROVIDER_CALLS_AT_ONCE = env.whole("PROVIDER_CALLS_AT_ONCE", 48)

# How many requests of a minute are answered for one linked account, by all processes together; 0: as many as come.
REQUESTS_PER_MINUTE = env.whole("REQUESTS_PER_MINUTE", 0)

# The largest body of a request, in bytes.
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
