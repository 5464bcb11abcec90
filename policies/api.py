"""The API of policies, their versions and exceptions. What signs (approving, reviewing) a person does, and no token."""

from rest_framework.serializers import CharField, ListField

from foundation.pages.api.register import RegisterApi
from policies.exception_views import PolicyExceptionPages
from policies.version_views import PolicyVersionPages
from policies.views import PolicyPages


class PolicyApi(RegisterApi):
    """Policies, with the verbs on one. What they say stands in their versions."""

    pages = PolicyPages
    computed = {
        "ref": CharField(help_text="As POL-3."),
        "groups": ListField(source="group_words", child=CharField(), help_text="Whom it is for, if not everybody."),
    }


class PolicyVersionApi(RegisterApi):
    """Versions of policies: begun on their policy, written, submitted, returned and withdrawn here."""

    pages, writes = PolicyVersionPages, False
    computed = {
        "ref": CharField(help_text="As POL-3 2.1."),
        "number": CharField(help_text="As 2.1."),
    }


class PolicyExceptionApi(RegisterApi):
    """Exceptions from policies: asked for on their policy."""

    pages, writes = PolicyExceptionPages, False
    computed = {"ref": CharField(help_text="As PX-3.")}
