"""The API of the people app."""

from typing import Any

from rest_framework.serializers import CharField, DictField, IntegerField, ListField

from foundation.pages.api.register import RegisterApi
from people.checklist_views import ChecklistPages, ChecklistRunPages
from people.columns import items_told
from people.training_views import CompletionPages, CoursePages
from people.views import PersonPages


class PersonApi(RegisterApi):
    """The roster."""

    pages = PersonPages
    computed = {
        "ref": CharField(help_text="As P-12."),
        "standing": CharField(source="standing_words", help_text="On the day that is looked at."),
        "manager_email": CharField(source="manager.email", default="", help_text="The manager's address."),
    }


class ChecklistApi(RegisterApi):
    """Checklists."""

    pages = ChecklistPages
    computed = {"ref": CharField(help_text="As CL-2.")}


class ItemsField(ListField):
    """The items of a run."""

    child = DictField()

    def get_attribute(self, instance: Any) -> Any:
        """As far as whoever asks sees them."""
        return items_told(instance)


class ChecklistRunApi(RegisterApi):
    """Checklists of people: begun on the person, settled and closed here."""

    pages, writes = ChecklistRunPages, False
    computed = {
        "ref": CharField(help_text="As CR-12."),
        "standing": CharField(help_text="Open, late, to be closed, closed, or not needed any more."),
        "late": IntegerField(help_text="How many items are late, or were done late."),
        "items": ItemsField(help_text="What is to be done, by whom and by when."),
    }


class CourseApi(RegisterApi):
    """Training courses."""

    pages = CoursePages
    computed = {"ref": CharField(help_text="As TC-2.")}


class CompletionApi(RegisterApi):
    """Completions of courses: added and archived, never changed."""

    pages = CompletionPages
    computed = {"ref": CharField(help_text="As CMP-12.")}
