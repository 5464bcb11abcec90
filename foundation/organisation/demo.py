"""The demo company's own facts: its logo, its public holidays, and two numbers that its policies promise."""

from datetime import date, timedelta
from io import BytesIO

from PIL import Image, ImageDraw

from foundation.organisation.actions import change_setting, set_logo
from foundation.organisation.models import Holiday, organisation, today
from foundation.trail.keep import save

GREEN, LIGHT, SIDE = "#1f6f4a", "#e8f5ee", 512


def company(*, admin: object, compliance: object) -> None:
    """Give the demo company what its administrator and its compliance manager would have entered."""
    set_logo(organisation(), fern(), actor=admin)
    for year in (today().year, today().year + 1):
        for day, name in holidays(year):
            save(Holiday(day=day, name=name), actor=admin, verb="holiday.created")
    change_setting("sla_high_days", 21, actor=compliance, reason="Vulnerability policy, version 3, section 4.2")
    change_setting("job_file_days", 60, actor=admin, reason="Retention policy, version 2: reports for two months")


def holidays(year: int) -> list[tuple[date, str]]:
    """The days on which a Swedish company is closed."""
    easter = easter_sunday(year)
    midsummer = next(day for day in (date(year, 6, 19) + timedelta(days=n) for n in range(7)) if day.weekday() == 4)
    return [
        (date(year, 1, 1), "New Year's Day"),
        (date(year, 1, 6), "Epiphany"),
        (easter - timedelta(days=2), "Good Friday"),
        (easter + timedelta(days=1), "Easter Monday"),
        (date(year, 5, 1), "First of May"),
        (easter + timedelta(days=39), "Ascension Day"),
        (date(year, 6, 6), "National Day"),
        (midsummer, "Midsummer Eve"),
        (date(year, 12, 24), "Christmas Eve"),
        (date(year, 12, 25), "Christmas Day"),
        (date(year, 12, 26), "Boxing Day"),
        (date(year, 12, 31), "New Year's Eve"),
    ]


def easter_sunday(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (Meeus, Jones and Butcher)."""
    golden, century, rest = year % 19, year // 100, year % 100
    epact = (19 * golden + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (rest // 4) - epact - rest % 4) % 7
    late = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)


def fern() -> BytesIO:
    """The logo: a fern leaf on a green tile."""
    image = Image.new("RGBA", (SIDE, SIDE))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((0, 0, SIDE - 1, SIDE - 1), radius=112, fill=GREEN)
    draw.line((256, 440, 256, 84), fill=LIGHT, width=22)
    for number, y in enumerate(range(380, 120, -58)):
        reach = 150 - 22 * number
        for side in (-1, 1):
            draw.line((256, y, 256 + side * reach, y - reach * 0.62), fill=LIGHT, width=26)
    out = BytesIO()
    image.save(out, "PNG")
    out.seek(0)
    return out
