from django.apps import AppConfig

from accessreviews.guards import ACCESS_REVIEW_GUARDS


class AccessReviewsConfig(AppConfig):
    name = "accessreviews"
    verbose_name = "access reviews"
    guards = ACCESS_REVIEW_GUARDS
