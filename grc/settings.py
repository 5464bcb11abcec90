"""Every setting of the product, read from the environment. Strict unless COUNTERSIGN_LOCAL says that this is one laptop."""

from pathlib import Path

from environs import Env

env = Env()
BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env.str("DATA_DIR", str(BASE_DIR / "data"))).resolve()

LOCAL = env.bool("COUNTERSIGN_LOCAL", False)  # loopback, plain HTTP: what bin/run serves (docs/operations.md)
DEBUG = False
SECRET_KEY = env.str("SECRET_KEY", "")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", ["127.0.0.1", "localhost"] if LOCAL else [])

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "foundation.trail",
    "foundation.jobs",
    "foundation.organisation",
    "foundation.accounts",
    "foundation.pages",
    "controls",
    "audits",
    "home",
    "grc",
    "allauth",
    "allauth.account",
    "csp",
    "django_cotton.apps.SimpleAppConfig",
    "django_filters",
    "django_htmx",
    "django_tasks",
    "django_tasks_db",
    "guardian",
    "lucide",
    "simple_history",
    "template_partials.apps.SimpleAppConfig",
]

AUTH_USER_MODEL = "accounts.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ROOT_URLCONF = "grc.urls"
WSGI_APPLICATION = "grc.wsgi.application"
