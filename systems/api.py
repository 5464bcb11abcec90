"""The API of systems."""

from typing import ClassVar

from rest_framework.serializers import CharField

from foundation.pages.api.register import RegisterApi
from systems.views import SystemPages


class SystemApi(RegisterApi):
    """Systems. Role names and pairs are sent as lines of text, and given as lists."""

    pages = SystemPages
    computed: ClassVar = {
        "ref": CharField(help_text="As SYS-3."),
        "review_cadence": CharField(help_text="How often its access is reviewed: as said, else by rule."),
    }
