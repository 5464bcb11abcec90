"""Routes of the policies: the register, versions, exceptions, the library, the redline."""

from django.urls import include, path

from policies import library_views, version_views, views
from policies.acknowledging import urls as acknowledging
from policies.acknowledging.panel import TAB
from policies.exception_views import PolicyExceptionPages
from policies.report import handbook_page, policy_paper, version_paper
from policies.version_views import PolicyVersionPages
from policies.views import PolicyPages

app_name = "policies"
urlpatterns = [
    path("<int:pk>/", PolicyPages.view("detail", paper=policy_paper), name="policy-detail"),
    *PolicyPages.urls(tabs=[TAB]),
    *acknowledging.urlpatterns,
    path("handbook/", handbook_page, name="handbook"),
    path("<int:pk>/compare/", version_views.compare, name="policy-compare"),
    path("versions/<int:pk>/preview/", version_views.preview, name="policyversion-preview"),
    path("versions/<int:pk>/", PolicyVersionPages.view("detail", paper=version_paper), name="policyversion-detail"),
    path("versions/", include(PolicyVersionPages.urls())),
    path("exceptions/", include(PolicyExceptionPages.urls())),
    path("library/", library_views.library, name="library"),
    path("library/<slug:key>/", library_views.starter, name="starter"),
    path("approvers/<int:pk>/remove/", views.remove_approver, name="policyapprover-unlink"),
    path("controls/<int:pk>/unlink/", views.unlink_control, name="policycontrol-unlink"),
]
