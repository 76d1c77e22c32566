"""The pages of systems, one module a noun."""
