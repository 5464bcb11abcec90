from django.apps import AppConfig

from foundation.trail.guards import Guard

TABLE = "organisation_organisation"


class OrganisationConfig(AppConfig):
    name = "foundation.organisation"
    label = "organisation"
    guards = (
        # Exports of a demo say that they are one: nobody takes the mark off real-looking reports, nor puts it on later.
        Guard(TABLE, "UPDATE", "A demo stays a demo, and nothing becomes one.", "OLD.is_demo <> NEW.is_demo"),
        Guard(TABLE, "DELETE", "The organisation cannot be removed."),
        Guard(TABLE, "TRUNCATE", "The organisation cannot be removed."),
    )
