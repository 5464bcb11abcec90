"""Routes of the findings, their corrective actions and the ageing report."""

from django.urls import include, path

from findings import corrective_views, views
from findings.corrective_views import CorrectiveActionPages
from findings.views import FindingPages

app_name = "findings"
urlpatterns = [
    *FindingPages.urls(),
    path("ageing/", views.ageing_page, name="ageing"),
    path("ageing.csv", views.ageing_csv, name="ageing-csv"),
    path("<int:pk>/start/", views.start, name="finding-start"),
    path("<int:pk>/fix/", views.fix, name="finding-fix"),
    path("<int:pk>/verify/", views.verify, name="finding-verify"),
    path("<int:pk>/return/", views.give_back, name="finding-return"),
    path("<int:pk>/reopen/", views.reopen, name="finding-reopen"),
    path("<int:pk>/acceptance/", views.request_acceptance, name="finding-request-acceptance"),
    path("<int:pk>/acceptance/approve/", views.accept, name="finding-accept"),
    path("<int:pk>/acceptance/decline/", views.decline, name="finding-decline"),
    path("<int:pk>/actions/new/", views.plan_action, name="finding-plan-action"),
    path("<int:pk>/controls/new/", views.link_control, name="finding-link-control"),
    path("<int:pk>/evidence/new/", views.add_evidence, name="finding-add-evidence"),
    path("controls/<int:pk>/unlink/", views.unlink_control, name="findingcontrol-unlink"),
    path("evidence/<int:pk>/unlink/", views.unlink_evidence, name="findingevidence-unlink"),
    path("actions/", include(CorrectiveActionPages.urls())),
    path("actions/<int:pk>/complete/", corrective_views.complete, name="correctiveaction-complete"),
    path("actions/<int:pk>/verify/", corrective_views.verify, name="correctiveaction-verify"),
    path("actions/<int:pk>/return/", corrective_views.give_back, name="correctiveaction-return"),
]
