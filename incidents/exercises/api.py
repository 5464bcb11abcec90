"""The API of exercises. What signs a person does, and no token; nobody confirms by it that they took part."""

from rest_framework.serializers import CharField, IntegerField

from foundation.pages.api.register import RegisterApi
from incidents.exercises.views import ExercisePages


class ExerciseApi(RegisterApi):
    """Exercises of the response plan, with the verbs on one."""

    pages = ExercisePages
    computed = {
        "ref": CharField(help_text="As EX-3."),
        "attendee_count": IntegerField(help_text="How many people were named."),
        "confirmed": IntegerField(help_text="How many of them confirmed having taken part."),
        "gap_count": IntegerField(help_text="How many findings it raised."),
    }
