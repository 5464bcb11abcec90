"""The door that gunicorn opens; it stays shut while the trail's guards are missing from the database."""

import gc
import os

from django.core.wsgi import get_wsgi_application

from grc.body import whole

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "grc.settings")

application = whole(get_wsgi_application())

from django.db import connection  # noqa: E402 - only the line above makes the settings known

from foundation.trail import guards  # noqa: E402

guards.require(connection)

# A page makes tens of thousands of short-lived objects. Collecting after every 700, through everything that was loaded
# and will stay, took about a seventh of the time of a long list (benchmarks/controls.py). What is loaded now is put
# aside, so that even a full collection is cheap; and one comes soon, because what a template was given hangs in a
# cycle: at the usual pace ten thousand lines of the matrix would stay each time that somebody looked at it.
gc.collect()
gc.freeze()
gc.collect()  # counts as long-lived what is left, nothing; a quarter of that decides when all is looked through
gc.set_threshold(50_000, 2, 1)
