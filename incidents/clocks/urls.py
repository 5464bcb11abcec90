"""The routes of clocks, notifications and their rules, below those of incidents."""

from django.urls import URLPattern, URLResolver, include, path

from incidents.clocks.starting import decline_by, start_by
from incidents.clocks.views import ClockPages, NotificationPages, NotificationRulePages, download, starters


def clock_routes() -> list[URLPattern | URLResolver]:
    """clocks/, notifications/, notification-rules/, and both decisions on a suggested clock."""
    return [
        path("<int:pk>/clocks/start/<int:rule>/", start_by, name="clock-start-by"),
        path("<int:pk>/clocks/decline/<int:rule>/", decline_by, name="clock-decline-by"),
        path("clocks/", include(ClockPages.urls())),
        path("notifications/<int:pk>/file/", download, name="notification-file"),
        path("notifications/", include(NotificationPages.urls())),
        path("notification-rules/starter/", starters, name="notificationrule-starter"),
        path("notification-rules/", include(NotificationRulePages.urls())),
    ]
