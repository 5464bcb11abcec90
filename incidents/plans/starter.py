"""Our own text of a response plan, which a company adapts before it approves it (`starter.toml`)."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

TEXT = Path(__file__).with_name("starter.toml")


@cache
def starter() -> dict[str, Any]:
    """The text's parts: summary, text (field: words), roles, contacts, severities, playbooks (a row each)."""
    return stripped(tomllib.loads(TEXT.read_text(encoding="utf-8")))


def stripped(value: Any) -> Any:
    """The same without the line breaks that make the file readable."""
    if isinstance(value, dict):
        return {key: stripped(one) for key, one in value.items()}
    if isinstance(value, list):
        return [stripped(one) for one in value]
    return value.strip() if isinstance(value, str) else value
