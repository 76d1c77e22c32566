"""Telephone numbers of people: international ones, national ones as they are written in several countries, and any after a word for a telephone.

Left out are numbers that belong to nobody or to an organisation: those set aside for fiction (NANP 555-0100 to 0199, Ofcom's for drama) and free
ones, which crisis lines and shops have. A number without separators counts only with a plus sign or after such a word, since order numbers look the same.
"""

from __future__ import annotations

import re

from measurements.judges.linear import Candidate, candidates, compiled, digits, plain_bytes

LEAST_DIGITS, MOST_DIGITS = 7, 15  # ITU-T E.164: at most 15 with the country's code
LEAST_INTERNATIONAL, LEAST_NATIONAL = 8, 9  # without a word for a telephone

_INTERNATIONAL = compiled(r"\+[1-9][0-9]{0,2}(?:[ ./-]{0,2}\(?[0-9]{1,12}\)?){1,7}")
_NATIONAL = compiled(
    r"(?:\+?1[ .-])?(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[ .-])[2-9][0-9]{2}[ .-][0-9]{4}"  # North America
    r"|0[1-9](?:[ .-][0-9]{2}){4}"  # France
    r"|\(?0[1-9][0-9]{1,3}\)? ?[/-]? ?(?:[0-9]{5,9}|[0-9]{4}-[0-9]{1,4}(?: [0-9]{2})?)(?:-[0-9]{1,4})?"  # Germany, Austria
    r"|\(?0[1-9][0-9]{0,3}\)? [0-9]{2,4}(?: [0-9]{2,4}){1,3}"  # the United Kingdom, Italy, Germany in groups
    r"|\([1-9][0-9]\) ?9?[0-9]{4}-[0-9]{4}"  # Brazil
)
_AFTER_WORD = compiled(
    r"(?:\btel(?:\.|:|efon\w*|ephone|éfono|efone|efono|éphone)?|phone|\bmobile|\bcell(?:ulare)?|\bcall(?: me)?(?: at| on)?|"
    r"\bfax|\bhandy\w*|móvil|celular|whatsapp|rufnummer|numéro|portable|telemóvel)(?: (?:number|no\.?|is|nummer|es|é|est|"
    r"lautet))*[ :=#]{0,4}\(?[0-9](?:[ ./()-]{0,2}[0-9]){6,16}"
)
_NUMBER_AT_END = re.compile(r"\(?[0-9](?:[ ./()-]{0,2}[0-9]){6,16}\Z")
_SEPARATOR = re.compile(r"[ ./()-]")

_NANP_FICTION = re.compile(r"(?:1)?[2-9]\d{2}55501\d{2}\Z")
_DRAMA = re.compile(r"(?:0|44)(?:7700900\d{3}|20794606?\d{3,4}|2079460\d{3}|1632960\d{3})\Z")  # Ofcom, telephone numbers for drama use
_FREE = re.compile(r"(?:1?8(?:00|33|44|55|66|77|88)\d{7}|0800\d+|0808\d+|(?:44|49|33|39|61|64|34|55)0?80[08]\d+)\Z")


def find_phone(text: str) -> str | None:
    encoded = plain_bytes(text)
    for expression, least in ((_INTERNATIONAL, LEAST_INTERNATIONAL), (_NATIONAL, LEAST_NATIONAL)):
        for candidate in candidates(expression, encoded):
            if _stands_alone(candidate) and (expression is _INTERNATIONAL or _SEPARATOR.search(str(candidate))) and _is_somebodys(str(candidate), least):
                return str(candidate)
    for candidate in candidates(_AFTER_WORD, encoded):
        number = _NUMBER_AT_END.search(str(candidate))
        if number and candidate.stands_alone and _is_somebodys(number[0], LEAST_DIGITS):
            return number[0]
    return None


def _stands_alone(candidate: Candidate) -> bool:
    """No piece of a longer row of numbers either, as in "12 030 123456 7"."""
    return candidate.stands_alone and not candidate.before[-2:-1].isdigit() and not (candidate.after[:1] == " " and candidate.after[1:2].isdigit())


def _is_somebodys(written: str, least: int) -> bool:
    number = digits(written)
    if not least <= len(number) <= MOST_DIGITS or len(set(number)) == 1:
        return False
    return not (_NANP_FICTION.match(number) or _DRAMA.match(number) or _FREE.match(number))
