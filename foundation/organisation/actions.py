"""Changing the organisation and its numbers: each change with its history and its trail entry, or not at all."""

from io import BytesIO
from typing import IO

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile

from foundation.organisation.catalogue import CATALOGUE
from foundation.organisation.models import Organisation, Setting
from foundation.organisation.once import forget
from foundation.trail.keep import save

LOGO_BYTES = 512 * 1024
LOGO_PIXELS = 4096 * 4096  # a small file can unpack into gigabytes
LOGO_SIDE = 1024  # what is kept: enough for a cover page
LOGO_FORMATS = ("PNG", "JPEG", "WEBP")


def found(*, name: str, actor: object, is_demo: bool = False, time_zone: str = "UTC") -> Organisation:
    """Create the organisation. Only here can it become a demo, and it stays what it is.

    Raises ValidationError if there is one already, or for an unknown time zone.
    """
    if Organisation.objects.exists():
        raise ValidationError("The organisation has been set up already.")
    organisation = Organisation(name=name, time_zone=time_zone, is_demo=is_demo)
    organisation.full_clean(validate_unique=False, validate_constraints=False)
    return keep(organisation, actor=actor)


def keep(organisation: Organisation, *, actor: object, reason: str = "") -> Organisation:
    """Store the organisation as it now is, for the first time too. Raises Stale if somebody else did meanwhile."""
    verb = "organisation.created" if organisation.is_new else "organisation.updated"
    save(organisation, actor=actor, verb=verb, reason=reason)
    forget(Organisation)
    return organisation


def set_logo(organisation: Organisation, picture: IO[bytes], *, actor: object) -> Organisation:
    """Make `picture` the logo. Raises ValidationError unless it is a PNG, JPEG or WebP of at most 512 KB.

    What is kept is drawn anew as PNG, so nothing hidden in the file survives. Earlier logos stay for the history.
    """
    organisation.logo.save("logo.png", ContentFile(redrawn(picture)), save=False)
    return keep(organisation, actor=actor)


def remove_logo(organisation: Organisation, *, actor: object) -> Organisation:
    """Show the organisation's name only. The file stays for the history."""
    organisation.logo = ""
    return keep(organisation, actor=actor)


def redrawn(picture: IO[bytes]) -> bytes:
    """Return the picture as PNG, at most 1,024 pixels wide and high."""
    body = picture.read(LOGO_BYTES + 1)
    if len(body) > LOGO_BYTES:
        raise ValidationError("The picture is larger than 512 KB.")
    from PIL import Image  # 2 MB, once in an organisation's life

    bombs = (Image.DecompressionBombError, Image.DecompressionBombWarning)
    try:
        with Image.open(BytesIO(body), formats=LOGO_FORMATS) as image:
            if image.width * image.height > LOGO_PIXELS:
                raise ValidationError("The picture has more than 4096 × 4096 pixels.")
            plain = image.convert("RGBA")
    except (OSError, SyntaxError, ValueError, *bombs) as error:  # broken, cut short, or a bomb
        raise ValidationError("This is no picture in PNG, JPEG or WebP.") from error
    plain.thumbnail((LOGO_SIDE, LOGO_SIDE))
    out = BytesIO()
    plain.save(out, "PNG", optimize=True)
    return out.getvalue()


def change_setting(key: str, value: int, *, actor: object, reason: str, version: int | None = None) -> Setting:
    """Set a number of the catalogue. `version`: that of the row the reader saw, None for a default nobody changed yet.

    Raises KeyError for an unknown key, ValidationError outside its bounds, Stale if somebody else set it meanwhile.
    """
    item = CATALOGUE[key]
    if not item.least <= value <= item.most:
        raise ValidationError(f"Choose between {item.least} and {item.most} {item.unit}.")
    row = Setting.objects.filter(key=key).first()
    forget(Setting)
    if row is None:
        return save(Setting(key=key, value=value), actor=actor, verb="setting.created", reason=reason)
    row.value = value
    row.version = version or 0
    return save(row, actor=actor, verb="setting.updated", reason=reason)
