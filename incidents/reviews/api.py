"""The API of post-incident reviews, and of the controls that the programme operates. What signs a person does."""

from rest_framework.serializers import CharField

from foundation.pages.api.register import RegisterApi
from incidents.programme import IncidentControlLinkPages
from incidents.reviews.views import PostIncidentReviewPages


class PostIncidentReviewApi(RegisterApi):
    """Reviews of incidents: begun on their incident, written and submitted here."""

    pages = PostIncidentReviewPages
    computed = {"ref": CharField(help_text="As PR-3."), "incident_name": CharField(source="about_words")}


class IncidentControlLinkApi(RegisterApi):
    """For which controls the work with incidents is evidence."""

    pages = IncidentControlLinkPages
    computed = {"control_ref": CharField(source="control.ref", help_text="As IR-04.")}
