"""Every change of the ledger but its entries: sealing, erasing payloads, noting what verifying found."""
