"""The embedded default: a real PostgreSQL and a real broker from wheels, started and watched beside the portal's own processes.

Nothing in this package is imported by the rest of the portal, and nothing in it needs Django before the database is up.
"""
