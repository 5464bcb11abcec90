"""The door that gunicorn opens; it stays shut while the trail's guards are missing from the database."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "grc.settings")

application = get_wsgi_application()

from django.db import connection  # noqa: E402 - only the line above makes the settings known

from foundation.trail import guards  # noqa: E402

guards.require(connection)

# A page makes tens of thousands of short-lived objects. Collecting after every 700, through everything that was loaded
# and will stay, took about a seventh of the time of a long list (benchmarks/controls.py).
gc.collect()
gc.freeze()
gc.set_threshold(50_000, 20, 20)
