"""A file of payments or applications as names with their sums; all of it or nothing, naming lines."""

import datetime
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from django.core.exceptions import ValidationError

from foundation.pages.imports.importer import simple
from foundation.pages.imports.reading import read_rows
from foundation.pages.imports.table import Limits, Row, Unreadable
from vendors.models import ReconciliationKind
from vendors.reconciliation.names import key_of

MEGABYTE: Final = 1024 * 1024
LIMITS: Final = Limits(size=10 * MEGABYTE, rows=50_000, cells=1_500_000)
MOST_NAMES: Final = 10_000
MOST_TOLD: Final = 20
MOST_NAME: Final = 200
MOST_SUM: Final = Decimal(10) ** 12
# Headings without case, spaces and punctuation, the surest first.
HEADINGS: Final[Mapping[str, Sequence[str]]] = {
    "name": (
        "vendor", "vendorname", "supplier", "suppliername", "payee", "payeename", "merchant", "merchantname",
        "creditor", "counterparty", "beneficiary", "beneficiaryname", "recipient", "application", "applicationname",
        "app", "appname", "applicationlabel", "label", "displayname", "client", "clientname", "name", "paidto",
        "lieferant", "kreditor", "empfänger",
    ),
    "amount": (
        "amount", "total", "sum", "paid", "amountpaid", "totalpaid", "totalamount", "grossamount", "netamount",
        "value", "spend", "betrag", "summe",
    ),
    "currency": ("currency", "ccy", "currencycode", "währung"),
    "date": (
        "date", "paymentdate", "paidon", "datepaid", "postingdate", "posted", "bookingdate", "valuedate",
        "transactiondate", "invoicedate", "datum", "buchungstag",
    ),
}  # fmt: skip
NUMBER: Final = re.compile(r"\d{1,30}([.,' \u00a0\u202f]\d{3})*([.,]\d{1,4})?|\d+")
MONEY: Final = re.compile(r"^[A-Za-z]{3}(?=[\s\d(-])|(?<=[\s\d)])[A-Za-z]{3}$|[€$£¥]")
DAYS: Final = (
    (re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[ T].*)?"), (1, 2, 3)),
    (re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})"), (3, 2, 1)),
)  # fmt: skip


@dataclass(frozen=True)
class Named:
    """One name with what was paid to it, summed up, in one currency. line: of its first row; rows: how many."""

    line: int
    name: str
    amount: Decimal | None
    currency: str
    rows: int


@dataclass(frozen=True)
class Asked:
    """How a file is read. decimals: "." or ",", or "" to recognise it. sheet: of a workbook, "" for the first."""

    kind: str
    period_from: datetime.date
    period_to: datetime.date
    decimals: str = ""
    encoding: str = ""
    sheet: str = ""


def read_list(data: bytes, asked: Asked) -> tuple[list[Named], int]:
    """The names on a list and the number of its rows, the names in the order of the file.

    Raises Unreadable for what is no table or names nobody, ValidationError naming every line that cannot be read.
    """
    flow = read_rows(data, LIMITS, encoding=asked.encoding, sheet=asked.sheet)
    places = places_of(flow.header, asked.kind)
    rows = list(flow.rows)
    style = asked.decimals or style_of(cells_in(rows, places.get("amount")))
    reader = Reader(places, asked, style)
    for row in rows:
        reader.take(row)
    return reader.done(), len(rows)


def cells_in(rows: Sequence[Row], place: int | None) -> list[str]:
    """What one column says."""
    return [row.cells[place] for row in rows] if place is not None else []


def places_of(header: Sequence[str], kind: str) -> dict[str, int]:
    """Field → column. Raises Unreadable where no column names anybody."""
    known = {simple(heading): at for at, heading in reversed(list(enumerate(header)))}
    wanted = HEADINGS if kind == ReconciliationKind.PAYMENTS else {"name": HEADINGS["name"]}
    found = {
        field: next(known[heading] for heading in headings if heading in known)
        for field, headings in wanted.items()
        if known.keys() & set(headings)
    }
    if "name" not in found:
        raise Unreadable(
            f"No column names the vendors. The file has: {', '.join(header[:20])}. Call one of them Vendor, Supplier, "
            "Payee, Merchant, Application or Name."
        )
    return found


class Reader:
    """Goes through the rows once, sums them up by name and currency, and remembers what it could not read."""

    def __init__(self, places: Mapping[str, int], asked: Asked, style: str) -> None:
        self.places, self.asked, self.style = places, asked, style
        self.sums: dict[tuple[str, str], Named] = {}
        self.wrong: list[str] = []

    def take(self, row: Row) -> None:
        """One row."""
        said = {field: row.cells[at].strip() for field, at in self.places.items()}
        try:
            self.add(row.line, said)
        except ValueError as error:
            self.wrong.append(f"Line {row.line}: {error}")

    def add(self, line: int, said: Mapping[str, str]) -> None:
        """Sum a row up. Raises ValueError, in words, for one that cannot be read."""
        name = " ".join(said["name"].split())
        if not name:
            raise ValueError("it names nobody.")
        if len(name) > MOST_NAME:
            raise ValueError(f"the name has more than {MOST_NAME} characters.")
        if said.get("date"):
            self.in_period(day_of(said["date"]))
        amount = amount_of(said["amount"], self.style) if said.get("amount") else None
        currency = currency_of(said.get("currency", ""), said.get("amount", "")) if amount is not None else ""
        key = (key_of(name) or name.casefold(), currency)
        earlier = self.sums.get(key)
        if earlier is None:
            self.sums[key] = Named(line, name, amount, currency, 1)
            return
        total = earlier.amount if amount is None else (earlier.amount or Decimal(0)) + amount
        if total is not None and abs(total) >= MOST_SUM:
            raise ValueError("the sum is larger than any that can be kept.")
        self.sums[key] = Named(earlier.line, earlier.name, total, currency, earlier.rows + 1)

    def in_period(self, day: datetime.date) -> None:
        """Raise ValueError for a day outside the period that the list is said to be of."""
        if not self.asked.period_from <= day <= self.asked.period_to:
            raise ValueError(f"{day} lies outside {self.asked.period_from} to {self.asked.period_to}.")

    def done(self) -> list[Named]:
        """The names. Raises ValidationError for whatever could not be read."""
        if self.wrong:
            more = [f"And {len(self.wrong) - MOST_TOLD:,} more."] if len(self.wrong) > MOST_TOLD else []
            raise ValidationError({"file": [*self.wrong[:MOST_TOLD], *more]})
        if len(self.sums) > MOST_NAMES:
            words = f"The file holds {len(self.sums):,} different names; {MOST_NAMES:,} are taken at once."
            raise ValidationError({"file": words})
        return list(self.sums.values())


# ---- cells ---------------------------------------------------------------------------------------------------------


def day_of(text: str) -> datetime.date:
    """A day. Raises ValueError, also for one that can be read in two ways."""
    for pattern, order in DAYS:
        if found := pattern.fullmatch(text):
            year, month, day = (int(found[group]) for group in order)
            try:
                return datetime.date(year, month, day)
            except ValueError as error:
                raise ValueError(f"“{text}” is no day of the calendar.") from error
    raise ValueError(f"“{text[:40]}” cannot be read as a day. Write it as 2026-01-31.")


def bare(text: str) -> tuple[str, int]:
    """An amount without its currency and sign, and the sign."""
    number = MONEY.sub("", text.strip()).strip()
    negative = number.startswith(("-", "−", "(")) or number.endswith("-")
    return number.strip("-−+() \u00a0\u202f"), -1 if negative else 1


def style_of(cells: Iterable[str]) -> str:
    """Which sign stands before the cents in a column: told by the cells that leave no doubt; "" where none does."""
    for cell in cells:
        number, _ = bare(cell)
        signs = [sign for sign in number if sign in ".,"]
        if len(set(signs)) > 1:
            return signs[-1]
        if len(signs) > 1:
            return "," if signs[0] == "." else "."
        if signs and len(number) - number.index(signs[0]) - 1 != 3:
            return signs[0]
    return ""


def amount_of(text: str, style: str) -> Decimal:
    """An amount. Raises ValueError, also where nobody can tell thousands from cents."""
    number, sign = bare(text)
    if not NUMBER.fullmatch(number):
        raise ValueError(f"“{text[:40]}” is no amount.")
    if not style and any(one in number for one in ".,"):
        raise ValueError(f"“{text[:40]}” can be read in two ways. Choose how this file writes amounts.")
    thousands = "." if style == "," else ","
    whole, _, cents = number.partition(style) if style else (number, "", "")
    digits = re.sub(rf"[{re.escape(thousands)}' \u00a0\u202f]", "", whole)
    if not digits.isdecimal() or (cents and not cents.isdecimal()):
        raise ValueError(f"“{text[:40]}” is no amount as this file writes them.")
    found = sign * Decimal(f"{digits}.{cents or '0'}")
    # Asked before it is rounded too: what has more digits than the context cannot be.
    if abs(found) >= MOST_SUM or abs(found := found.quantize(Decimal("0.01"))) >= MOST_SUM:
        raise ValueError(f"“{text[:40]}” is larger than any amount that can be kept.")
    return found


SIGNS: Final = {"€": "EUR", "£": "GBP", "¥": "JPY", "$": "USD"}


def currency_of(text: str, amount: str) -> str:
    """The currency of a row: said beside the amount, or in its cell. Raises ValueError for what is no code."""
    if text:
        code = SIGNS.get(text, text.upper())
        if not re.fullmatch("[A-Z]{3}", code):
            raise ValueError(f"“{text[:20]}” is no currency, as EUR.")
        return code
    found = MONEY.search(amount.strip())
    return SIGNS.get(found[0], found[0].upper()) if found else ""
