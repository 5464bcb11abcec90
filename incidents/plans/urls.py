"""Routes of response plans and their versions."""

from django.urls import URLPattern, URLResolver, include, path

from incidents.plans import views
from incidents.plans.views import PlanVersionPages, ResponsePlanPages


def plan_routes() -> list[URLPattern | URLResolver]:
    """Beside the pages of incidents."""
    parts = [
        route
        for kind, place in (
            ("planrole", "plan-roles"), ("plancontact", "plan-contacts"), ("planseverity", "plan-severities"),
            ("playbook", "playbooks"),
        )
        for route in part_routes(kind, place)
    ]  # fmt: skip
    return [
        path("plans/<int:pk>/", ResponsePlanPages.view("detail", paper=views.plan_paper), name="responseplan-detail"),
        path("plans/", include(ResponsePlanPages.urls())),
        path("plan-versions/<int:pk>/", PlanVersionPages.view("detail", paper=views.version_paper),
             name="planversion-detail"),
        path("plan-versions/<int:pk>/changes/", views.changes, name="planversion-changes"),
        path("plan-versions/<int:pk>/plan.json", views.version_json, name="planversion-json"),
        path("plan-versions/", include(PlanVersionPages.urls())),
        *parts,
    ]  # fmt: skip


def part_routes(kind: str, place: str) -> list[URLPattern]:
    """Changing one part of a draft, and taking it out; a severity stays."""
    found = [path(f"{place}/<int:pk>/edit/", views.change_part, {"kind": kind}, name=f"{kind}-edit")]
    if kind != "planseverity":
        found.append(path(f"{place}/<int:pk>/archive/", views.remove_part, {"kind": kind}, name=f"{kind}-archive"))
    return found
