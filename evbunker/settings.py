"""Every setting, from the environment. docs/deploy.md has the table; `evbunker/checks.py` refuses unsafe ones."""

import importlib.util
import sys
from pathlib import Path
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from evbunker.logs import logging_settings

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"

env = environ.Env()
if env_file := env.str("ENV_FILE", default=""):
    env.read_env(env_file)


def required_unless_debug(name: str, debug_default: str) -> str:
    """The variable `name`; with DEBUG=1 it may be left out."""
    value: str = env.str(name, default=debug_default if DEBUG else "")
    if not value:
        raise ImproperlyConfigured(f"Set {name} in the environment (or DEBUG=1 on a laptop).")
    return value


# -- The site ---------------------------------------------------------------------------------------------------------
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = required_unless_debug("SECRET_KEY", "only-for-debugging-on-one-laptop")
SITE_URL = required_unless_debug("SITE_URL", "http://localhost:8000").rstrip("/")
ALLOWED_HOSTS = required_unless_debug("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]").split(",")
SITE = urlsplit(SITE_URL)
if SITE.scheme not in {"http", "https"} or not SITE.netloc:
    raise ImproperlyConfigured(f"SITE_URL must be an http or https address, not {SITE_URL!r}.")

ROOT_URLCONF = "evbunker.urls"
WSGI_APPLICATION = "evbunker.wsgi.application"
ASGI_APPLICATION = "evbunker.asgi.application"

# -- Engines ----------------------------------------------------------------------------------------------------------
DATABASE_URL = env.str("DATABASE_URL", default="")
REDIS_URL = env.str("REDIS_URL", default="")
ON_MONGODB = DATABASE_URL.startswith(("mongodb://", "mongodb+srv://"))

if ON_MONGODB:
    DATABASES = {
        "default": {
            "ENGINE": "django_mongodb_backend",
            "HOST": DATABASE_URL,
            "NAME": urlsplit(DATABASE_URL).path.strip("/") or "evbunker",
            "OPTIONS": {
                "w": "majority",
                "readConcernLevel": "majority",
                "readPreference": "primary",
                "serverSelectionTimeoutMS": 10_000,
                "tz_aware": False,
            },
        }
    }
    DEFAULT_AUTO_FIELD = "django_mongodb_backend.fields.ObjectIdAutoField"
    ALLAUTH_DEFAULT_AUTO_FIELD = "evbunker.fields.NumberField"
    MIGRATION_MODULES = {
        label: f"evbunker.mongo_migrations.{label}" for label in ("account", "admin", "auth", "contenttypes", "mfa")
    }
    CONTRIB_APPS = [
        "evbunker.contrib_apps.MongoAdminConfig",
        "evbunker.contrib_apps.MongoAuthConfig",
        "evbunker.contrib_apps.MongoContentTypesConfig",
    ]
else:
    sqlite_file = DATABASE_URL.removeprefix("sqlite:///") or str(VAR_DIR / "evbunker.sqlite3")
    Path(sqlite_file).parent.mkdir(parents=True, exist_ok=True)
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": sqlite_file,
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
            },
            "CONN_MAX_AGE": 60,  # opening one costs more than most requests do with it
            "TEST": {"NAME": str(Path(sqlite_file).with_name(f"test_{Path(sqlite_file).name}"))},
        }
    }
    DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
    CONTRIB_APPS = ["django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes"]

if REDIS_URL:
    CACHES = {
        "default": {
            "BACKEND": "evbunker.cache.RedisCache",
            "LOCATION": REDIS_URL,
            "KEY_PREFIX": "evb",
            "OPTIONS": {"SOCKET_CONNECT_TIMEOUT": 1, "SOCKET_TIMEOUT": 2},
        }
    }
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [REDIS_URL], "prefix": "evb"},
        }
    }
else:
    CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": 20_000}}
    }
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}

LIVE_SOURCE = env.str("LIVE_SOURCE", default="signals")
WEB_PROCESSES = env.int("WEB_PROCESSES", default=1)
"""How many server processes run; more than one needs Redis (a system check refuses the rest)."""

# -- Apps -------------------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "daphne",
    "unfold",
    *CONTRIB_APPS,
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "channels",
    "django_htmx",
    "ninja",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "evbunker",
    "bookings",
    "payments",
    "dashboard",
    "adminpanel",
]

MIDDLEWARE = [
    "evbunker.middleware.request_id",
    "evbunker.middleware.observed",
    "evbunker.problems.problems",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "evbunker.csp.ContentSecurityPolicy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "evbunker.middleware.busy_database",
    "bookings.middleware.last_seen",
    "adminpanel.middleware.staff_second_factor",
    "adminpanel.middleware.records_csp",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.debug",
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "evbunker.context.site",
            ],
            "builtins": ["evbunker.templatetags.evbunker", "evbunker.templatetags.live"],
        },
    }
]

# -- People -----------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "bookings.Client"
SESSION_ENGINE = "evbunker.sessions"
AUTHENTICATION_BACKENDS = ["bookings.backends.ClientBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/dashboard/"
EMAIL_URL = env.str("EMAIL_URL", default="")
EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default=f"EV Bunker <no-reply@{SITE.hostname}>")
EMAIL_TIMEOUT = 10

ACCOUNT_ADAPTER = "bookings.accounts.AccountAdapter"
ACCOUNT_SIGNUP_FORM_CLASS = "bookings.forms.SignUpForm"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_DEFAULT_HTTP_PROTOCOL = SITE.scheme
EMAIL_VERIFIED_TO_PAY = bool(EMAIL_URL)
"""Paying needs a verified address as soon as the site can send one."""
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "EV Bunker"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = SITE.scheme == "http"
STAFF_SECOND_FACTOR = env.bool("STAFF_SECOND_FACTOR", default=True)

RATE_LIMITS = {
    # name: (how many, in how many seconds), counted for the account and for the address apart
    "sign_in": (10, 300),
    "sign_up": (20, 3600),
    "hold": (30, 60),
    "pay": (20, 60),
    "sandbox": (60, 60),
    "pay_return": (60, 60),
    "document": (60, 60),
    "contact": (5, 3600),
}
if not env.bool("RATE_LIMITS", default=True):
    RATE_LIMITS = {}
ACCOUNT_RATE_LIMITS: dict[str, str] | bool = {} if RATE_LIMITS else False
MFA_RATE_LIMITS = ACCOUNT_RATE_LIMITS
TRUSTED_PROXIES = env.list("TRUSTED_PROXIES", default=[])
"""Addresses whose X-Forwarded-For is believed."""

# -- Cookies, headers -------------------------------------------------------------------------------------------------
SECURE = SITE.scheme == "https"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = SECURE
SESSION_COOKIE_NAME = "__Host-session" if SECURE else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if SECURE else "csrf"
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = SECURE
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE else None
SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", default=31_536_000 if SECURE else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_TRUSTED_ORIGINS = [SITE_URL]
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440

MAP_TILES_URL = env.str("MAP_TILES_URL", default="")
"""Template of a tile server, {z}/{x}/{y}; empty: a plain background and no request to any other host."""
MAP_TILES_ATTRIBUTION = env.str("MAP_TILES_ATTRIBUTION", default="")
TILES = urlsplit(MAP_TILES_URL.replace("{s}", "*"))
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", *([f"{TILES.scheme}://{TILES.netloc}"] if MAP_TILES_URL else [])],
        "font-src": [SELF],
        "connect-src": [SELF, f"{'wss' if SECURE else 'ws'}://{SITE.netloc}"],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}

# -- Language, time ---------------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_TZ = True
TIME_ZONE = "UTC"

# -- Static files -----------------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS: list[Path | tuple[str, Path]] = [BASE_DIR / "static"]
if leaflet := importlib.util.find_spec("leaflet"):
    # Only the browser library: the Django app itself needs GDAL.
    STATICFILES_DIRS.append(("leaflet", Path(str(leaflet.origin)).parent / "static" / "leaflet"))
COLLECTED = ("collectstatic" in sys.argv or (STATIC_ROOT / "staticfiles.json").exists()) and not DEBUG
WHITENOISE_USE_FINDERS = not COLLECTED
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if COLLECTED
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# -- Booking and payment ----------------------------------------------------------------------------------------------
BOOKING_HOLD_SECONDS = env.int("BOOKING_HOLD_SECONDS", default=600)
BOOKING_TAKEOVER_GRACE_SECONDS = env.int("BOOKING_TAKEOVER_GRACE_SECONDS", default=30)
PAYMENT_GATEWAYS = env.list("PAYMENT_GATEWAYS", default=[])
FINANCIAL_YEAR_STARTS = env.str("FINANCIAL_YEAR_STARTS", default="01-01")
RECEIPT_FONTS = env.list("RECEIPT_FONTS", default=[])
STRIPE_SECRET_KEY = env.str("STRIPE_SECRET_KEY", default="")
STRIPE_WEBHOOK_SECRET = env.str("STRIPE_WEBHOOK_SECRET", default="")
STRIPE_ACCOUNT = env.str("STRIPE_ACCOUNT", default="")
STRIPE_API_BASE = env.str("STRIPE_API_BASE", default="").rstrip("/")
STRIPE_PAY_PAGE = env.str("STRIPE_PAY_PAGE", default="https://checkout.stripe.com").rstrip("/")
PAY_PAGES = {"stripe": STRIPE_PAY_PAGE}
"""Where each gateway has its pay pages. Our forms may lead there (CSP), as far as the gateway is offered."""
CONTENT_SECURITY_POLICY["DIRECTIVES"]["form-action"] += [PAY_PAGES[one] for one in PAYMENT_GATEWAYS if one in PAY_PAGES]
SANDBOX_ALLOWED = env.bool("SANDBOX_ALLOWED", default=False)
SANDBOX_WEBHOOK_SECRET = env.str("SANDBOX_WEBHOOK_SECRET", default="")
SANDBOX_KNOBS = env.list("SANDBOX_KNOBS", default=[])
SANDBOX_AUTO_WEBHOOK = env.bool("SANDBOX_AUTO_WEBHOOK", default=True)
RAZORPAY_KEY_ID = env.str("RAZORPAY_KEY_ID", default="")
RAZORPAY_KEY_SECRET = env.str("RAZORPAY_KEY_SECRET", default="")
RAZORPAY_WEBHOOK_SECRET = env.str("RAZORPAY_WEBHOOK_SECRET", default="")
RAZORPAY_ACCOUNT = env.str("RAZORPAY_ACCOUNT", default="")
RAZORPAY_API_BASE = env.str("RAZORPAY_API_BASE", default="https://api.razorpay.com").rstrip("/")
RUN_SCHEDULER = env.bool("RUN_SCHEDULER", default=not (ON_MONGODB or REDIS_URL))
"""Periodic jobs as a thread of the server; production runs `manage.py scheduler` instead."""

# -- Logs, metrics ----------------------------------------------------------------------------------------------------
LOGGING_CONFIG = "evbunker.logs.configure"
LOGGING = logging_settings(env.str("LOG_FORMAT", default="line"), env.str("LOG_LEVEL", default="INFO"))
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
"""What Prometheus sends as a bearer token; without one there is no /metrics."""

UNFOLD = {
    "SITE_TITLE": "EV Bunker",
    "SITE_HEADER": "EV Bunker records",
    "SITE_URL": "/operations/overview/",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: f"{STATIC_URL}img/mark.svg"},
    ],
    "ENVIRONMENT": "evbunker.admin.environment",
    "COLORS": {
        "primary": {
            "50": "#ecfdf5", "100": "#d1fae5", "200": "#a7f3d0", "300": "#6ee7b7", "400": "#34d399", "500": "#10b981",
            "600": "#059669", "700": "#047857", "800": "#065f46", "900": "#064e3b", "950": "#022c22",
        }
    },
}  # fmt: skip
