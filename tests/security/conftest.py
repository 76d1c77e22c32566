"""Fixtures of the security tests: the world of two systems that the table of access is tried on."""

from tests.project.worlds import built_world, words, world

__all__ = ["built_world", "words", "world"]
