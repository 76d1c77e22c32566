"""Personal data in words: e-mail and IP addresses, payment cards, bank accounts. Each finder gives what it found first, or None.

What identifies nobody is left out: names and addresses set aside for examples (RFC 2606, RFC 5737, RFC 3849), addresses of a role instead of a
person (RFC 2142), networks that aren't public, and numbers whose check digits are wrong.
"""

from __future__ import annotations

import ipaddress

from measurements.judges.checksums import luhn, mod_97
from measurements.judges.linear import Candidate, candidates, compiled, digits, plain_bytes

# --- E-mail ---

_EMAIL = compiled(r"[\pL\pN_!#$%&'*+=?^`{|}~.-]+@(?:[\pL\pN-]+\.)+\pL+")
_LONGEST_LOCAL, _LONGEST_DOMAIN = 64, 255  # RFC 5321, section 4.5.3.1
_RESERVED_ENDS = (".example", ".test", ".invalid", ".localhost", ".local")
_RESERVED_NAMES = ("example.com", "example.org", "example.net", "example.edu")
_FILE_ENDS = frozenset({"png", "jpg", "jpeg", "gif", "svg", "webp", "bmp", "ico", "css", "js", "json", "html", "txt", "yaml", "yml", "tsx"})  # "logo@2x.png"
_ROLES = frozenset(
    {"abuse", "admin", "billing", "contact", "help", "hello", "hostmaster", "info", "kontakt", "mail", "marketing", "no-reply", "noc", "noreply", "office"}
    | {"postmaster", "press", "privacy", "sales", "security", "service", "support", "webmaster", "www"}
)


def find_email(text: str) -> str | None:
    for candidate in candidates(_EMAIL, plain_bytes(text)):
        local, _, domain = str(candidate).lower().rpartition("@")
        if _is_personal(local.strip(".'*`_"), domain) and not (local == "git" and candidate.after.startswith(":")):
            return str(candidate)
    return None


def _is_personal(local: str, domain: str) -> bool:
    is_reserved = domain.endswith(_RESERVED_ENDS) or any(domain == name or domain.endswith(f".{name}") for name in _RESERVED_NAMES)
    is_possible = 0 < len(local) <= _LONGEST_LOCAL and ".." not in local and len(domain) <= _LONGEST_DOMAIN
    return is_possible and local not in _ROLES and not is_reserved and domain.rpartition(".")[2] not in _FILE_ENDS


# --- Payment cards ---

_CARD = compiled(r"[0-9]{13,19}|[0-9]{4}(?:[ -][0-9]{4}){3}(?:[ -][0-9]{1,3})?|[0-9]{4}[ -][0-9]{6}[ -][0-9]{4,5}")
_ISSUERS = (  # first digits, from and to, and the lengths that such a number may have: the large networks
    (("4", "4"), (13, 16, 19)),
    (("51", "55"), (16,)),
    (("2221", "2720"), (16,)),
    (("34", "34"), (15,)),
    (("37", "37"), (15,)),
    (("300", "305"), (14, 16)),
    (("36", "36"), (14, 16)),
    (("38", "39"), (14, 16)),
    (("6011", "6011"), (16, 19)),
    (("644", "659"), (16, 19)),
    (("3528", "3589"), (16, 19)),
    (("62", "62"), (16, 17, 18, 19)),
)


def find_payment_card(text: str) -> str | None:
    for candidate in candidates(_CARD, plain_bytes(text)):
        number = digits(str(candidate))
        if candidate.stands_alone and len(set(str(candidate)) & {" ", "-"}) <= 1 and _has_issuer(number) and luhn(number):
            return str(candidate)
    return None


def _has_issuer(number: str) -> bool:
    return any(first <= number[: len(first)] <= last and len(number) in lengths for (first, last), lengths in _ISSUERS)


# --- Bank accounts ---

_IBAN_HEAD = compiled(r"\b[A-Z]{2}[0-9]{2}")
_IBAN_LENGTHS = {
    **dict.fromkeys(("NO",), 15),
    **dict.fromkeys(("BE",), 16),
    **dict.fromkeys(("DK", "FI", "FO", "GL", "NL", "SD"), 18),
    **dict.fromkeys(("MK", "SI"), 19),
    **dict.fromkeys(("AT", "BA", "EE", "KZ", "LT", "LU", "XK"), 20),
    **dict.fromkeys(("CH", "CR", "HR", "LI", "LV"), 21),
    **dict.fromkeys(("BG", "BH", "DE", "GB", "GE", "IE", "ME", "RS", "VA"), 22),
    **dict.fromkeys(("AE", "GI", "IL", "IQ", "OM", "TL"), 23),
    **dict.fromkeys(("AD", "CZ", "ES", "MD", "PK", "RO", "SA", "SE", "SK", "TN", "VG"), 24),
    **dict.fromkeys(("LY", "PT", "ST"), 25),
    **dict.fromkeys(("IS", "TR"), 26),
    **dict.fromkeys(("FR", "GR", "IT", "MC", "MR", "SM"), 27),
    **dict.fromkeys(("AL", "AZ", "BY", "CY", "DO", "GT", "HU", "LB", "NI", "PL", "SV"), 28),
    **dict.fromkeys(("BR", "EG", "PS", "QA", "UA"), 29),
    **dict.fromkeys(("JO", "KW", "MU"), 30),
    **dict.fromkeys(("MT", "SC"), 31),
    "LC": 32,
    "RU": 33,
}
_IBAN_REACH = 34 + 17  # the longest number, and a separator between any two of its characters or fewer


def find_iban(text: str) -> str | None:
    encoded = plain_bytes(text)
    for head in candidates(_IBAN_HEAD, encoded):
        if found := _iban_at(encoded, head):
            return found
    return None


def _iban_at(encoded: bytes, head: Candidate) -> str | None:
    """The account number that begins here: as many letters and digits as its country's numbers have, single separators between them."""
    stretch = encoded[head.start : head.start + _IBAN_REACH + 1].decode("ascii", "replace").upper()
    length = _IBAN_LENGTHS.get(stretch[:2], 0)
    taken = ""
    for place, character in enumerate(stretch):
        if len(taken) == length:
            break
        if character in " -" and stretch[place - 1] not in " -":
            continue
        if not (character.isascii() and character.isalnum()):
            return None
        taken += character
    else:
        place = len(stretch)
    if not length or len(taken) < length or not mod_97(taken) or (place < len(stretch) and stretch[place].isalnum()):
        return None
    return encoded[head.start : head.start + place].decode("ascii")


# --- IP addresses ---

_IPV4 = compiled(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")
_IPV6 = compiled(r"[0-9a-f]{1,4}:[0-9a-f:.]{2,40}")
_VERSION_BEFORE = compiled(r"(?:\bv|version:?|release|build|firmware|ver\.?|rev\.?|section|chapter|[a-z]/)\s*\z")
_RESOLVERS = frozenset({"8.8.8.8", "8.8.4.4", "1.1.1.1", "1.0.0.1", "9.9.9.9", "208.67.222.222", "208.67.220.220"})  # public name servers, not people
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")


def find_ip_address(text: str) -> str | None:
    encoded = plain_bytes(text)
    for candidate in candidates(_IPV4, encoded):
        if _is_alone(candidate) and not _VERSION_BEFORE.search(candidate.before.encode()) and _is_public(str(candidate)):
            return str(candidate)
    return next((found for candidate in candidates(_IPV6, encoded) if _is_alone(candidate) and _is_public(found := str(candidate).rstrip(".:"))), None)


def _is_alone(candidate: Candidate) -> bool:
    """As `stands_alone`, but an address may be followed by a port or a path and preceded by "//"."""
    before, after = candidate.before[-2:], candidate.after[:2]
    joined_before = bool(before) and (before[-1].isalnum() or before[-1] in "_.-")
    joined_after = bool(after) and (after[0].isalnum() or after[0] in "_-" or (len(after) > 1 and after[0] == "." and after[1].isalnum()))
    return not joined_before and not joined_after


def _is_public(written: str) -> bool:
    try:
        address = ipaddress.ip_address(written)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    return address.is_global and not address.is_multicast and written not in _RESOLVERS
