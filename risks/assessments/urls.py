"""Routes of rounds of risk assessment."""

from django.urls import URLPattern, URLResolver, include, path

from risks.assessments import report, views


def assessment_routes() -> list[URLPattern | URLResolver]:
    """Beside the pages of risks."""
    return [
        path("assessments/", include(views.AssessmentPages.urls())),
        path("assessments/<int:pk>/risks/", views.assessment_risks, name="assessment-risks"),
        path("assessments/<int:pk>/report/", report.assessment_report, name="assessment-report"),
        path("assessments/<int:pk>/snapshot.csv", report.snapshot_csv, name="assessment-snapshot-csv"),
        path("assessments/<int:pk>/snapshot.json", report.snapshot_json, name="assessment-snapshot-json"),
        path("assessed-risks/<int:pk>/consider/", views.consider, name="assessedrisk-consider"),
        path("participants/<int:pk>/end/", views.end_participant, name="participant-end"),
        path("assessment-controls/<int:pk>/unlink/", views.unlink_control, name="assessmentcontrol-unlink"),
    ]
