"""Decisions by role, bound to the digest of what was decided on."""
