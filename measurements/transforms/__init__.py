"""Ways to say the same thing otherwise: encodings, perturbations and framings of a prompt. Pure functions of the text and a seed."""

from measurements.transforms.encodings import ENCODINGS
from measurements.transforms.framings import FRAMINGS
from measurements.transforms.perturbations import PERTURBATIONS
from measurements.transforms.transform import Family, Transform

ALL: tuple[Transform, ...] = (*ENCODINGS, *PERTURBATIONS, *FRAMINGS)
BY_SLUG = {transform.slug: transform for transform in ALL}

__all__ = ["ALL", "BY_SLUG", "Family", "Transform"]
