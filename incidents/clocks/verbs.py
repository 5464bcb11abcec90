"""The verbs on an incident that belong to clocks: its Pages take them."""

from typing import Final

from foundation.pages.act import VerbPage
from incidents.clocks import declining, running
from incidents.clocks.forms import DeclineForm, RecordForm, StartForm

TAB: Final = "clocks"
START: Final = VerbPage(
    "start_clock", running.start, "Start clock", "The clock runs.", StartForm, path="clocks/start", tab=TAB,
    template="incidents/clock_start.html",
)  # fmt: skip
DECLINE: Final = VerbPage(
    "decline_clock", declining.decline, "Not required", "It is decided, and stands in the timeline.", DeclineForm,
    path="clocks/decline", tab=TAB, template="incidents/clock_decline.html",
)  # fmt: skip
INCIDENT_VERBS: Final = (
    START,
    DECLINE,
    VerbPage(
        "record_notification", running.record_notification, "Record notification", "The notification is recorded.",
        RecordForm, path="notifications/new", tab=TAB,
    ),
)  # fmt: skip
