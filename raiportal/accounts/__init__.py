"""People and programs that use the portal, what they may see, and the keys they come with."""
