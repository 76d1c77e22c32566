"""Passwords hashed by the portal's own algorithm with its smallest cost: the tests guess at none, and make thousands of them."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class QuickArgon2(Argon2PasswordHasher):
    """Argon2 whose hashes take microseconds; the portal's own hasher verifies them too."""

    time_cost = 1
    memory_cost = 8
    parallelism = 1
