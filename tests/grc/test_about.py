"""The offer of the source, for everybody who uses the program over a network."""

from django.conf import settings
from django.test import Client

from foundation.accounts.models import User


def test_everybody_reads_the_licence_and_finds_the_source(client: Client, db: None, settings):
    settings.SOURCE_URL = "https://git.example.com/countersign"
    page = client.get("/about/").content.decode()
    assert 'href="https://git.example.com/countersign"' in page
    assert "GNU Affero General Public License" in page
    assert "GNU AFFERO GENERAL PUBLIC LICENSE" in client.get("/about/licence/").content.decode()


def test_without_an_address_the_licence_is_named(client: Client, db: None):
    page = client.get("/about/").content.decode()
    assert 'href="/about/licence/"' in page
    assert "ask whoever runs it" in page


def test_the_version_is_for_who_is_signed_in(client: Client, employee: User):
    assert settings.VERSION not in client.get("/about/").content.decode()
    client.force_login(employee)
    assert settings.VERSION in client.get("/about/").content.decode()


def test_every_page_leads_to_it(client: Client, employee: User):
    assert 'href="/about/"' in client.get("/account/sign-in/").content.decode()
    client.force_login(employee)
    assert 'href="/about/"' in client.get("/").content.decode()
