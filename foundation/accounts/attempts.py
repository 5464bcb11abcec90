"""How often something was tried in a minute, and from where: so that a stranger neither guesses nor fills the trail."""

import hashlib
import ipaddress
import time

from django.core.cache import cache

from foundation.trail.origin import current


def counted_from_here(what: str) -> int:
    """How many of these came from where this request comes from, in this minute."""
    return counted(f"{what}:{hashlib.sha256(neighbourhood().encode()).hexdigest()}")


def counted(what: str) -> int:
    """How many of these there were in this minute of the clock with this one, over all processes."""
    key = f"{what}:{int(time.time()) // 60}"
    return 1 if cache.add(key, 1, timeout=120) else cache.incr(key)


def neighbourhood() -> str:
    """Where the request comes from, as one counts it: an IPv4 address, or the /64 that one IPv6 customer has whole."""
    address = current().ip
    return str(ipaddress.ip_network(f"{address}/64", strict=False)) if ":" in address else address
