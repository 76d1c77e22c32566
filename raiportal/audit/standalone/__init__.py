"""What is delivered beside an export of the ledger: a verifier that needs nothing but Python."""
