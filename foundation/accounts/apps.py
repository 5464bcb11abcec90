from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "foundation.accounts"
    label = "accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        """Connect the sign-in events."""
        from foundation.accounts import sign_in  # noqa: F401 - models are loaded only now
