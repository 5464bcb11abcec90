"""The deciding page: the accounts of one part, decided one by one or the unremarkable ones together, and signed."""

import datetime
from dataclasses import replace
from typing import Any, ClassVar

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from accessreviews import deciding, signing
from accessreviews.columns import PART_COLUMNS
from accessreviews.filters import PartFilter
from accessreviews.forms import DecisionForm, DelegateForm, ReassignForm, SignForm
from accessreviews.models import Assignment, Choice, Comment, Decision, Flag, ReviewItem, ReviewState
from accessreviews.pace import pace_words
from accessreviews.progress import SHOWS, SIZES, UNDECIDED, Line, Part
from foundation.accounts.access import get_allowed, verbs_on, visible
from foundation.pages.act import VerbPage, where_from
from foundation.pages.forms import RegisterForm, user_of
from foundation.pages.moment import at
from foundation.pages.pages import Pages
from foundation.trail.asof import rows, thaw
from foundation.trail.keep import Stale

FORGOTTEN = "A colleague decided on this account meanwhile: what is shown now is theirs."


class AssignmentPages(Pages):
    """The parts of reviews, each with its reviewer. Its own page is where accounts are decided on."""

    model = Assignment
    form_class, filter_class, columns = RegisterForm, PartFilter, PART_COLUMNS
    related: ClassVar = (
        "review__campaign__approver", "review__system", "review__listing__system", "reviewer", "delegate", "signed_by",
    )  # fmt: skip
    ordering: ClassVar = ("-review__campaign_id", "review__system__name")
    left_out: ClassVar = ("create", "edit", "archive", "restore")
    intro = "The accounts of a review that one person decides on and signs for."
    verbs: ClassVar = (
        VerbPage(
            "sign", signing.sign, "Sign off review", "Signed. {0.review.campaign.approver} approves it.", SignForm
        ),
        VerbPage("delegate", deciding.delegate, "Delegate", "Kept.", DelegateForm),
        VerbPage(
            "reassign", deciding.reassign, "Change reviewer", "{0.reviewer} reviews these accounts.", ReassignForm
        ),
    )

    def act_on(self, target: Assignment, verb: VerbPage) -> HttpResponse:
        """Only the reviewer signs: nobody else is shown the form."""
        if verb.verb == "sign" and target.reviewer_id != self.user.pk:
            raise PermissionDenied("Its reviewer signs.")
        return super().act_on(target, verb)

    def detail_context(self, target: Any, moment: datetime.datetime | None) -> dict[str, Any]:
        """The accounts that were asked for, what blocks the signature, and the verbs offered now."""
        return self.deciding(target, moment)

    def deciding(
        self, target: Assignment, moment: datetime.datetime | None, refused: Line | None = None
    ) -> dict[str, Any]:
        """What the page shows. `refused`: a line whose decision was not taken, with what was typed."""
        part = Part(target, self.request.GET, moment)
        page = part.page()
        decides = moment is None and may_decide(self.user, target)
        barred = barred_among(self.user, list(page.object_list)) if decides else set()
        lines = part.lines(page.object_list, barred)
        if refused is not None:
            lines = [refused if line.item.pk == refused.item.pk else line for line in lines]
            lines = lines if refused in lines else [refused, *lines]
        given = set() if moment else verbs_on(self.user, ("sign", "delegate", "reassign"), target)
        unsigned = target.signed_at is None and target.review.state == ReviewState.DECIDING
        signs = "sign" in given and unsigned and target.reviewer_id == self.user.pk
        blocked = self.blocked(target, part) if signs else []
        return {
            "part": part, "page": page, "lines": lines, "decides": decides,
            **addresses(target, moment, self.here(target)), "shows": shows_of(part), "sizes": SIZES,
            "flags": Flag.choices, "blocks": blocked, "review": target.review, "campaign": target.review.campaign,
            "pace": pace_words(target.pace),
            "keepable": decides and any(line.keepable for line in lines),
            "verbs": {
                "sign": signs and not blocked,
                "delegate": "delegate" in given and unsigned and self.delegates(target),
                "reassign": "reassign" in given and unsigned,
            },
        }  # fmt: skip

    def here(self, target: Assignment) -> str:
        """The page that a decision leads back to: this one, or where a refused decision came from."""
        request = self.request
        return where_from(request, target.get_absolute_url()) if request.method == "POST" else request.get_full_path()

    def blocked(self, target: Assignment, part: Part) -> list[signing.Block]:
        """What keeps it from being signed; what takes looking at every account is looked for once all are decided."""
        if undecided := part.counts[UNDECIDED]:
            return [signing.undecided_words(undecided)]
        return signing.blocks(target)

    def delegates(self, target: Assignment) -> bool:
        """Whether it is this person's to delegate: the reviewer's, or a compliance manager's (who may reassign)."""
        return target.reviewer_id == self.user.pk or "reassign" in verbs_on(self.user, ("reassign",), target)


def addresses(part: Assignment, moment: datetime.datetime | None, back: str) -> dict[str, str]:
    """What every row of a page needs, found once: where it is decided, where its story is, and the way back."""
    return {
        "decide_at": reverse("accessreviews:decide", args=[part.pk]),
        "account_at": f"{part.get_absolute_url()}accounts/",
        "kept": at(moment),
        "back": back,
    }


def shows_of(part: Part) -> list[tuple[str, str, int]]:
    """The tabs above the accounts, each with its number."""
    return [(show, words, part.counts[show]) for show, words in SHOWS]


def may_decide(user: Any, part: Assignment) -> bool:
    """Whether this person decides in the part now."""
    open_now = part.signed_at is None and part.review.state == ReviewState.DECIDING
    return open_now and user.pk in (part.reviewer_id, part.delegate_id)


def barred_among(user: Any, items: list[ReviewItem]) -> set[int]:
    """Those of the accounts on which this person may not decide: a delegate's own."""
    own = user.email.lower()
    return {item.pk for item in items if user.pk in deciding.barred_from(item) or item.account.email == own}


# ---- deciding ------------------------------------------------------------------------------------------------------


@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Decide on one account of the part, or take that back. For htmx the row anew, else the page that was left."""
    user = user_of(request)
    part = get_allowed(user, "decide", Assignment.objects.select_related(*AssignmentPages.related), pk)
    form = DecisionForm(request.POST)
    number = form["item"].value()
    items = ReviewItem.objects.filter(assignment=part).select_related("account__person", "account__owner")
    item = items.filter(pk=number).first() if str(number or "").isdecimal() and len(str(number)) < 19 else None
    if item is None:
        raise Http404("No such account in this part.")
    refusal = "" if form.is_valid() else " ".join(str(words) for found in form.errors.values() for words in found)
    status = 422
    if not refusal:
        try:
            carry_out(form, item, user)
        except Stale:
            refusal, status = FORGOTTEN, 409
        except ValidationError as refused:
            refusal = " ".join(refused.messages)
    if refusal:
        return refused_decision(request, part, item, form, refusal, status)
    if request.headers.get("HX-Request"):
        return row(request, part, item)
    return redirect(where_from(request, part.get_absolute_url()) + f"#a{item.pk}")


def carry_out(form: DecisionForm, item: ReviewItem, user: Any) -> Decision:
    """What the form asks for. Raises what `deciding` raises."""
    said = form.cleaned_data
    if said["choice"] == "undo":
        return deciding.undo(item, actor=user, seen=said["seen"])
    return deciding.decide(
        item, actor=user, choice=said["choice"], seen=said["seen"], reason=said["reason"], roles_after=form.roles()
    )


def line_of(part: Assignment, item: ReviewItem, user: Any) -> Line:
    """One account as it stands now."""
    shown = Part(part, NOTHING, None)
    return shown.lines([item], barred_among(user, [item]))[0]


NOTHING: Any = {}  # asks for no filter


def row(
    request: HttpRequest, part: Assignment, item: ReviewItem, line: Line | None = None, status: int = 200
) -> HttpResponse:
    """The row of one account, with the part's progress beside it (out of band)."""
    user = user_of(request)
    line = line or line_of(part, item, user)
    shown = Part(part, request.POST, None)
    signs = part.reviewer_id == user.pk
    blocked = signing.blocks(part) if signs and not shown.counts["undecided"] else []
    context = {
        "line": line, "object": part, "part": shown, "decides": True, "shows": shows_of(shown), "swapped": True,
        "blocks": blocked, "signs": signs, **addresses(part, None, where_from(request, part.get_absolute_url())),
    }  # fmt: skip
    return render(request, "accessreviews/item_row.html", context, status=status)


def refused_decision(
    request: HttpRequest, part: Assignment, item: ReviewItem, form: DecisionForm, words: str, status: int
) -> HttpResponse:
    """The account again, with why it was refused and what was typed."""
    line = replace(line_of(part, item, user_of(request)), error=words, typed=form.data)
    if request.headers.get("HX-Request"):
        return row(request, part, item, line, status)
    pages = AssignmentPages(request)
    return pages.show(part, status=status, **pages.deciding(part, None, line))


@require_POST
def keep_together(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep the ticked accounts of the part, none of which is flagged."""
    user = user_of(request)
    part = get_allowed(user, "decide", Assignment.objects.select_related(*AssignmentPages.related), pk)
    asked = {int(number) for number in request.POST.getlist("pk") if number.isdecimal() and len(number) < 19}
    found = ReviewItem.objects.filter(assignment=part, pk__in=asked).select_related("account__person", "account__owner")
    try:
        kept = deciding.keep_together(part, found, actor=user)
    except ValidationError as refused:
        return AssignmentPages.again(request, part, bulk_error=" ".join(refused.messages))
    messages.success(request, f"{kept} account{'' if kept == 1 else 's'} kept.")
    return redirect(where_from(request, part.get_absolute_url()))


# ---- one account ---------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def account(request: HttpRequest, pk: int, item: int) -> HttpResponse:
    """One account of a part with its whole story: listing, flags in words, every decision on it, and comments."""
    pages = AssignmentPages(request)
    user, moment = user_of(request), pages.moment()
    part = pages.fetch(pk, moment)
    found = ReviewItem.objects.filter(assignment=part.pk, pk=item)
    one = found.select_related("account__person", "account__owner", "account__listing__system").first()
    if one is None:
        raise Http404("No such account in this part.")
    error = ""
    if request.method == "POST":
        try:
            deciding.comment(one, actor=user, words=request.POST.get("words", "")[:4000])
            return redirect(request.path)
        except ValidationError as refused:
            error = " ".join(refused.messages)
    said = visible(user, rows(Comment, moment), moment).filter(item_id=one.pk)
    speaks = moment is None and user.pk in (part.reviewer_id, part.delegate_id, part.review.campaign.approver_id)
    context = {
        "pages": pages, "object": part, "moment": moment, "line": Part(part, NOTHING, moment).lines([one], set())[0],
        "account": one.account, "comments": [thaw(row) for row in said.select_related("author").order_by("id")],
        "story": story_of(one, moment), "speaks": speaks, "error": error, "review": part.review,
    }  # fmt: skip
    return render(request, "accessreviews/account.html", context, status=422 if error else 200)


def story_of(item: ReviewItem, moment: datetime.datetime | None) -> list[Any]:
    """Every decision that was taken on an account and what was said with it, the newest first."""
    found = (
        Decision.history.filter(item_id=item.pk).select_related("decided_by").order_by("-history_date", "-history_id")
    )
    if moment is not None:
        found = found.filter(history_date__lte=moment)
    return [(one, str(Choice(one.choice).label) if one.choice else "Taken back") for one in found]
