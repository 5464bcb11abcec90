"""The API of the people app."""

from rest_framework.serializers import CharField

from foundation.pages.api.register import RegisterApi
from people.views import PersonPages


class PersonApi(RegisterApi):
    """The roster."""

    pages = PersonPages
    computed = {
        "ref": CharField(help_text="As P-12."),
        "standing": CharField(source="standing_words", help_text="On the day that is looked at."),
        "manager_email": CharField(source="manager.email", default="", help_text="The manager's address."),
    }
