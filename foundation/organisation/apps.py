from django.apps import AppConfig


class OrganisationConfig(AppConfig):
    name = "foundation.organisation"
    label = "organisation"
