"""The Settings pages: people, tokens, the ledger; and what is shown when an address leads nowhere."""
