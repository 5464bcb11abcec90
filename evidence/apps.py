from django.apps import AppConfig

from evidence.guards import EVIDENCE_GUARDS


class EvidenceConfig(AppConfig):
    name = "evidence"
    guards = EVIDENCE_GUARDS
