"""Frozen, dated packs of what the portal knew at one moment, sent to people who acknowledge them."""
