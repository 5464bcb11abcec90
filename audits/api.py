"""The API of engagements."""

from rest_framework.serializers import CharField, ListField

from audits.views import EngagementPages
from foundation.pages.api.register import RegisterApi


class EngagementApi(RegisterApi):
    """Engagements. Auditors are admitted on screen: that signs."""

    pages = EngagementPages
    computed = {"categories": ListField(child=CharField(), help_text="Their slugs.")}
