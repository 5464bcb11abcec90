"""Routes of exercises of the response plan."""

from django.urls import URLPattern, URLResolver, include, path

from incidents.exercises import views
from incidents.exercises.views import ExercisePages


def exercise_routes() -> list[URLPattern | URLResolver]:
    """Beside the pages of incidents."""
    rows = [
        route
        for kind, place in (("inject", "injects"), ("exercisedecision", "exercise-decisions"))
        for route in (
            path(f"{place}/<int:pk>/edit/", views.change_row, {"kind": kind}, name=f"{kind}-edit"),
            path(f"{place}/<int:pk>/archive/", views.remove_row, {"kind": kind}, name=f"{kind}-archive"),
        )
    ]
    return [
        path("exercises/<int:pk>/", ExercisePages.view("detail", paper=views.exercise_paper), name="exercise-detail"),
        path("exercises/<int:pk>/exercise.json", views.exercise_json, name="exercise-json"),
        path("exercises/", include(ExercisePages.urls())),
        path("exercise-attendees/<int:pk>/end/", views.end_attendee, name="exerciseattendee-end"),
        path("exercise-gaps/<int:pk>/unlink/", views.unlink_gap, name="exercisefinding-unlink"),
        *rows,
    ]
