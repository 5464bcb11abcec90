"""Management's texts (R2.2): who writes, what is bound by the signature, what stays as it was (R2.3)."""

import json
from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, connection, transaction

from audits import fieldwork
from audits.models import Engagement, Snapshot
from audits.models.texts import Assertion, DescriptionSection, SubserviceControl, SubserviceOrganisation
from audits.texts import actions
from audits.texts.reading import bound_hash, bound_lines, standing_of, texts_of
from audits.texts.showing import uncovered
from audits.texts.work import assertions_work
from controls.models import Criterion
from foundation.accounts.models import User
from foundation.jobs.worker import run_all
from foundation.organisation.models import today
from foundation.trail.keep import Stale, save
from foundation.trail.leaf import canonical, sha256_of_lines
from foundation.trail.models import Entry
from tests.factories.controls import link, trust_services
from tests.factories.descriptions import a_csoc, a_cuec, a_provider, a_section, an_assertion, signed
from tests.factories.evidence import operating
from tests.factories.mails import told_twice
from tests.factories.people import EngagementFactory, UserFactory
from tests.factories.requests import closed
from tests.factories.risks import an_executive

pytestmark = pytest.mark.django_db


@pytest.fixture
def begun(engagement: Engagement, compliance: User) -> Engagement:
    """In fieldwork, with one control in scope."""
    trust_services()
    link(operating(since="2024-01-01", ref="IAM-01", name="Access review"), "CC6.1")
    return fieldwork.begin_fieldwork(engagement, actor=compliance)


def standing(assertion: Assertion) -> str:
    engagement = Engagement.objects.get(pk=assertion.engagement_id)
    assertion.refresh_from_db()
    return standing_of(engagement, texts_of([engagement.pk])[engagement.pk], assertion)


def refused(row: Any, **changed: Any) -> None:
    """The database itself refuses to change or delete the row."""
    table = row._meta.db_table
    for words in (f"UPDATE {table} SET {next(iter(changed))} = %s WHERE id = %s", f"DELETE FROM {table} WHERE id = %s"):
        values = [*changed.values(), row.pk] if "UPDATE" in words else [row.pk]
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(words, values)


# ---- the description ------------------------------------------------------------------------------------------------


def test_a_section_is_kept_once_and_a_type_1_has_no_ninth(engagement: Engagement, compliance: User):
    section = a_section(engagement, "DC9", "We moved to another region.", by=compliance)
    entry = Entry.objects.get(verb="descriptionsection.created")
    assert (entry.actor_id, entry.facts["refs"]) == (compliance.pk, {"engagement": engagement.pk})
    with pytest.raises(ValidationError, match="already"):
        a_section(engagement, "DC9")
    first = EngagementFactory(type="I", as_of=today(), period_from=None, period_to=None)
    with pytest.raises(ValidationError, match="no section about changes"):
        a_section(first, "DC9")
    section.version -= 1
    section.text = "Another"
    with pytest.raises(Stale):
        actions.keep_text(section, actor=compliance)


def test_a_text_stays_in_its_engagement(engagement: Engagement, compliance: User):
    other = EngagementFactory()
    cuec, provider = a_cuec(engagement), a_provider(engagement)
    csoc = a_csoc(provider)
    assert csoc.engagement_id == engagement.pk
    cuec.engagement = other
    csoc.organisation = a_provider(other)
    for moved in (cuec, csoc):
        with pytest.raises(ValidationError, match="stays in its engagement"):
            actions.keep_text(moved, actor=compliance)


def test_a_provider_goes_after_what_is_assumed_at_it(engagement: Engagement, compliance: User):
    provider = a_provider(engagement)
    csoc = a_csoc(provider)
    provider.archived_at = csoc.created_at
    with pytest.raises(ValidationError, match="it has CSOCs"):
        actions.keep_text(provider, actor=compliance, participle="archived", reason="Gone.")
    csoc.archived_at = provider.archived_at
    csoc = actions.keep_text(csoc, actor=compliance, participle="archived", reason="Gone.")
    actions.keep_text(provider, actor=compliance, participle="archived", reason="Gone.")
    csoc = SubserviceControl.objects.get(pk=csoc.pk)
    csoc.archived_at = None
    with pytest.raises(ValidationError, match="Restore it first"):
        actions.keep_text(csoc, actor=compliance, participle="restored", reason="Back.")


def test_at_a_provider_that_is_not_carved_out_nothing_is_assumed(engagement: Engagement, compliance: User):
    provider = a_provider(engagement)
    csoc = a_csoc(provider)
    provider.method = "inclusive"
    with pytest.raises(ValidationError, match="it has CSOCs"):
        actions.keep_text(provider, actor=compliance)
    csoc.archived_at = csoc.created_at
    csoc = actions.keep_text(csoc, actor=compliance, participle="archived", reason="Described here, too.")
    actions.keep_text(provider, actor=compliance)
    csoc = SubserviceControl.objects.get(pk=csoc.pk)
    csoc.archived_at = None
    with pytest.raises(ValidationError, match="not carved out"):
        actions.keep_text(csoc, actor=compliance, participle="restored", reason="Back.")


def test_a_criterion_that_a_provider_partly_meets_needs_one_here(begun: Engagement, compliance: User):
    """R1.2, by the scope as it was frozen."""

    def gaps() -> list[str]:
        return uncovered(begun, texts_of([begun.pk])[begun.pk], None)

    assert gaps() == []
    for code in ("CC6.4", "A1.2"):
        criterion = Criterion.objects.get(code=code)
        criterion.applicability, criterion.subservice_organisation = "carved_out", "Cirrus Hosting"
        criterion.applicability_reason = "It hosts us."
        save(criterion, actor=compliance, verb="criterion.applicability_changed", reason="Hosting.")
    assert gaps() == []  # the scope was frozen before
    begun.refresh_from_db()
    fieldwork.refreeze_scope(begun, actor=compliance, reason="The hosting provider.")
    assert gaps() == ["CC6.4", "A1.2"]
    provider = a_provider(begun, criteria=["CC6.4"])
    assert gaps() == ["A1.2"]
    a_csoc(provider, criteria=["A1.2"])
    assert gaps() == []


# ---- taking over ----------------------------------------------------------------------------------------------------


def test_earlier_texts_are_taken_over_into_what_is_empty_alone(engagement: Engagement, compliance: User):
    earlier = EngagementFactory()
    a_section(earlier, "DC1", "Old services")
    a_section(earlier, "DC2", "Old commitments")
    a_cuec(earlier)
    a_csoc(a_provider(earlier))
    an_assertion(earlier)
    a_section(engagement, "DC1", "New services")
    engagement.refresh_from_db()
    actions.take_over(engagement, actor=compliance, source=earlier, reason="Nothing changed.")
    here = texts_of([engagement.pk])[engagement.pk]
    assert {code: row.text for code, row in here.sections.items()} == {"DC1": "New services", "DC2": "Old commitments"}
    assert [one.what for one in here.cuecs] == ["Remove leavers."]
    assert [(one.organisation_id, one.what) for one in here.csocs] == [(here.organisations[0].pk, "Doors are locked.")]
    assert here.assertions == []
    entry = Entry.objects.get(verb="engagement.texts_taken_over")
    assert entry.facts["reason"] == "Nothing changed."
    assert entry.facts["refs"] == {"source": earlier.pk, "taken": 3}
    with pytest.raises(ValidationError, match="nothing to take over"):
        actions.take_over(engagement, actor=compliance, source=earlier, reason="Again.")
    with pytest.raises(ValidationError, match="Choose another"):
        actions.take_over(engagement, actor=compliance, source=engagement, reason="Again.")


# ---- the assertion --------------------------------------------------------------------------------------------------


def test_a_template_is_marked_and_not_submitted(begun: Engagement, compliance: User):
    assertion = an_assertion(begun, text="We [fill in: what management states].")
    assert (assertion.adapted, standing(assertion)) == (False, "Template")
    with pytest.raises(ValidationError, match="template is still to be filled in"):
        actions.submit(assertion, actor=compliance)
    assertion = Assertion.objects.get()
    assertion.text = "We state it."
    assertion = actions.keep_assertion(assertion, actor=compliance)
    assert standing(assertion) == "Draft"
    assertion = actions.submit(assertion, actor=compliance)
    with pytest.raises(ValidationError, match="no draft any more"):
        actions.keep_assertion(assertion, actor=compliance)


def test_only_an_executive_is_named_to_sign(begun: Engagement, manager: User, compliance: User):
    row = Assertion(engagement=begun, signatory=manager, text="We state it.")
    with pytest.raises(ValidationError, match="named as executive"):
        actions.keep_assertion(row, actor=compliance)
    an_executive(manager)
    kept = actions.keep_assertion(row, actor=compliance)
    with pytest.raises(ValidationError, match="not signed yet"):
        an_assertion(begun)
    manager.is_active = False
    save(manager, actor=compliance, verb="user.deactivated")
    with pytest.raises(ValidationError, match="named as executive"):
        actions.submit(kept, actor=compliance)


def test_the_signature_binds_all_of_it_and_is_kept_as_evidence(begun: Engagement):
    a_section(begun)
    a_cuec(begun)
    a_csoc(a_provider(begun))
    assertion = an_assertion(begun, state="submitted")
    assertion = signed(assertion)
    texts = texts_of([begun.pk])[begun.pk]
    lines = bound_lines(begun, texts, assertion)
    assert assertion.sha256 == sha256_of_lines(canonical(line).encode() + b"\n" for line in lines)
    with assertion.evidence.file.open() as kept:
        body = json.loads(kept.read())
    assert (body["sha256"], body["lines"], body["signed_by"]) == (assertion.sha256, lines, assertion.signatory_id)
    assert assertion.evidence.state == "accepted"
    assert [line.get("code") for line in lines[1:10]] == [f"DC{number}" for number in range(1, 10)]
    assert [line["ref"].partition("-")[0] for line in lines[10:]] == ["CUEC", "SUB", "CSOC", "MA"]
    assert standing(assertion) == "Signed"
    refused(assertion, text="Another")
    with pytest.raises(ValidationError, match="no draft any more"):
        actions.keep_assertion(assertion, actor=assertion.signatory)
    entry = Entry.objects.get(verb="assertion.signed")
    assert entry.facts["refs"] == {"sha256": assertion.sha256, "evidence": assertion.evidence_id}


@pytest.mark.parametrize("change", ["section", "cuec", "provider", "csoc", "new", "gone"])
def test_what_changes_afterwards_makes_it_signed_for_another_text(begun: Engagement, compliance: User, change: str):
    section, cuec, provider = a_section(begun), a_cuec(begun), a_provider(begun)
    csoc = a_csoc(provider)
    assertion = an_assertion(begun, state="signed")
    if change == "new":
        a_section(begun, "DC2")
    elif change == "gone":
        cuec.archived_at = cuec.created_at
        actions.keep_text(cuec, actor=compliance, participle="archived", reason="Gone.")
    else:
        row, name = {
            "section": (section, "text"), "cuec": (cuec, "why"), "provider": (provider, "monitoring"),
            "csoc": (csoc, "what"),
        }[change]  # fmt: skip
        setattr(row, name, "Otherwise.")
        actions.keep_text(row, actor=compliance)
    assert standing(assertion) == "Signed for another text"
    with pytest.raises(ValidationError, match="Say why"):
        an_assertion(begun)
    later = an_assertion(begun, reason="The description changed.", state="signed")
    assert later.supersedes_id == assertion.pk
    assert (standing(assertion), standing(later)) == ("Superseded", "Signed")


def test_who_signs_is_the_executive_whom_it_names_and_not_its_sole_author(begun: Engagement, compliance: User):
    manager = UserFactory(role="compliance_manager")
    an_author = Assertion(engagement=begun, text="We state it.")
    boss = UserFactory(role="manager")
    an_executive(boss)
    an_author.signatory = boss
    assertion = actions.keep_assertion(an_author, actor=boss)  # who was a compliance manager when writing it
    assertion = actions.submit(assertion, actor=compliance)
    with pytest.raises(PermissionDenied, match="alone wrote"):
        signed(assertion)
    assertion = actions.give_back(Assertion.objects.get(), actor=boss, reason="Another writes it too.")
    assert [item.kind for item in assertions_work(manager)] == ["Returned by the signatory"]
    assertion.text = "We state it, all of us."
    assertion = actions.submit(actions.keep_assertion(assertion, actor=manager), actor=manager)
    assert assertion.answer == ""
    for other in (compliance, UserFactory(role="manager")):
        with pytest.raises(PermissionDenied):
            signed(Assertion.objects.get(), actor=other)
    assert [item.action for item in assertions_work(boss)] == ["Sign"]
    assert signed(Assertion.objects.get()).signed_by == boss
    assert assertions_work(boss) == []


def test_what_changed_while_it_was_read_is_not_signed(begun: Engagement):
    assertion = an_assertion(begun, state="submitted")
    texts = texts_of([begun.pk])[begun.pk]
    seen = bound_hash(begun, texts, assertion)
    a_section(begun)
    with pytest.raises(ValidationError, match="while you were reading"):
        signed(assertion, seen=seen)
    assert Assertion.objects.get().state == "submitted"


def test_it_is_signed_from_fieldwork_on_and_before_the_report(begun: Engagement, compliance: User):
    assertion = an_assertion(begun, state="submitted")
    begun.refresh_from_db()
    fieldwork.return_to_planning(begun, actor=compliance, reason="Later.")
    with pytest.raises(ValidationError, match="during fieldwork or reporting"):
        signed(assertion)


# ---- the issued report ----------------------------------------------------------------------------------------------


def test_the_report_freezes_the_texts_and_nothing_changes_any_more(compliance: User):
    trust_services()
    link(operating(since="2024-01-01", ref="IAM-01", name="Access review"), "CC6.1")
    made = EngagementFactory(period_from="2026-01-01", period_to=today())
    past = fieldwork.begin_fieldwork(Engagement.objects.get(pk=made.pk), actor=compliance)
    section, cuec, provider = a_section(past), a_cuec(past), a_provider(past)
    csoc = a_csoc(provider)
    first = an_assertion(past, state="signed")
    past = fieldwork.begin_reporting(Engagement.objects.get(pk=past.pk), actor=compliance)
    a_section(past, "DC2", "Changed.")
    last = an_assertion(past, reason="DC2 was written.", state="submitted")
    past = Engagement.objects.get(pk=past.pk)
    fieldwork.issue_report(past, actor=compliance, opinion="unqualified", report_date=today())
    lines = Snapshot.objects.get(engagement=past, kind="report").lines
    frozen = [(line.sort, line.key) for line in lines.order_by("position") if line.sort in FROZEN]
    assert frozen == [
        *(("section", f"DC{number}") for number in range(1, 10)), ("cuec", cuec.ref), ("subservice", provider.ref),
        ("csoc", csoc.ref), ("assertion", first.ref), ("assertion", last.ref),
    ]  # fmt: skip
    said = {line.key: line.facts for line in lines.filter(sort="assertion")}
    assert said[first.ref]["sha256"] == first.sha256
    assert (said[last.ref]["state"], said[last.ref]["supersedes"]) == ("submitted", first.ref)
    section.text = "Otherwise."
    with pytest.raises(ValidationError, match="report is issued"):
        actions.keep_text(section, actor=compliance)
    with pytest.raises(ValidationError, match="report is issued"):
        signed(last)
    with pytest.raises(ValidationError, match="report is issued"):
        a_section(past, "DC3")
    for row, column in ((section, "text"), (cuec, "what"), (provider, "name"), (csoc, "what"), (last, "text")):
        refused(row, **{column: "Otherwise."})
    with pytest.raises(DatabaseError), transaction.atomic():
        save(DescriptionSection(engagement=past, code="DC3", text="x"), actor=compliance, verb="engagement.updated")


FROZEN = {"section", "cuec", "subservice", "csoc", "assertion"}


def test_an_archived_engagement_keeps_its_texts_too(engagement: Engagement, compliance: User):
    provider = a_provider(engagement)
    done = closed(EngagementFactory(), compliance)
    with pytest.raises(ValidationError, match="report is issued"):
        a_cuec(done)
    engagement.refresh_from_db()
    engagement.archived_at = provider.created_at
    save(engagement, actor=compliance, verb="engagement.archived", reason="Not now.")
    provider = SubserviceOrganisation.objects.get()
    provider.name = "Other"
    with pytest.raises(ValidationError, match="archived"):
        actions.keep_text(provider, actor=compliance)


# ---- the mail to whoever signs --------------------------------------------------------------------------------------


def test_the_executive_is_told_once_when_an_assertion_waits(begun: Engagement, compliance: User):
    executive = UserFactory(role="manager", email="executive@example.com")
    assertion = an_assertion(begun, signatory=executive, by=compliance, state="submitted")
    assert told_twice() == ["executive@example.com"]
    [message] = mail.outbox
    assert message.subject == f"Waits for your signature: {assertion.ref}"
    assert begun.name in message.body
    assert assertion.get_absolute_url() in message.body
    assert "Management states it" not in message.body


def test_nobody_is_told_of_an_assertion_that_came_back_before_the_mail(begun: Engagement, compliance: User):
    assertion = an_assertion(begun, by=compliance, state="submitted")
    actions.give_back(assertion, actor=compliance, reason="Too early.")
    run_all()
    assert mail.outbox == []
