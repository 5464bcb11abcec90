"""What the tests of clocks do by pages."""

from django.test import Client

from foundation.accounts.models import User


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client
