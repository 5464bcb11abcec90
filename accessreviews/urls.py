"""Routes of listings, campaigns, reviews and the accounts that are decided on."""

from django.urls import include, path

from accessreviews import parts, views
from accessreviews.certificate import certificate_routes
from accessreviews.listings.urls import listing_routes
from accessreviews.parts import AssignmentPages
from accessreviews.removal_pages import RemovalPages
from accessreviews.report import report_routes
from accessreviews.views import CampaignPages, ReviewPages

app_name = "accessreviews"
urlpatterns = [
    *listing_routes,
    path("reviews/", include(ReviewPages.urls())),
    path("parts/", include(AssignmentPages.urls())),
    path("parts/<int:pk>/decide/", parts.decide, name="decide"),
    path("parts/<int:pk>/keep/", parts.keep_together, name="keep-together"),
    path("parts/<int:pk>/accounts/<int:item>/", parts.account, name="account"),
    path("controls/<int:pk>/unlink/", views.unlink_control, name="campaigncontrol-unlink"),
    path("removals/", include(RemovalPages.urls())),
    *certificate_routes(),
    *report_routes(),
    *CampaignPages.urls(),
]
