"""The door that gunicorn opens; it stays shut while the trail's guards are missing from the database."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "grc.settings")

application = get_wsgi_application()

from django.db import connection  # noqa: E402 - only the line above makes the settings known

from foundation.trail import guards  # noqa: E402

guards.require(connection)
