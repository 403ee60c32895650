"""Kubernetes quantities: text such as `0.2`, `500m`, `256Mi`, `1e3` to numbers, and numbers to text for people.

Grammar: the Kubernetes API's `resource.Quantity` (a decimal number and one suffix: n u m k M G T P E, Ki Mi Gi Ti Pi
Ei, or an exponent). Negative quantities are refused, as are those beyond 2**63 - 1.
"""

import re
from decimal import ROUND_CEILING, Decimal
from functools import lru_cache

_QUANTITY = re.compile(
    r"\+?(?P<number>\d{1,40}\.?\d{0,40}|\.\d{1,40})(?P<suffix>[eE][+-]?\d{1,2}|[numkMGTPE]|[KMGTPE]i)?", re.ASCII
)
_DECIMAL = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_LARGEST = Decimal(2**63 - 1)


class BadQuantity(ValueError):
    """The text is no Kubernetes quantity, or is out of range."""


@lru_cache(maxsize=1024)  # asked again and again while runners are planned
def cpu_millicores(text: str) -> int:
    """Thousandths of a core, rounded up: `0.2` is 200. Raises `BadQuantity`."""
    return _up(_value(text) * 1000)


@lru_cache(maxsize=1024)
def memory_bytes(text: str) -> int:
    """Bytes, rounded up: `256Mi` is 268435456. Raises `BadQuantity`."""
    return _up(_value(text))


def cpu_text(millicores: int) -> str:
    """Cores for people: 200 is `0.2 cores`."""
    cores = f"{millicores / 1000:.3f}".rstrip("0").rstrip(".")
    return "1 core" if cores == "1" else f"{cores} cores"


def memory_text(size: int) -> str:
    """Bytes for people, in binary units and at most one decimal: 268435456 is `256 MiB`."""
    for suffix, power in reversed(_BINARY.items()):
        if size >= 1 << power:
            return f"{size / (1 << power):.1f}".removesuffix(".0") + f" {suffix}B"
    return f"{size} B"


def _value(text: str) -> Decimal:
    match = _QUANTITY.fullmatch(text.strip())
    if match is None:
        raise BadQuantity("no quantity")
    number, suffix = Decimal(match["number"]), match["suffix"] or ""
    if suffix in _BINARY:
        value = number * (1 << _BINARY[suffix])
    else:
        power = int(suffix[1:]) if len(suffix) > 1 else _DECIMAL.get(suffix, 0)
        value = number.scaleb(power)
    if value > _LARGEST:
        raise BadQuantity("too large")
    return value


def _up(value: Decimal) -> int:
    return int(value.to_integral_value(rounding=ROUND_CEILING))
