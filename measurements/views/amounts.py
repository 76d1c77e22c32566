"""Amounts of money as the pages of runs write them."""

from __future__ import annotations

from typing import Any

from raiportal.look import formats

CURRENCY_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£"}


def money(amount: Any, currency: str) -> str:
    """An amount with its currency's sign, or its code where there is no sign of its own."""
    return formats.money(amount, CURRENCY_SIGNS.get(currency, f"{currency}{formats.NO_BREAK}"))
