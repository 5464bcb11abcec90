"""Routes of the listings and the account matches; accessreviews/urls.py includes them."""

from django.urls import include, path

from accessreviews.listings import views
from accessreviews.listings.views import AccountMatchPages, ListingPages

listing_routes = [
    path(
        "listings/",
        include([
            path("new/", views.new_listing, name="listing-new"),
            path("own/", views.list_own, name="listing-own"),
            path("<int:pk>/changes/", views.listing_changes, name="listing-changes"),
            path("<int:pk>/accounts.csv", views.listing_accounts, name="listing-accounts"),
            path("<int:pk>/file/", views.listing_file, name="listing-file"),
            *ListingPages.urls(),
        ]),
    ),
    path("account-matches/", include(AccountMatchPages.urls())),
]  # fmt: skip
