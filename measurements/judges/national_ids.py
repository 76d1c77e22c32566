"""Identity numbers that states give to people. A number that could as well be any other one counts only beside the word for it.

With check digits: Brazil (CPF), France (NIR), Germany (tax id), Italy (codice fiscale), the Netherlands (BSN), Portugal (NIF), Spain (DNI, NIE).
By their form alone: the United States (SSN, as the Social Security Administration gives them out) and the United Kingdom (national insurance number).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from measurements.judges import checksums
from measurements.judges.linear import candidates, compiled, plain_bytes

_NEVER_GIVEN_OUT = frozenset({"078051120", "219099999"})  # printed in advertisements, and void since


@dataclass(frozen=True)
class _Form:
    """How an identity number is written, and which of those are one. `word`, where given, has to stand shortly before it."""

    expression: Any
    is_one: Callable[[str], bool]
    word: Any = None


def _ssn(number: str) -> bool:
    area, group, serial = number[:3], number[3:5], number[5:]
    return area not in ("000", "666") and area[0] != "9" and group != "00" and serial != "0000" and number not in _NEVER_GIVEN_OUT


def _nino(number: str) -> bool:
    return number[:2] not in ("BG", "GB", "KN", "NK", "NT", "TN", "ZZ")


_FORMS = (
    _Form(compiled(r"[0-9]{3}-[0-9]{2}-[0-9]{4}"), _ssn),
    _Form(compiled(r"[0-9]{3}[ -]?[0-9]{2}[ -]?[0-9]{4}"), _ssn, compiled(r"\bssn\b|social security")),
    _Form(compiled(r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]"), _nino),
    _Form(compiled(r"[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}"), checksums.cpf),
    _Form(compiled(r"[0-9]{11}"), checksums.cpf, compiled(r"\bcpf\b")),
    _Form(compiled(r"[1-478] ?[0-9]{2} ?[0-9]{2} ?(?:[0-9]{2}|2[AB]) ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}"), checksums.nir),
    _Form(compiled(r"(?:[XYZ][0-9]{7}|[0-9]{8})-?[TRWAGMYFPDXBNJZSQVHLCKE]"), checksums.dni),
    _Form(compiled(r"[A-Z]{6}[0-9]{2}[ABCDEHLMPRST][0-9]{2}[A-Z][0-9]{3}[A-Z]"), checksums.codice_fiscale),
    _Form(compiled(r"[0-9]{2} ?[0-9]{3} ?[0-9]{3} ?[0-9]{3}"), checksums.german_tax_id, compiled(r"steuer|\bidnr|tax id|\btin\b")),
    _Form(compiled(r"[0-9]{3} ?[0-9]{3} ?[0-9]{3}"), checksums.nif, compiled(r"\bnif\b|contribuinte")),
    _Form(compiled(r"[0-9]{9}"), checksums.bsn, compiled(r"\bbsn\b|burgerservicenummer")),
)


def find_national_id(text: str) -> str | None:
    encoded = plain_bytes(text)
    return next((found for form in _FORMS if (found := _find(form, encoded))), None)


def _find(form: _Form, encoded: bytes) -> str | None:
    for candidate in candidates(form.expression, encoded):
        number = "".join(character for character in str(candidate).upper() if character.isalnum())
        is_named = form.word is None or form.word.search(candidate.before.encode())
        if candidate.stands_alone and is_named and form.is_one(number):
            return str(candidate)
    return None
