"""Identify: the harms that a system can do, scored and ranked."""
