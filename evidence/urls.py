"""Routes of evidence, requirements and exemptions, populations and samples."""

from django.urls import include, path

from evidence import views
from evidence.coverage import views as coverage
from evidence.sampling.urls import urlpatterns as sampling

app_name = "evidence"


urlpatterns = [
    *views.EvidencePages.urls(),
    path("<int:pk>/accept/", views.accept, name="evidence-accept"),
    path("<int:pk>/return/", views.give_back, name="evidence-give-back"),
    path("<int:pk>/withdraw/", views.withdraw, name="evidence-withdraw"),
    path("<int:pk>/version/", views.supersede, name="evidence-supersede"),
    path("<int:pk>/link/", views.link, name="evidence-link"),
    path("<int:pk>/download/", views.download, name="evidence-download"),
    path("<int:pk>/content/", views.preview, name="evidence-content"),
    path("<int:pk>/picture/", views.picture_of, name="evidence-picture"),
    path("links/<int:pk>/unlink/", views.unlink, name="evidencelink-unlink"),
    path("requirements/", include(views.RequirementPages.urls())),
    path("exemptions/", include(views.ExemptionPages.urls())),
    path("exemptions/<int:pk>/approve/", views.approve_exemption, name="exemption-approve"),
    path("exemptions/<int:pk>/decline/", views.decline_exemption, name="exemption-decline"),
    path("occurrences/<int:control>/<isoday:day>/", coverage.occurrence, name="occurrence"),
    *sampling,
]
