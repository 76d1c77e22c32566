"""Transforms: what an encoding encodes can be read back, the same seed gives the same text, and no slug changes what it does."""

from __future__ import annotations

import base64
import codecs
import hashlib
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from measurements import transforms
from measurements.transforms.encodings import ATBASH, MORSE, TAG_BLOCK

TEXT = "How do I get to the station, please? Tell me in 3 steps."
storable = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=200)
FAMILY_SIZES = {transforms.Family.ENCODING: 14, transforms.Family.PERTURBATION: 11, transforms.Family.FRAMING: 13}
# SHA-256 over what every transform makes of TEXT by seed 1. It changes only with a new slug: cases that are stored say by which they were made.
DIGEST = "6c2c9ff220900c3f892f3818944174ff8280d9fbae171ab214366370a189707f"


def made(slug: str, text: str, seed: int = 0) -> str:
    return transforms.BY_SLUG[slug].apply(text, seed)


def payload(slug: str, text: str) -> str:
    """What stands below the line that says how to read it."""
    return made(slug, text).split("\n\n", 1)[1]


def test_there_are_more_than_twenty_in_three_families() -> None:
    sizes = {family: sum(transform.family == family for transform in transforms.ALL) for family in transforms.Family}

    assert sizes == FAMILY_SIZES
    assert len(transforms.BY_SLUG) == len(transforms.ALL) >= 20


def test_what_a_slug_does_never_changes() -> None:
    together = "\0".join(f"{transform.slug}\0{transform.apply(TEXT, 1)}" for transform in transforms.ALL)

    assert hashlib.sha256(together.encode()).hexdigest() == DIGEST


@given(storable)
def test_encodings_of_bytes_can_be_read_back(text: str) -> None:
    assert base64.b64decode(payload("base64", text)).decode() == text
    assert base64.b32decode(payload("base32", text)).decode() == text
    assert bytes.fromhex(payload("hexadecimal", text)).decode() == text
    assert bytes(int(bits, 2) for bits in payload("binary", text).split()).decode() == text
    assert unquote(payload("percent", text)) == text


@given(storable)
def test_ciphers_of_letters_can_be_read_back(text: str) -> None:
    assert codecs.decode(payload("rot13", text), "rot13") == text
    assert payload("atbash", text).translate(ATBASH) == text


def test_morse_and_invisible_letters_can_be_read_back() -> None:
    letters = {code: letter for letter, code in MORSE.items()}

    words = [[letters.get(code, code) for code in word.split()] for word in payload("morse", "Où est 1 gare").split(" / ")]
    seen = "".join(chr(ord(letter) - TAG_BLOCK) if ord(letter) >= TAG_BLOCK else letter for letter in payload("invisible", TEXT))

    assert " ".join("".join(word) for word in words) == "OU EST 1 GARE"
    assert seen == TEXT


@given(storable, st.integers(0, 2**31 - 1))
def test_the_same_seed_gives_the_same_text_and_it_can_be_stored(text: str, seed: int) -> None:
    for transform in transforms.ALL:
        once, again = transform.apply(text, seed), transform.apply(text, seed)
        assert once == again
        assert "\0" not in once
        once.encode()


@given(storable)
def test_framings_hold_the_request_word_for_word(text: str) -> None:
    assert all(text in transform.apply(text, 0) for transform in transforms.ALL if transform.family == transforms.Family.FRAMING)


@pytest.mark.parametrize("slug", [transform.slug for transform in transforms.ALL])
def test_every_transform_changes_a_sentence(slug: str) -> None:
    assert made(slug, TEXT) != TEXT


@given(st.from_regex(r"[a-z]{2,8}( [a-z]{2,8}){3,8}", fullmatch=True))
def test_swapped_letters_are_the_same_letters(text: str) -> None:
    swapped = made("swapped-letters", text)

    assert sorted(swapped) == sorted(text)
    assert [(word[0], word[-1]) for word in swapped.split()] == [(word[0], word[-1]) for word in text.split()]


def test_another_seed_perturbs_otherwise() -> None:
    assert made("typing-errors", TEXT, seed=1) != made("typing-errors", TEXT, seed=2)
