"""Routes of post-incident reviews, under /incidents/."""

from django.urls import URLPattern, URLResolver, include, path

from incidents.reviews.views import PostIncidentReviewPages, review_paper, unlink_control


def review_routes() -> list[URLPattern | URLResolver]:
    """The register, and the verb on a failed control."""
    detail = PostIncidentReviewPages.view("detail", paper=review_paper)
    return [
        path("reviews/<int:pk>/", detail, name="postincidentreview-detail"),
        path("reviews/controls/<int:pk>/unlink/", unlink_control, name="reviewcontrol-unlink"),
        path("reviews/", include(PostIncidentReviewPages.urls())),
    ]
