"""The lines of the table of access, by area."""
