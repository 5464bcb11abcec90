"""What an assertion has to say, as a template: our own words, with what only management knows left to fill in.

It is marked as a template until nothing of it is left to fill in (R3.4's climate: nothing is prewritten for anybody).
"""

import re
from typing import Any, Final

from audits.texts.reading import Texts
from policies.text.markdown import too_much
from policies.text.placeholders import unfilled

MARK: Final = "[fill in: adapt this template, then take this line away]"


def template_for(engagement: Any, texts: Texts, categories: str, organisation: str) -> str:
    """The template for one engagement: what it covers, and what it assumes of customers and providers, by reference."""
    when = f"as of {engagement.as_of}" if engagement.type == "I" else f"for {engagement.time()}"
    operated = "" if engagement.type == "I" else " and operated effectively throughout it"
    cuecs = ", ".join(one.ref for one in texts.cuecs) or "none"
    csocs = ", ".join(f"{one.ref} at {one.organisation.name}" for one in texts.csocs) or "none"
    return flowing(f"""{MARK}

We are the management of {organisation}. We wrote the description of [fill in: the name of the system] {when}, and we
answer for it.

**Scope.** The assertion is about these categories: {categories}.

**The description.** [fill in: on what management bases its statement that the description shows the system as it was,
and by which criteria it judged that]

**The controls.** [fill in: management's statement that the controls were suitably designed{operated}, to give
reasonable assurance that its commitments were met, and on what it bases this]

**What is assumed of customers.** {cuecs}.

**What is assumed of providers that are carved out.** {csocs}.

**What did not hold.** [fill in: exceptions that management knows of, or that it knows of none]
""")


def flowing(text: str) -> str:
    """The text with each paragraph on one line, as people write in a box; rows of tables stay apart."""
    return re.sub(r"(?<=[^\n|])\n(?=[^\n|])", " ", text)


def is_adapted(text: str) -> bool:
    """Whether nothing of the template is left to fill in."""
    return not unfilled(text)


def refusal(text: str) -> str:
    """Why this text cannot be kept, in words: not all of it could be drawn; "" where it can."""
    return too_much(text)
