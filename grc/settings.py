"""Every setting of the product, read from the environment. Strict unless COUNTERSIGN_LOCAL says that this is one laptop.

Each variable NAME can also be given as NAME_FILE, the path of a file that holds the value (docs/operations.md).
"""

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any

from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from environs import FileAwareEnv, validate

env = FileAwareEnv(strip_whitespace=True)
BASE_DIR = Path(__file__).resolve().parent.parent

DATA_DIR = env.path("DATA_DIR", BASE_DIR / "data").resolve()  # database, private files, keys: never served
DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)

LOCAL = env.bool("COUNTERSIGN_LOCAL", False)  # loopback, plain HTTP: what bin/run serves
DEBUG = False


# Keys ---------------------------------------------------------------------------------------------------------------


def local_key(name: str) -> str:
    """The key of this laptop's data folder, made at first use. A hard link is atomic: two starts never disagree."""
    path = DATA_DIR / "keys" / name
    path.parent.mkdir(mode=0o700, exist_ok=True)
    if not path.exists():
        draft = path.with_suffix(f".{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_hex(32))
        with suppress(FileExistsError):  # another process was first: its key counts
            path.hardlink_to(draft)
        draft.unlink()
    return path.read_text().strip()


def key(name: str) -> str:
    """A secret of at least 32 characters from the environment; outside local mode nothing starts without it."""
    value = env.str(name, "") or (local_key(name.lower()) if LOCAL else "")
    if len(value) < 32:
        raise ImproperlyConfigured(f"{name} (or {name}_FILE) must hold at least 32 random characters.")
    return value


SECRET_KEY = key("SECRET_KEY")
SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", [])
# Seals secrets and files (foundation.keys); losing it loses them. To rotate: the old one moves to the fallbacks.
MASTER_KEY = key("MASTER_KEY")
MASTER_KEY_FALLBACKS: list[str] = env.list("MASTER_KEY_FALLBACKS", [])
BACKUP_KEY = env.str("BACKUP_KEY", "")  # encrypts backups (manage.py backup); best known to the backup's machine alone
TRAIL_MAC_KEY = key("TRAIL_MAC_KEY")  # authenticates trail entries; must never be stored in the database
TRAIL_MAC_KEY_FALLBACKS: list[str] = env.list("TRAIL_MAC_KEY_FALLBACKS", [])  # older ones: their entries still verify
TRAIL_KEYS_DIR = env.path("TRAIL_KEYS_DIR", DATA_DIR / "keys" / "trail")  # private keys that sign checkpoints
# Where checkpoints are copied, one after the other: on another disk or machine, out of the database's reach.
TRAIL_ANCHOR_FILE = env.path("TRAIL_ANCHOR_FILE", DATA_DIR / "anchors" / "trail.txt")
TRAIL_ANCHOR_MAIL: list[str] = env.list("TRAIL_ANCHOR_MAIL", [])  # addresses that get the newest checkpoint each hour


# Applications -------------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",  # its widgets' templates, of which templates/django/forms replaces one
    "foundation.trail",
    "foundation.jobs",
    "foundation.organisation",
    "foundation.accounts",
    "foundation.files",
    "foundation.pages",
    "systems",
    "controls",
    "evidence",
    "findings",
    "people",
    "policies",
    "vendors",
    "risks",
    "incidents",
    "accessreviews",
    "audits",
    "home",
    "grc",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.socialaccount.providers.saml",
    "csp",
    "django_cotton.apps.SimpleAppConfig",
    "django_filters",
    "django_htmx",
    "django_tasks",
    "django_tasks_db",
    "drf_spectacular",
    "guardian",
    "knox",
    "lucide",
    "rest_framework",
    "simple_history",
    "template_partials.apps.SimpleAppConfig",
]

MIDDLEWARE = [
    "grc.middleware.RequestMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "foundation.pages.api.errors.JsonErrors",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "foundation.organisation.middleware.OrganisationMiddleware",
    "foundation.trail.middleware.TrailMiddleware",
    "foundation.accounts.sessions.SessionTouch",
    "foundation.accounts.second_factor.SecondFactorRequired",
    "foundation.accounts.middleware.AuditorReadOnly",  # inside the trail's, which records the refusal
    "grc.middleware.PlainMethods",  # inside AuditorReadOnly, whose refusals are entries
    "foundation.pages.middleware.ConflictMiddleware",
    "foundation.files.middleware.RefusedFile",
]

AUTH_USER_MODEL = "accounts.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ROOT_URLCONF = "grc.urls"
WSGI_APPLICATION = "grc.wsgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            # By hand, because cotton and partials would each replace the other's loaders.
            "loaders": [
                (
                    "template_partials.loader.Loader",
                    [
                        (
                            "django.template.loaders.cached.Loader",
                            [
                                "django_cotton.cotton_loader.Loader",
                                "django.template.loaders.filesystem.Loader",
                                "django.template.loaders.app_directories.Loader",
                            ],
                        )
                    ],
                )
            ],
            "builtins": [
                "django.templatetags.static",
                "django_cotton.templatetags.cotton",
                "template_partials.templatetags.partials",
                "lucide.templatetags.lucide",
                "foundation.accounts.templatetags.access",
                "foundation.pages.templatetags.ui",
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "grc.frame.frame",
            ],
        },
    }
]
COTTON_DIR = "ui"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"


# Database -----------------------------------------------------------------------------------------------------------

# FULL, not NORMAL: in WAL mode NORMAL can lose the last committed transactions in a power cut, and what was answered
# with "saved" belongs to the audit trail. It costs one fsync a commit.
SQLITE_PRAGMAS = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"


def database() -> dict[str, Any]:
    """SQLite in the data folder, or what DATABASE_URL names; always with the options that this product relies on."""
    config: dict[str, Any] = dict(env.dj_db_url("DATABASE_URL", f"sqlite:///{DATA_DIR / 'countersign.sqlite3'}"))
    options = config.setdefault("OPTIONS", {})
    if config["ENGINE"] == "django.db.backends.sqlite3":
        # IMMEDIATE: a transaction that will write waits for its turn at the start instead of failing half-way.
        options |= {"transaction_mode": "IMMEDIATE", "timeout": 20, "init_command": SQLITE_PRAGMAS}
    # One lasting connection a thread; a pool in each process would only add a second limit to tune.
    return config | {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}


# No ATOMIC_REQUESTS: with IMMEDIATE every page view would wait for every writer; actions open their own transaction.
DATABASES = {"default": database()}

# Sign-in limits count over all processes, so the counters are in the database.
CACHES = {"default": {"BACKEND": "foundation.accounts.cache.JsonCache", "LOCATION": "cache"}}

TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}


# Sign-in ------------------------------------------------------------------------------------------------------------

# allauth's backend only: guardian's would grant by has_perm() without looking at an expiry (foundation.accounts.access).
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "account_login"

ACCOUNT_ADAPTER = "foundation.accounts.adapter.AccountAdapter"  # accounts are invited, nobody signs up
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"  # an address is proven by following the link of the invitation
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "foundation.accounts.tokens.ResetTokens"  # noqa: S105 - a class
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False  # this session stays, all others end with the new password hash
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "http" if LOCAL else "https"
ACCOUNT_RATE_LIMITS = {"login": "30/m/ip", "login_failed": "10/m/ip,5/300s/key", "reset_password": "20/m/ip,5/m/key"}

MFA_ADAPTER = "foundation.accounts.second_factor.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]  # nothing that is sent: no SMS, no mail
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_USER_VERIFICATION = "preferred"  # as the second step; a passkey alone always verifies its user
MFA_TOTP_TOLERANCE = 1  # a code of the step before or after; used codes are remembered for longer than that
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_ALLOW_UNVERIFIED_EMAIL = True  # an address is proven by its invitation; allauth's own table of them is empty
MFA_FORMS = {
    "authenticate": "foundation.accounts.second_factor_forms.AuthenticateWithCode",
    "reauthenticate": "foundation.accounts.second_factor_forms.ConfirmWithCode",
    "activate_totp": "foundation.accounts.second_factor_forms.ActivateWithCode",
    "authenticate_webauthn": "foundation.accounts.second_factor_forms.AuthenticateWithPasskey",
    "reauthenticate_webauthn": "foundation.accounts.second_factor_forms.ConfirmWithPasskey",
    "login_webauthn": "foundation.accounts.second_factor_forms.SignInWithPasskey",
}

SOCIALACCOUNT_ADAPTER = "foundation.accounts.sso.SocialAdapter"  # providers are rows of our own, with sealed secrets
SOCIALACCOUNT_STORE_TOKENS = False
# A link, not a form: a form's way to another site would have to be allowed by form-action for every page.
SOCIALACCOUNT_LOGIN_ON_GET = True

PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
# NIST SP 800-63B-4: length and a list of known passwords; no rules of composition, no forced change. It asks for 15
# where the password is the only factor and for 8 beside a second one: here it never is the only one.
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "name")},
    },
]

# guardian only stores grants: no anonymous account, nothing added to the user class behind our back.
ANONYMOUS_USER_NAME = None
GUARDIAN_MONKEY_PATCH_USER = False
GUARDIAN_MONKEY_PATCH_GROUP = False
SILENCED_SYSTEM_CHECKS = ["guardian.W001"]  # it asks for the backend that we leave out on purpose


# The API ------------------------------------------------------------------------------------------------------------

KNOX_TOKEN_MODEL = "accounts.Token"  # noqa: S105 - a class
MIGRATION_MODULES = {"knox": None}  # of its own table, which ours replaces
# The prefix is what secret scanners look for. SHA-512 of 256 random bits needs no slow hash.
REST_KNOX = {"AUTH_HEADER_PREFIX": "Bearer", "TOKEN_PREFIX": "cs_", "AUTO_REFRESH": False}
API_REQUESTS_A_MINUTE = env.int("API_REQUESTS_A_MINUTE", 300)  # for each token, and each person in a browser
API_BODY_MAX_BYTES = 1024**2

# Every view of ours is a foundation.pages.api.base.Api, which says who may ask; this is for one that forgot.
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAdminUser"],  # nobody is
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Countersign API",
    "VERSION": "1",
    "DESCRIPTION": "What the pages show and do, for programs: the same records, rights, checks and trail.",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "COMPONENT_NO_READ_ONLY_REQUIRED": True,  # ?fields= leaves properties out
    "POSTPROCESSING_HOOKS": [],  # enumerations stand where they are used
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
}


# The web ------------------------------------------------------------------------------------------------------------

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", ["127.0.0.1", "localhost"] if LOCAL else [])
# The address at which people reach this installation: mails are written by jobs, which know of no request.
PUBLIC_URL = env.str(
    "PUBLIC_URL",
    f"http://127.0.0.1:{env.int('PORT', 8000)}" if LOCAL else f"https://{ALLOWED_HOSTS[0] if ALLOWED_HOSTS else ''}",
).rstrip("/")
# Behind a proxy on another port than 443 the program would not know its own origin.
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if env.str("PUBLIC_URL", "") else []
# How many proxies of ours stand in front. With none, nothing that a client sends about itself is believed.
TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", 0)
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXY_COUNT
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXY_COUNT else None

SECURE_SSL_REDIRECT = not LOCAL
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]  # asked by the machine itself, over plain HTTP
SECURE_HSTS_SECONDS = 0 if LOCAL else env.int("HSTS_SECONDS", 365 * 24 * 3600)
SECURE_HSTS_INCLUDE_SUBDOMAINS = not LOCAL
SECURE_HSTS_PRELOAD = not LOCAL
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

SESSION_ENGINE = "foundation.accounts.sessions"  # hashed keys, sealed data, idle and absolute limits
SESSION_COOKIE_AGE = 24 * 3600  # the store knows better when a session ends; this is the longest it may allow
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not LOCAL
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
# The prefix makes browsers refuse such a cookie from a subdomain or over plain HTTP.
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = ("session", "csrf") if LOCAL else ("__Host-session", "__Host-csrf")

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],  # what is not listed does not load
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],  # data: is the QR code of an authenticator app
        "font-src": [SELF],
        "connect-src": [SELF],
        "frame-src": [NONE],
        "worker-src": [NONE],
        "manifest-src": [NONE],
        "media-src": [NONE],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "upgrade-insecure-requests": not LOCAL,
    }
}

# Form data of a page without its files; files are sealed while they arrive, and the request has a limit of its own.
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024**2
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_000  # a bulk form names each row of its page
DATA_UPLOAD_MAX_NUMBER_FILES = 20
REQUEST_MAX_MB = env.int("REQUEST_MAX_MB", 100)
REQUEST_MAX_BYTES = REQUEST_MAX_MB * 1024**2
FILE_MAX_BYTES = env.int("FILE_MAX_MB", REQUEST_MAX_MB) * 1024**2  # one file; a form may allow less
FILE_UPLOAD_HANDLERS = [
    "foundation.files.uploads.LimitedRequest",
    "foundation.files.uploads.InMemory",
    "foundation.files.uploads.Sealing",
]
FILE_UPLOAD_TEMP_DIR = DATA_DIR / "incoming"  # sealed already; on the disk of the store, so that keeping is a move
FILE_UPLOAD_TEMP_DIR.mkdir(mode=0o700, exist_ok=True)
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700


# Files --------------------------------------------------------------------------------------------------------------

GENERATED_DIR = BASE_DIR / ".cache" / "static"  # grc.fonts writes fonts/inter.woff2 there
GENERATED_DIR.mkdir(parents=True, exist_ok=True)
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "static-built"
STATICFILES_DIRS = [BASE_DIR / "static", GENERATED_DIR]
FILES_DIR = DATA_DIR / "files"


def sealed_storage() -> dict[str, Any]:
    """Where sealed files lie: a folder, or a bucket of S3 or of a server that speaks like it."""
    kind = env.str("FILES_STORAGE", "disk")
    if kind == "disk":
        return {"BACKEND": "foundation.files.storage.PrivateFolder", "OPTIONS": {"location": FILES_DIR}}
    if kind != "s3":
        raise ImproperlyConfigured(f"FILES_STORAGE is disk or s3, not {kind!r}.")
    options = {
        "bucket_name": env.str("S3_BUCKET"),
        "access_key": env.str("S3_ACCESS_KEY_ID", "") or None,  # without them: what the machine's role gives
        "secret_key": env.str("S3_SECRET_ACCESS_KEY", "") or None,
        "endpoint_url": env.str("S3_ENDPOINT_URL", "") or None,  # without it: Amazon's own
        "region_name": env.str("S3_REGION", "") or None,
        "location": env.str("S3_PREFIX", ""),
        "addressing_style": "path" if env.str("S3_ENDPOINT_URL", "") else "auto",
    }
    return {"BACKEND": "foundation.files.s3.SealedBucket", "OPTIONS": options}


STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "foundation.files.storage.EncryptedStorage"},
    "sealed": sealed_storage(),
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}


# Mail ---------------------------------------------------------------------------------------------------------------

if LOCAL and not env.str("EMAIL_URL", ""):
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = DATA_DIR / "mail"
else:
    mail = env.dj_email_url("EMAIL_URL", "smtp://localhost:25")
    EMAIL_BACKEND = mail["EMAIL_BACKEND"]
    EMAIL_HOST, EMAIL_PORT = mail["EMAIL_HOST"], mail["EMAIL_PORT"]
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = mail["EMAIL_HOST_USER"] or "", mail["EMAIL_HOST_PASSWORD"] or ""
    EMAIL_USE_TLS, EMAIL_USE_SSL = mail["EMAIL_USE_TLS"], mail["EMAIL_USE_SSL"]
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.str("EMAIL_FROM", "countersign@localhost")


# Language, time, logs -----------------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"  # storage and logs; people read times in the organisation's zone (foundation.organisation)

# To stderr, for whoever runs the machine: what failed and where. Who did what belongs to the trail, not in here, and
# no name, address, secret or typed word may come here: grc.logs takes them out of whatever any library says.
LOG_FORMAT = env.str("LOG_FORMAT", "line" if LOCAL else "json", validate=validate.OneOf(["line", "json"]))
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"chosen": {"()": "grc.logs.formatter", "form": LOG_FORMAT}},
    "filters": {"safe": {"()": "grc.logs.Safe"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "chosen", "filters": ["safe"]},
        "nowhere": {"class": "logging.NullHandler"},  # a logger without any handler writes to stderr as it likes
    },
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", "INFO")},
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "django.request": {"level": "ERROR"},  # a refusal is no fault of the program: the request's own line tells it
        # a traceback for every scanner
        "django.security.DisallowedHost": {"handlers": ["nowhere"], "propagate": False},
        "fontTools": {"level": "WARNING"},  # names every glyph that it keeps
        "weasyprint": {"level": "ERROR"},  # warns of each CSS property that only browsers know
    },
}


# About --------------------------------------------------------------------------------------------------------------

VERSION = "0.3.0.dev0"
# Whoever changes the program and lets others use it shows them the changed source (AGPL, section 13): its address.
SOURCE_URL = env.str("SOURCE_URL", "", validate=validate.Regexp(r"^(https?://\S+)?$"))
