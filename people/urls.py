"""Routes of the people app."""

from people.views import PersonPages

app_name = "people"
urlpatterns = [*PersonPages.urls()]
