"""The same words, spelled or set out worse, as hurried people and evading ones write."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

from measurements.transforms.transform import Family, Transform

SHARE_CHANGED = 0.15  # of the places where something could change; at least one of them
COMBINING = "\u0301\u0308\u0327\u0323\u0336"
PUNCTUATION = ".,;:!?-*"
NEIGHBOURS = {  # on an American keyboard
    "a": "qsz", "b": "vgn", "c": "xdv", "d": "sfe", "e": "wrd", "f": "dgr", "g": "fht", "h": "gjy", "i": "uok", "j": "hku", "k": "jli", "l": "kop", "m": "njk",
    "n": "bmh", "o": "ipl", "p": "ol", "q": "wa", "r": "etf", "s": "adw", "t": "ryg", "u": "yij", "v": "cbf", "w": "qes", "x": "zcs", "y": "tuh", "z": "xas",
}  # fmt: skip
_LETTER = re.compile(r"[^\W\d_]")
_INNER_PAIR = re.compile(r"(?<=\w)[^\W\d_](?=[^\W\d_]\w)")
_WORD = re.compile(r"[^\W\d_]+")
_VOWELS = "aeiouAEIOU"


def _chosen(places: list[int], chance: Random) -> set[int]:
    """Some of the places, by SHARE_CHANGED."""
    return set(chance.sample(places, max(1, round(len(places) * SHARE_CHANGED)))) if places else set()


def _at_letters(replace: Callable[[str, Random], str]) -> Callable[[str, Random], str]:
    """Change some letters, each by `replace`."""

    def change(text: str, chance: Random) -> str:
        places = _chosen([found.start() for found in _LETTER.finditer(text)], chance)
        return "".join(replace(letter, chance) if place in places else letter for place, letter in enumerate(text))

    return change


def swap_letters(text: str, chance: Random) -> str:
    """Neighbouring letters within words change places; the first and the last of a word stay."""
    letters = list(text)
    for place in sorted(_chosen([found.start() for found in _INNER_PAIR.finditer(text)], chance)):
        letters[place], letters[place + 1] = letters[place + 1], letters[place]
    return "".join(letters)


def _mistyped(letter: str, chance: Random) -> str:
    near = NEIGHBOURS.get(letter.lower())
    if near is None:
        return letter
    typed = chance.choice(near)
    return typed.upper() if letter.isupper() else typed


def drop_vowels(text: str, _: Random) -> str:
    """Vowels within words go; the first letter of a word stays."""
    return _WORD.sub(lambda word: word[0][0] + "".join(letter for letter in word[0][1:] if letter not in _VOWELS), text)


def random_capitals(text: str, chance: Random) -> str:
    return "".join(letter.upper() if chance.random() < 0.5 else letter.lower() for letter in text)


def pig_latin(text: str, _: Random) -> str:
    """Consonants that begin a word go behind it, and "ay" after them."""
    return _WORD.sub(lambda word: _behind(word[0]), text)


def _behind(word: str) -> str:
    first = next((place for place, letter in enumerate(word) if letter in _VOWELS), 0)
    return f"{word[first:]}{word[:first]}{'ay' if first else 'way'}"


_PERTURBATION = Family.PERTURBATION

PERTURBATIONS = (
    Transform("swapped-letters", "Swapped letters", _PERTURBATION, "Neighbouring letters within words change places.", swap_letters),
    Transform("typing-errors", "Typing errors", _PERTURBATION, "Letters become their neighbours on the keyboard.", _at_letters(_mistyped)),
    Transform("dropped-letters", "Dropped letters", _PERTURBATION, "Some letters are missing.", _at_letters(lambda letter, _: "")),
    Transform(
        "doubled-letters",
        "Doubled letters",
        _PERTURBATION,
        "Some letters come twice or three times.",
        _at_letters(lambda letter, chance: letter * chance.choice((2, 3))),
    ),
    Transform("no-vowels", "No vowels", _PERTURBATION, "Words keep their first letter and their consonants.", drop_vowels),
    Transform("random-capitals", "Random capitals", _PERTURBATION, "Upper and lower case at random.", random_capitals),
    Transform("spaced-out", "Spaced out", _PERTURBATION, "A space after each character.", lambda text, _: " ".join(text)),
    Transform(
        "stray-punctuation", "Stray punctuation", _PERTURBATION, "Marks within words.", _at_letters(lambda letter, chance: letter + chance.choice(PUNCTUATION))
    ),
    Transform(
        "combining-marks",
        "Combining marks",
        _PERTURBATION,
        "Accents on letters that have none.",
        _at_letters(lambda letter, chance: letter + chance.choice(COMBINING)),
    ),
    Transform(
        "reversed",
        "Reversed",
        _PERTURBATION,
        "Written from its end, and said so.",
        lambda text, _: f"Read this from right to left and answer it.\n\n{text[::-1]}",
    ),
    Transform("pig-latin", "Pig Latin", _PERTURBATION, "Beginnings of words go behind them.", pig_latin),
)
