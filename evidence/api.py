"""The API of evidence, requirements and exemptions; and the push by which CI hands evidence in."""

import re
from typing import Any, ClassVar, Final

from django import forms
from django.core.exceptions import ValidationError
from django.urls import URLPattern, reverse
from drf_spectacular.utils import OpenApiParameter
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BooleanField, CharField, IntegerField, ListField

from controls.models import Control
from evidence import actions
from evidence.actions import For, Replayed, SameBytes
from evidence.forms import ToldForm, possible_reviewers
from evidence.models import Evidence, Requirement
from evidence.views import EvidencePages, ExemptionPages, RequirementPages
from foundation.accounts.access import allowed, can, require
from foundation.accounts.models import User
from foundation.accounts.scopes import TokenScope
from foundation.files.forms import StoredFileField
from foundation.pages.api.errors import Problem, body, refused
from foundation.pages.api.register import RegisterApi
from foundation.pages.api.shapes import FileAddress, Shape, asked_by
from foundation.pages.fields import day_field, words_field

KEY: Final = re.compile(r"[\x21-\x7e]{1,100}\Z")
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key", {"type": "string", "maxLength": 100}, OpenApiParameter.HEADER,
    description="A word of your own, such as the run's number: sent again with this content, the same item is given.",
)  # fmt: skip


class PushForm(ToldForm):
    """One file for one control, as a program hands it in."""

    file = StoredFileField()
    control = forms.CharField(max_length=30, help_text="Its reference, as IAM-01.")
    reason = words_field(help_text="What it proves about the control.")
    requirement = forms.ModelChoiceField(
        queryset=Requirement.objects.filter(archived_at=None),
        required=False,
        help_text="The number of the requirement.",
    )
    occurrence = day_field(required=False, help_text="A day of the occurrence that it is for.")
    event = forms.CharField(max_length=200, required=False, help_text="The one event of that day.")
    nothing_occurred = forms.BooleanField(required=False, help_text="It shows, by its query, that nothing occurred.")
    another = forms.BooleanField(required=False, help_text="Another item, although the bytes are the same.")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["reviewer"].queryset = possible_reviewers(user.pk)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """The control is one that this person submits to, and the requirement is asked of it."""
        said = super().clean()
        ref, need = said.get("control"), said.get("requirement")
        mine = allowed(self.user, "submit_evidence", Control).filter(archived_at=None)
        said["control"] = mine.filter(ref__iexact=ref.strip()).first() if ref else None
        if ref and said["control"] is None:
            self.add_error("control", "There is no control with this reference that you submit evidence to.")
        elif need is not None and said["control"] is not None and need.control_id != said["control"].pk:
            self.add_error("requirement", "There is no such requirement of this control.")
        return said

    def link(self) -> For:
        """What it is for."""
        names = ("control", "reason", "requirement", "occurrence", "event", "nothing_occurred")
        return For(**{name: self.cleaned_data[name] for name in names})


class EvidenceApi(RegisterApi):
    """Evidence: read, pushed, linked, withdrawn. Accepting and returning sign: a person does it, and no token."""

    pages, writes = EvidencePages, False
    computed: ClassVar = {
        "ref": CharField(),
        "controls": ListField(source="control_refs", child=CharField(), help_text="Their references, as IAM-01."),
        "file": FileAddress("evidence:evidence-download"),
        "superseded_by": IntegerField(source="followed_by", allow_null=True, help_text="The version after it."),
        "times_count": BooleanField(source="bears_time", help_text="Whether capture time and period count."),
    }

    @classmethod
    def urls(cls) -> list[URLPattern]:
        """As every register's, and the push, which takes a form with a file and no JSON."""
        actions_of: dict[str, Any] = {"get": "read_all", "post": "create"}
        pushing = cls.route("", "evidence-list", actions_of, parser_classes=(MultiPartParser,))
        return [pushing, *[route for route in super().urls() if route.name != "evidence-list"]]

    def create(self, request: Request) -> Response:
        """Hand in a file for a control: multipart/form-data. 201, or 200 for what the same key handed in before."""
        require(self.user, "add", Evidence)
        key = self.key()
        form = PushForm(self.sent(), request.FILES, user=self.user)
        if not form.is_valid():
            raise Problem(413) if form.too_large else refused(form)
        before = self.pushed(key)
        try:
            item = actions.record_evidence(
                form.cleaned_data["file"], actor=self.user, source=form.source(self.user), links=[form.link()],
                another=form.cleaned_data["another"], idempotency_key=key, **form.told(),
            )  # fmt: skip
        except Replayed as error:
            return self.conflict(error.messages[0], before)
        except SameBytes as error:
            seen = can(self.user, "view", error.evidence)
            words = f"{error.evidence.ref} has the same bytes. Link it, or send another=true."
            return self.conflict(words if seen else "These bytes are kept already.", error.evidence if seen else None)
        except ValidationError:
            if before is None and (first := self.pushed(key)) is not None:  # the same push, twice at the same moment
                return self.conflict("This push was carried out meanwhile.", first)
            raise
        response = self.one(item.pk, status=200 if before else 201)
        response["Location"] = reverse("api:evidence-detail", args=[item.pk])
        return response

    def key(self) -> str:
        """The Idempotency-Key that was sent, or nothing. Raises Problem for one that is not kept."""
        key = self.request.headers.get("Idempotency-Key", "")
        if key and not KEY.match(key):
            raise Problem(400, errors={"Idempotency-Key": ["At most 100 letters, digits and signs, without spaces."]})
        return key

    def sent(self) -> Any:
        """The fields that were sent. Raises Problem for one that is not there, and for a second file."""
        data = self.request.data
        if unknown := sorted(set(data) - set(PushForm.base_fields)):
            raise Problem(400, errors={name: ["There is no such field here."] for name in unknown})
        if len(self.request.FILES.getlist("file")) > 1:
            raise Problem(400, errors={"file": ["Send one file; each becomes an item."]})
        return self.request.POST

    def pushed(self, key: str) -> Evidence | None:
        """What this person pushed under a key."""
        found = Evidence.objects.filter(submitted_by=self.user.pk, idempotency_key=key)
        return found.first() if key else None

    def conflict(self, words: str, other: Evidence | None) -> Response:
        """409, with the address of what is in the way, for who sees it."""
        address = reverse("api:evidence-detail", args=[other.pk]) if other else ""
        headers = {"Link": f'<{address}>; rel="duplicate"'} if address else {}
        return Response(body(409, words, {"file": [f"See {address}"]} if address else {}), 409, headers=headers)

    def takes(self) -> Shape | None:
        return asked_by(PushForm, "PushedEvidence") if self.action == "create" else super().takes()

    def parameters(self) -> list[OpenApiParameter]:
        return [IDEMPOTENCY_KEY] if self.action == "create" else super().parameters()

    def needed_scope(self) -> str | None:
        return TokenScope.PUSH_EVIDENCE if self.action == "create" else super().needed_scope()


class RequirementApi(RegisterApi):
    """What controls have to be proved with."""

    pages = RequirementPages
    computed: ClassVar = {
        "control_ref": CharField(source="control.ref"),
        "kinds": ListField(child=CharField(), help_text="Empty: any kind."),
    }


class ExemptionApi(RegisterApi):
    """Excepted occurrences. Approving signs: a person does it, and no token."""

    pages, writes = ExemptionPages, False
    computed: ClassVar = {"control_ref": CharField(source="control.ref")}
