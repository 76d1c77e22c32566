"""Whether what is stored is whole: invariants that are checked by command, backup, restore."""
