"""Routes of the access reviews."""

from accessreviews.listings.urls import listing_routes

app_name = "accessreviews"
urlpatterns = [*listing_routes]
