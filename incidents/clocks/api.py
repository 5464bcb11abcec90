"""The API of notification rules, clocks and notifications. Clocks are started on their incident."""

from rest_framework.serializers import CharField

from foundation.pages.api.register import RegisterApi
from foundation.pages.api.shapes import FileAddress
from incidents.clocks.views import ClockPages, NotificationPages, NotificationRulePages


class NotificationRuleApi(RegisterApi):
    """Rules: published version by version, never edited."""

    pages = NotificationRulePages
    computed = {
        "ref": CharField(help_text="As NR-12."),
        "source_url": CharField(help_text="Where the source can be read; empty where none was named."),
    }


class ClockApi(RegisterApi):
    """Clocks, with how they stand now; paused, resumed, dismissed and met here."""

    pages, writes = ClockPages, False
    computed = {
        "ref": CharField(help_text="As CK-12."),
        "standing": CharField(
            source="stands.key",
            help_text="running, warned, overdue, paused, in_time, late, notified or dismissed.",
        ),
        "time": CharField(source="stands.words", help_text="How much time is left, in words."),
    }


class NotificationApi(RegisterApi):
    """What was sent to whom; recorded on its clock or its incident."""

    pages, writes = NotificationPages, False
    computed = {"ref": CharField(help_text="As NT-12."), "file": FileAddress("incidents:notification-file")}
