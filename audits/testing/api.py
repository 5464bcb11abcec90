"""The API of auditors' samples and of tests of controls. Auditors write on screen; management responds here, too."""

from rest_framework.serializers import CharField, IntegerField, ListField

from audits.testing.views import AuditSamplePages, ControlTestPages
from foundation.pages.api.register import RegisterApi


class AuditSampleApi(RegisterApi):
    """What auditors drew; the sample itself is at `samples/`."""

    pages, writes = AuditSamplePages, False
    computed = {
        "ref": CharField(help_text="As SMP-3."),
        "lines": IntegerField(help_text="Items that stand."),
        "with_evidence": IntegerField(help_text="Those for which something was handed in."),
    }


class ControlTestApi(RegisterApi):
    """Tests of controls with their results; `respond` is management's."""

    pages, writes = ControlTestPages, False
    computed = {
        "ref": CharField(help_text="As TOC-1."),
        "criteria": ListField(child=CharField(), help_text="By the frozen scope."),
        "attributes": ListField(child=CharField()),
        "procedures": ListField(child=CharField()),
        "result": CharField(help_text="The conclusion in words; Running before."),
        "superseded": CharField(help_text="The test that superseded it, or empty."),
    }
