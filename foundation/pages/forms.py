"""What a request brings; and the form of every register, which carries its reader's version so that nothing is lost."""

from typing import Any, cast

from django import forms
from django.http import HttpRequest, QueryDict

from foundation.accounts.models import User
from foundation.pages.fields import within_reach
from foundation.trail.keep import Stale


def user_of(request: HttpRequest) -> User:
    """The person who is signed in: LoginRequiredMiddleware lets nobody else in."""
    return request.user  # type: ignore[return-value]


def sent(request: HttpRequest) -> tuple[Any, Any]:
    """The data and files to bind a form to: `Form(*sent(request))`. Nothing until a POST, be it empty."""
    return (request.POST, request.FILES) if request.method == "POST" else (None, None)


def changed_meanwhile(what: Stale | str, then: str = "Open the page again, then send this again.") -> str:
    """What everybody is told whose save was refused because a colleague was first.

    what: the refusal, which knows the record's kind, or what changed in words (“the scope”). then: what to do now.
    """
    name = f"this {what.stored._meta.verbose_name}" if isinstance(what, Stale) else what
    return f"Somebody changed {name} while you were reading. {then}"


class RegisterForm(forms.ModelForm):
    """A ModelForm over a Register. `user` is the person filling it in, for choices that depend on who asks.

    `version` goes out with the form and comes back with it; the save path (`trail.keep.save`) refuses a version that
    is no longer the stored one, and the page then shows what changed in between.
    """

    version = forms.IntegerField(required=False, min_value=1, max_value=2**31 - 1, widget=forms.HiddenInput)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)
        self.fields["version"].initial = self.instance.version if self.instance.pk else None
        for field in self.fields.values():  # the days that the model asks for; a field's own were bounded by day_field
            if isinstance(field, forms.DateField) and within_reach not in field.validators:
                field.validators.append(within_reach)

    def clean_version(self) -> int | None:
        version: int | None = self.cleaned_data["version"]
        if self.instance.pk and version is None:
            raise forms.ValidationError("This form has lost its version. Reload the page and enter the change again.")
        return version

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if self.instance.pk and self.cleaned_data.get("version"):
            self.instance.version = self.cleaned_data["version"]

    def accept_version(self, version: int) -> None:
        """After a conflict was shown: the next save of this form builds on `version`."""
        data = cast("QueryDict", self.data).copy()
        data[self.add_prefix("version")] = str(version)
        self.data = data


class VerbForm(forms.Form):
    """A verb on one record, `target`. The version that its reader saw goes along: nobody overwrites a colleague.

    Pages (`act`) and API make it alike. A subclass adds what its action is to be told, field by argument.
    """

    version = forms.IntegerField(min_value=1, max_value=2**31 - 1, widget=forms.HiddenInput)

    def __init__(self, *args: Any, target: Any, **kwargs: Any) -> None:
        self.target = target
        kwargs["initial"] = {"version": target.version} | (kwargs.get("initial") or {})
        super().__init__(*args, **kwargs)

    def offer_to(self, user: User) -> None:
        """Let the person at the page choose among what they see. The API takes what a page would have sent."""

    def overtaken(self, stale: Stale) -> str:
        """What is said where a colleague was first. A form with much in it makes itself ready to be sent again."""
        return changed_meanwhile(stale)

    def said(self) -> dict[str, Any]:
        """What the action is to be told, the version apart."""
        return {name: value for name, value in self.cleaned_data.items() if name != "version"}


class ReasonForm(VerbForm):
    """The reason for a verb that needs nothing else (archive, restore …), up to 1,000 characters."""

    reason = forms.CharField(max_length=1000, widget=forms.Textarea(attrs={"rows": 3}))
