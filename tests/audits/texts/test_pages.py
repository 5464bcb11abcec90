"""The pages of management's texts for each role: the tab, writing, signing, what an auditor reads, paper, the API."""

import datetime
from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import Http404
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audits import fieldwork
from audits.models import Engagement
from audits.models.texts import Assertion, DescriptionSection, UserEntityControl
from audits.texts.facts import facts_for
from controls.actions import reword
from controls.models import Control
from foundation.accounts.models import AuditorWindow, User
from foundation.pages.paper import cover_for, html_for, paper_for
from foundation.trail.models import Entry, audited_bulk
from tests.factories.controls import link, trust_services
from tests.factories.descriptions import a_csoc, a_cuec, a_provider, a_section, an_assertion
from tests.factories.evidence import operating
from tests.factories.incidents import an_incident
from tests.factories.people import EngagementFactory, UserFactory
from tests.factories.requests import closed
from tests.factories.risks import an_executive
from tests.factories.tokens import caller

pytestmark = pytest.mark.django_db


@pytest.fixture
def begun(engagement: Engagement, compliance: User) -> Engagement:
    """In fieldwork, with one control in scope."""
    trust_services()
    link(operating(since="2024-01-01", ref="IAM-01", name="Access review"), "CC6.1")
    return fieldwork.begin_fieldwork(engagement, actor=compliance)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def tab(engagement: Engagement) -> str:
    return f"/audits/{engagement.pk}/description/"


def text_of(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200, address
    return response.content.decode()


def test_the_tab_says_what_is_empty_and_offers_to_write_it(begun: Engagement, compliance: User):
    a_section(begun, "DC1", "We **run** a service.")
    client = signed_in(compliance)
    page = text_of(client, tab(begun))
    assert "8 of 9 sections are empty:" in page
    assert page.count("Empty: nobody wrote it yet.") == 8
    assert "We <strong>run</strong> a service." in page
    create = f"/audits/texts/sections/new/?engagement={begun.pk}&code=DC4"
    assert create.replace("&", "&amp;") in page
    form = text_of(client, create)
    assert '<option value="DC4" selected>' in form
    sent = {"engagement": str(begun.pk), "code": "DC4", "text": "None of them led to a disclosure."}
    response = client.post(create, sent)
    section = DescriptionSection.objects.get(code="DC4")
    assert response["Location"] == f"{tab(begun)}#descriptionsection-{section.pk}"
    assert client.post(create, sent | {"text": "Again"}).status_code == 422
    assert client.post(create, sent | {"code": "DC5", "text": " "}).status_code == 422


def test_facts_stand_beside_a_section_and_are_never_written_into_it(begun: Engagement, compliance: User):
    incident = an_incident(title="The queue stood still", severity=2)
    an_incident(title="A typing error", severity=4)
    client = signed_in(compliance)
    form = text_of(client, f"/audits/texts/sections/new/?engagement={begun.pk}&code=DC4")
    assert f"{incident.ref}</a> SEV2: The queue stood still." in form
    assert "A typing error" not in form
    assert form.count("The queue stood still") == 1  # beside the box, not in it
    known = facts_for(compliance, begun, "DC5")[0].facts
    assert [fact.words for fact in known if fact.name == "CC6.1"] == ["Logical access safeguards: IAM-01"]
    assert facts_for(compliance, begun, "DC2") == []
    section = a_section(begun, "DC4")
    back = f"/audits/{begun.pk}/description/#descriptionsection-{section.pk}"
    assert back in text_of(client, section.get_absolute_url()), "its own page leads back to the whole"


def test_facts_of_a_past_moment_are_those_of_then(begun: Engagement, compliance: User):
    first, _ = begun.days
    control = Control.objects.get(ref="IAM-01")

    def reworded(days: int, reason: str) -> None:
        reword(
            control, actor=compliance, who="IT", what="reviews", how_often="monthly", on_what="accounts",
            effective_from=first + datetime.timedelta(days=days), reason=reason,
        )  # fmt: skip

    def told(moment: datetime.datetime | None) -> list[str]:
        return [fact.words for group in facts_for(compliance, begun, "DC9", moment) for fact in group.facts]

    reworded(-30, "Worded first.")
    reworded(30, "A new directory.")
    section, then = a_section(begun, "DC9", "We moved."), timezone.now()
    reworded(60, "Said since.")
    link(control, "CC6.2")
    begun.refresh_from_db()
    fieldwork.refreeze_scope(begun, actor=compliance, reason="Frozen since.")
    old = f"reworded from {first + datetime.timedelta(days=30)}: A new directory."
    assert told(then) == [old]
    assert told(None) == [old, f"reworded from {first + datetime.timedelta(days=60)}: Said since.", "Frozen since."]
    query = urlencode({"as_of": then.isoformat()})
    page = text_of(signed_in(compliance), f"{section.get_absolute_url()}?{query}")
    assert f'href="{control.get_absolute_url()}?as_of=' in page


def test_names_that_do_not_exist_are_refused(begun: Engagement, compliance: User):
    client = signed_in(compliance)
    sent = {"engagement": str(begun.pk), "what": "They tell us.", "why": "We do not see it."}
    for wrong in ({"criteria": "CC99.1"}, {"controls": "IAM-99"}, {"engagement": "999999"}, {"what": "a\0b"}):
        assert client.post("/audits/texts/cuecs/new/", sent | wrong).status_code == 422, wrong
    assert not UserEntityControl.objects.exists()
    right = sent | {"criteria": "cc6.1; CC6.2", "controls": "iam-01"}
    assert client.post("/audits/texts/cuecs/new/", right).status_code == 302
    cuec = UserEntityControl.objects.get()
    assert (cuec.criteria, cuec.controls) == (["CC6.1", "CC6.2"], ["IAM-01"])
    assert 'value="CC6.1, CC6.2"' in text_of(client, f"/audits/texts/cuecs/{cuec.pk}/edit/")


def test_lists_offer_the_newest_engagement_first(compliance: User):
    with audited_bulk("numbers of different length"):
        Engagement.objects.bulk_create([EngagementFactory.build(pk=number) for number in (999_999, 1_000_000)])
    for engagement in Engagement.objects.all():
        a_cuec(engagement)
    page = text_of(signed_in(compliance), "/audits/texts/cuecs/")
    assert 0 < page.index('<option value="1000000"') < page.index('<option value="999999"')


def test_a_new_assertion_begins_with_a_template_that_names_what_is_known(begun: Engagement, compliance: User):
    cuec = a_cuec(begun)
    csoc = a_csoc(a_provider(begun))
    executive = UserFactory(role="manager")
    an_executive(executive)
    client = signed_in(compliance)
    form = client.get(f"/audits/texts/assertions/new/?engagement={begun.pk}").context["form"]
    template = form.initial["text"]
    assert f"{cuec.ref}." in template
    assert f"{csoc.ref} at Cirrus Hosting." in template
    assert "Security, Availability" in template
    assert begun.time() in template
    sent = {"engagement": str(begun.pk), "text": template, "signatory": str(executive.pk)}
    assert client.post("/audits/texts/assertions/new/", sent).status_code == 302
    assertion = Assertion.objects.get()
    page = text_of(client, assertion.get_absolute_url())
    assert "A template, not management’s words" in page
    assert f"{assertion.get_absolute_url()}submit/" not in page


def test_the_signatory_reads_all_of_it_and_signs_with_a_fresh_sign_in(begun: Engagement, manager: User):
    a_section(begun, "DC1", "We run a service.")
    assertion = an_assertion(begun, signatory=manager, state="submitted")
    client = signed_in(manager)
    assert f"{assertion.get_absolute_url()}sign/" in text_of(client, "/")
    address = f"{assertion.get_absolute_url()}sign/"
    page = text_of(client, address)
    assert "We run a service." in page
    assert "Management states it." in page
    seen = client.get(address).context["form"].initial["seen"]
    sent = {"version": str(assertion.version), "statement": "I sign for management.", "seen": seen}
    with time_machine.travel(datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=6)):
        assert "/account/confirm-password/" in client.post(address, sent)["Location"]
    assert Assertion.objects.get().state == "submitted"
    assert client.post(address, sent | {"seen": "0" * 64}).status_code == 422
    assert client.post(address, sent).status_code == 302
    page = text_of(client, assertion.get_absolute_url())
    assert Assertion.objects.get().sha256 in page
    assert "Signed for another text" not in page
    a_section(begun, "DC2", "We promise it.")
    assert "It was signed for another text." in text_of(client, assertion.get_absolute_url())
    assert client.get(f"{assertion.get_absolute_url()}edit/").status_code == 403


def test_who_else_may_not_sign(begun: Engagement, manager: User, compliance: User, auditor: User):
    assertion = an_assertion(begun, state="submitted")
    for user in (manager, compliance, auditor):
        assert signed_in(user).get(f"{assertion.get_absolute_url()}sign/").status_code == 403, user.role


def test_an_auditor_reads_all_of_his_engagement_and_nothing_of_another(begun: Engagement, auditor: User):
    section, cuec = a_section(begun, "DC1", "We run a service."), a_cuec(begun)
    provider = a_provider(begun)
    csoc, assertion = a_csoc(provider), an_assertion(begun)
    other = EngagementFactory()
    theirs = [a_section(other), a_cuec(other), elsewhere := a_provider(other), a_csoc(elsewhere), an_assertion(other)]
    client = signed_in(auditor)
    page = text_of(client, tab(begun))
    for words in ("We run a service.", cuec.what, provider.name, csoc.what, assertion.ref):
        assert words in page
    assert "/edit/" not in page
    assert "/new/" not in page
    for row in (section, cuec, provider, csoc, assertion):
        text_of(client, row.get_absolute_url())
        assert client.post(f"{row.get_absolute_url()}edit/", {}).status_code == 403
    for row in theirs:
        assert client.get(row.get_absolute_url()).status_code == 404
    assert client.get(tab(other)).status_code == 404
    window = AuditorWindow.objects.get(user=auditor)
    with time_machine.travel(window.closes_at + datetime.timedelta(days=1), tick=False):
        assert signed_in(auditor).get(section.get_absolute_url()).status_code == 404


def test_nothing_is_offered_once_the_report_is_issued(begun: Engagement, compliance: User):
    cuec = a_cuec(begun)
    closed(begun, compliance)
    client = signed_in(compliance)
    page = text_of(client, tab(begun))
    assert "/edit/" not in page
    assert "/new/" not in page
    assert client.get(f"{cuec.get_absolute_url()}edit/").status_code == 403
    sent = {"version": str(cuec.version), "reason": "Gone."}
    assert client.post(f"{cuec.get_absolute_url()}archive/", sent).status_code == 422
    create = {"engagement": str(begun.pk), "what": "x", "why": "y"}
    assert client.post("/audits/texts/cuecs/new/", create).status_code == 422


def test_closing_tells_what_the_texts_lack(begun: Engagement, compliance: User):
    for number in range(1, 9):
        a_section(begun, f"DC{number}")
    address = f"/audits/{begun.pk}/issue-report/"
    fieldwork.begin_reporting(Engagement.objects.get(pk=begun.pk), actor=compliance)
    client = signed_in(compliance)
    assert "Empty: DC9. No assertion is signed." in text_of(client, address)
    assertion = an_assertion(begun, state="signed")
    a_section(begun, "DC9")
    assert f"{assertion.ref} was signed for another text." in text_of(client, address)
    an_assertion(begun, reason="DC9 was written.", state="signed")
    assert "Management’s texts are not whole." not in text_of(client, address)


def test_texts_are_taken_over_on_a_page(begun: Engagement, compliance: User):
    earlier = EngagementFactory()
    a_section(earlier, "DC2", "We promise it.")
    client = signed_in(compliance)
    address = f"/audits/{begun.pk}/take-over/"
    assert address in text_of(client, tab(begun))
    begun.refresh_from_db()
    sent = {"version": str(begun.version), "source": str(earlier.pk), "reason": "Nothing changed."}
    assert client.post(address, sent)["Location"] == tab(begun)
    assert DescriptionSection.objects.get(engagement=begun).text == "We promise it."
    assert client.post(address, sent).status_code == 422


def test_both_are_printed_for_who_sees_them(begun: Engagement, compliance: User, manager: User, auditor: User):
    a_section(begun, "DC1", "We run a service.")
    assertion = an_assertion(begun, state="signed")
    for user, page in ((compliance, tab(begun)), (auditor, tab(begun)), (manager, assertion.get_absolute_url())):
        html = html_for(paper_for(page, user), cover_for(user))
        assert "We run a service." in html
        assert assertion.sha256 in html
        assert "Empty: nobody wrote it." in html
    with pytest.raises((Http404, PermissionDenied)):
        paper_for(tab(begun), manager)  # who sees no engagement


def test_the_tab_costs_the_same_for_many(begun: Engagement, compliance: User):
    client = signed_in(compliance)
    provider = a_provider(begun)
    a_cuec(begun)
    a_csoc(provider)
    an_assertion(begun)

    def count() -> int:
        with CaptureQueriesContext(connection) as asked:
            text_of(client, tab(begun))
        return len(asked)

    count()
    few = count()
    for number in range(5):
        a_section(begun, f"DC{number + 1}")
        a_cuec(begun)
        a_csoc(a_provider(begun, name=f"Provider {number}"))
    assert count() == few < 40


def test_the_api_reads_and_writes_and_never_signs(begun: Engagement, compliance: User, manager: User):
    ask = caller(compliance, "read", "write")
    sent: dict[str, Any] = {"engagement": begun.pk, "what": "They tell us.", "why": "We wait.", "criteria": "CC6.1"}
    made = ask.post("/api/v1/user-entity-controls/", sent)
    assert (made.status_code, made.json()["criteria"]) == (201, ["CC6.1"])
    cuec = made.json()["id"]
    changed = ask.patch(f"/api/v1/user-entity-controls/{cuec}/", {"why": "We hear it late."}, version=1)
    assert (changed.status_code, changed.json()["criteria"]) == (200, ["CC6.1"])
    assertion = an_assertion(begun, signatory=manager, state="submitted")
    found = ask.get(f"/api/v1/assertions/{assertion.pk}/").json()
    assert (found["standing"], found["signatory"]["id"]) == ("Waits for signature", manager.pk)
    assert caller(manager, "read", "write").post(f"/api/v1/assertions/{assertion.pk}/sign/", {}).status_code == 404


def test_the_trail_tells_who_wrote_what(begun: Engagement, compliance: User):
    section = a_section(begun, by=compliance)
    page = text_of(signed_in(compliance), f"{section.get_absolute_url()}trail/")
    assert "wrote a section of a system description" in page
    assert Entry.objects.filter(verb="descriptionsection.created").count() == 1
