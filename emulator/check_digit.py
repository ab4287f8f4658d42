"""The check digit of identities: ISO/IEC 7812-1 annex B (Luhn), as 23.003 B.2 and E.118 want it."""

from __future__ import annotations


def luhn(digits: str) -> int:
    """Divisible by ten if the last digit is the check digit of those before it."""
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(sum(divmod(value, 10)) for value in doubled)


def with_check_digit(digits: str) -> str:
    """``digits``, and the one that makes them right."""
    return f"{digits}{-luhn(digits + '0') % 10}"
