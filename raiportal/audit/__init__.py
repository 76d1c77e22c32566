"""The ledger of what was done: one append-only row for each change, written in the change's own transaction."""
