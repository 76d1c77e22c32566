"""Check digits of payment cards, bank accounts and national identity numbers. Each takes digits or capitals without separators."""

from __future__ import annotations

from collections.abc import Sequence

_CF_ODD = dict(
    zip(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23),
        strict=True,
    )
)
_DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"


def luhn(number: str) -> bool:
    """Payment cards (ISO/IEC 7812-1, annex B)."""
    doubled = sum(sum(divmod(2 * int(digit), 10)) for digit in number[-2::-2])
    return (doubled + sum(int(digit) for digit in number[-1::-2])) % 10 == 0


def mod_97(iban: str) -> bool:
    """IBAN (ISO 13616, with ISO 7064 MOD 97-10)."""
    return int("".join(str(int(character, 36)) for character in iban[4:] + iban[:4])) % 97 == 1


def cpf(number: str) -> bool:
    """Brazil: eleven digits, the last two weighted sums modulo 11; all the same digit is never given out."""
    values = _values(number)
    return len(set(values)) > 1 and all(_mod_11(values[:place], range(place + 1, 1, -1)) == values[place] for place in (9, 10))


def nif(number: str) -> bool:
    """Portugal: nine digits, the last a weighted sum modulo 11."""
    values = _values(number)
    return _mod_11(values[:8], range(9, 1, -1)) == values[8]


def bsn(number: str) -> bool:
    """The Netherlands: nine digits in the eleven test, where the last one counts negative."""
    values = _values(number)
    return any(values) and (sum(weight * value for weight, value in zip(range(9, 1, -1), values, strict=False)) - values[8]) % 11 == 0


def nir(number: str) -> bool:
    """France: thirteen digits (2A and 2B for Corsica) and a key, 97 less the number modulo 97."""
    body = number[:13].replace("2A", "19").replace("2B", "18")
    return body.isdigit() and 97 - int(body) % 97 == int(number[13:])


def dni(number: str) -> bool:
    """Spain: eight digits, for foreigners X, Y or Z and seven, then a letter by the number modulo 23."""
    body = number[:-1].translate(str.maketrans("XYZ", "012"))
    return _DNI_LETTERS[int(body) % len(_DNI_LETTERS)] == number[-1]


def codice_fiscale(code: str) -> bool:
    """Italy: fifteen characters, then a letter by the sum of their values, which differ at odd and even places, modulo 26."""
    odd = sum(_CF_ODD[character] for character in code[:15:2])
    even = sum(int(character) if character.isdigit() else ord(character) - ord("A") for character in code[1:15:2])
    return chr(ord("A") + (odd + even) % 26) == code[15]


def german_tax_id(number: str) -> bool:
    """Germany: eleven digits, ISO 7064 MOD 11,10; of the first ten exactly one digit comes two or three times, and none starts it with 0."""
    counts = sorted((number[:10].count(digit) for digit in set(number[:10])), reverse=True)
    if number[0] == "0" or counts[0] not in (2, 3) or counts[1] != 1:
        return False
    product = 10
    for value in _values(number[:10]):
        product = 2 * ((value + product) % 10 or 10) % 11
    return (11 - product) % 10 == int(number[10])


def _mod_11(values: Sequence[int], weights: range) -> int:
    rest = sum(value * weight for value, weight in zip(values, weights, strict=True)) % 11
    return 0 if rest < 2 else 11 - rest


def _values(number: str) -> list[int]:
    return [int(digit) for digit in number]
