"""Routes of the people app."""

from django.urls import include, path

from people.checklist_views import ChecklistPages, ChecklistRunPages
from people.training_views import CompletionPages, CoursePages
from people.views import PersonPages

app_name = "people"
urlpatterns = [
    *PersonPages.urls(),
    path("checklists/", include(ChecklistPages.urls())),
    path("checklist-runs/", include(ChecklistRunPages.urls())),
    path("courses/", include(CoursePages.urls())),
    path("completions/", include(CompletionPages.urls())),
]
