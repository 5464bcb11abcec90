"""The product's own settings, for a server that a test starts; static files as they lie, without a build."""

from grc.settings import *  # noqa: F403
from grc.settings import STORAGES

STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
WHITENOISE_AUTOREFRESH = True
