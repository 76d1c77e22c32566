"""Tests of the ledger: rights, seals, verifying, erasure, export."""
