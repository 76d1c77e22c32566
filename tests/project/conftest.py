"""Fixtures of the tests of the repository itself."""

from tests.project.worlds import built_world, words, world

__all__ = ["built_world", "words", "world"]
