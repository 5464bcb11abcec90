"""Routes of the incidents. Each part (clocks, custody, reviews, plans, exercises) has its own in its folder."""

from collections.abc import Sequence
from typing import Final

from django.urls import URLPattern, URLResolver

from foundation.pages.panels import PanelOf, Tab
from incidents.views import IncidentPages

app_name = "incidents"
# What stands beside the timeline on an incident's overview, and on tabs of its own: a line for each part.
PANELS: Final[Sequence[PanelOf]] = ()
TABS: Final[Sequence[Tab]] = ()
# A line for each part: `*clock_routes()`, with the addresses "clocks/", "notification-rules/" and so on before them.
PARTS: Final[Sequence[URLPattern | URLResolver]] = ()
urlpatterns = [*IncidentPages.urls(panels=PANELS, tabs=TABS), *PARTS]
