"""What a review asks of a vendor, by tier, kind of review and what the vendor does: in our own words (domain §6).

The higher the tier the more is asked. Before use: of a critical vendor a report, a full questionnaire, an agreement on
data and a plan for leaving it; of a high one a report or a questionnaire, and its contract; of a medium one a short
questionnaire; of a low one only that the register says how things are.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from systems.models import DataClass
from vendors.models import Region, ReviewKind, Tier

CRITICAL: Final = (Tier.CRITICAL,)
HIGH: Final = (Tier.CRITICAL, Tier.HIGH)
MEDIUM: Final = (Tier.CRITICAL, Tier.HIGH, Tier.MEDIUM)
ALL: Final = (Tier.CRITICAL, Tier.HIGH, Tier.MEDIUM, Tier.LOW)
BEFORE: Final = (ReviewKind.DUE_DILIGENCE,)
AGAIN: Final = (ReviewKind.RECURRING, ReviewKind.EVENT)
EVER: Final = (*BEFORE, *AGAIN)
WORKSHEET: Final = "worksheet"  # which a submission holds against the documents on file


def personal(vendor: Any) -> bool:
    """Whether personal or customer data reaches it."""
    return bool({DataClass.PERSONAL, DataClass.CUSTOMER} & set(vendor.data_classes))


def abroad(vendor: Any) -> bool:
    """Whether it works elsewhere."""
    return bool(vendor.region != Region.SAME)


def always(vendor: Any) -> bool:
    """Whatever it does."""
    return True


@dataclass(frozen=True)
class Question:
    """One question. `tiers` and `kinds` of review that ask it, `of` which vendors; `required`: it cannot stay open."""

    key: str
    words: str
    tiers: tuple[Tier, ...]
    kinds: tuple[ReviewKind, ...] = EVER
    of: Callable[[Any], bool] = always
    required: bool = True


QUESTIONS: Final = (
    Question("register", "What it does, what it can reach and which data it gets are registered as they are.", ALL),
    Question("changes", "What changed since the last look (service, data, access, its owners) is known.", ALL, AGAIN),
    Question(
        "report", "A current report of an independent examination or a certificate is on file, and was read.", CRITICAL
    ),
    Question(
        "report_or_questionnaire", "A current report or certificate, or an answered questionnaire, was read.",
        (Tier.HIGH,),
    ),
    Question(WORKSHEET, "Where a SOC report is on file, the worksheet of the newest one is approved.", HIGH),
    Question("questionnaire", "It answered our full security questionnaire, and its answers will do.", CRITICAL),
    Question("short_questionnaire", "It answered our short questionnaire, and its answers will do.", (Tier.MEDIUM,)),
    Question("contract", "Its contract was looked through for its terms; what is missing is accepted.", HIGH),
    Question(
        "dpa", "An agreement on personal data is signed and says what we promised others.", MEDIUM, of=personal
    ),
    Question("transfer", "It is known where our data goes, and a transfer has a basis.", MEDIUM, of=abroad),
    Question("access", "What it can reach is no more than it needs, by named accounts with a second factor.", HIGH),
    Question("breach", "It is agreed within how many hours it tells us of a breach, and whom.", MEDIUM),
    Question("subcontractors", "Those on whom it depends itself are known, and will do.", HIGH),
    Question("continuity", "How long it may be down, and how it recovers, fits what we promise others.", CRITICAL),
    Question("exit", "There is a plan for leaving it: how, how fast, and with our data.", CRITICAL, BEFORE),
    Question("exit", "The plan for leaving it still holds.", CRITICAL, AGAIN),
    Question("incidents", "Its incidents and outages since then are known and were dealt with.", MEDIUM, AGAIN),
    Question("open_points", "Findings about it and conditions of its use are closed, or on their way.", ALL, AGAIN),
    Question("standing", "Nothing is known that speaks against its means or its name.", MEDIUM, required=False),
)  # fmt: skip


def asked(tier: str, kind: str, vendor: Any) -> Iterator[Question]:
    """The questions of a review of this kind, of a vendor of this tier, in order."""
    return (one for one in QUESTIONS if tier in one.tiers and kind in one.kinds and one.of(vendor))
