"""The register of versions: one with its frozen text and approvals, the editor with its preview, and the redline."""

import datetime
from typing import Any, ClassVar

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from foundation.accounts.access import get_allowed
from foundation.pages.act import VerbPage, act, where_from
from foundation.pages.forms import RegisterForm, user_of
from foundation.pages.history import Link
from foundation.pages.pages import Pages
from foundation.trail.asof import rows
from policies import approval, drafting
from policies.approval import STATEMENT
from policies.columns import VERSION_COLUMNS, VERSION_FACTS, attach_version
from policies.content import in_words, promises_of
from policies.detail import alone, blocks_for, in_force_of, settings_for_text, version_detail, versions_of
from policies.filters import VersionFilter
from policies.forms import OptionalNoteForm, SubmitForm, WriteForm
from policies.models import PolicyApproval, PolicyAuthor, PolicyVersion
from policies.text import redline
from policies.text.markdown import too_long
from policies.text.render import to_html
from policies.views import PolicyPages

EDITOR = "policies/policyversion_write.html"


class PolicyVersionPages(Pages):
    """Versions of policies: drafted, in review, in force, superseded."""

    model = PolicyVersion
    form_class, filter_class = RegisterForm, VersionFilter
    columns, facts, ordering = VERSION_COLUMNS, VERSION_FACTS, ("-id",)
    related = ("policy", "drafted_by", "submitted_by")
    links = (
        Link("Approval", PolicyApproval, "policy_version"),
        Link("Author", PolicyAuthor, "policy_version"),
    )
    left_out: ClassVar = ("detail", "create", "edit", "archive", "restore")
    intro = "Every version of every policy. What was approved is frozen, and named by its hash."
    verbs: ClassVar = (
        VerbPage("write", drafting.write, "Write", "{0.ref} is saved.", WriteForm, template=EDITOR),
        VerbPage("submit", drafting.submit, "Submit for review", "{0.ref} waits for its approvers.", SubmitForm),
        VerbPage("approve", approval.approve, "Approve policy", "You approved {0.ref}.", OptionalNoteForm),
        VerbPage("return", drafting.give_back, "Return", "{0.ref} is a draft again."),
        VerbPage("withdraw", drafting.withdraw, "Withdraw version", "{0.ref} is withdrawn.", tone="danger"),
    )
    attach = staticmethod(attach_version)

    def detail_context(self, target: Any, moment: datetime.datetime | None) -> dict[str, Any]:
        """Its text, approvals, authors and promised numbers, and the verbs that make sense now."""
        return version_detail(target, self.user, moment)

    def act_on(self, target: Any, verb: VerbPage) -> HttpResponse:
        """The editor shows what it would look like; whoever approves reads what is approved."""
        return act(self.request, type(self), target, verb, **self.shown_for(target, verb))

    def shown_for(self, target: Any, verb: VerbPage) -> dict[str, Any]:
        """What stands beside the form of a verb."""
        if verb.verb == "write":
            typed = self.request.POST.get("text") if self.request.method == "POST" else None
            return editor(target.text if typed is None else typed.replace("\x00", ""))
        if verb.verb == "submit":
            return {"blocks": blocks_for(self.user, target)}
        if verb.verb == "approve":
            named = f"{target.ref}, “{target.title}”,"
            said = {"statement": STATEMENT.format(version=named), "is_author": alone(target, self.user)}
            html = to_html(target.text, in_words(target.promises))
            return said | {"html": html, "bound": in_force_of(target, self.user)}
        return {}


def editor(text: str) -> dict[str, Any]:
    """What the editor shows: the numbers that can be promised, and the text as it would look now."""
    return {"settings": settings_for_text(), "html": preview_of(text)}


def preview_of(text: str) -> str:
    """A text as HTML, with today's numbers; nothing for one that is too long to be stored."""
    return "" if too_long(text) else to_html(text, in_words(promises_of(text)))


@require_POST
def preview(request: HttpRequest, pk: int) -> HttpResponse:
    """What was typed into the editor as it would look; nothing is stored. Alone for htmx, else within the editor."""
    version = get_allowed(user_of(request), "write", PolicyVersion.objects.select_related("policy"), pk)
    text = request.POST.get("text", "").replace("\x00", "")
    if request.headers.get("HX-Request"):
        return render(request, "policies/preview.html", {"html": preview_of(text)})
    page = next(one for one in PolicyVersionPages.verbs if one.verb == "write")
    form = WriteForm(request.POST, target=version)
    context = {
        "object": version, "title": page.title, "tone": page.tone, "part": page.part, "verb": page.verb, "form": form,
        "pages": PolicyVersionPages(request), "back": where_from(request, version.get_absolute_url()),
        "previewed": True,
    }  # fmt: skip
    return render(request, EDITOR, context | editor(text), status=200 if form.is_valid() else 422)


preview.pages = PolicyVersionPages  # type: ignore[attr-defined]


@require_safe
def compare(request: HttpRequest, pk: int) -> HttpResponse:
    """What became of each line between two versions of a policy: `?old=12&new=15`, by default the last two.

    Always from the older to the newer, whichever was named first. Of the versions that the person may see, at the
    moment asked for; Http404 for any other.
    """
    pages = PolicyPages(request)
    moment = pages.moment()
    policy = pages.fetch(pk, moment)
    found = versions_of(policy, pages.user, moment)
    new = chosen(found, request.GET.get("new", ""), found[0] if found else None)
    earlier = [one for one in found if new is not None and one.pk < new.pk]
    old = chosen(found, request.GET.get("old", ""), earlier[0] if earlier else new)
    if old is not None and new is not None and old.pk > new.pk:
        old, new = new, old
    texts = dict(rows(PolicyVersion, moment).filter(id__in=[one.pk for one in found]).values_list("id", "text"))
    lines = redline.folded(redline.rows(texts[old.pk], texts[new.pk])) if old and new else []
    context = {
        "pages": pages, "object": policy, "moment": moment, "versions": found, "old": old, "new": new, "lines": lines,
        "same": all(line.kind in ("equal", "fold") for line in lines),
    }  # fmt: skip
    return render(request, "policies/compare.html", context)


compare.pages = PolicyPages  # type: ignore[attr-defined]


def chosen(found: list[PolicyVersion], asked: str, otherwise: PolicyVersion | None) -> PolicyVersion | None:
    """The version that the address names. Http404 for one that is not among those seen."""
    if not asked:
        return otherwise
    for one in found:
        if str(one.pk) == asked:
            return one
    raise Http404
