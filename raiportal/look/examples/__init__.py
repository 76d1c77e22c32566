"""What the style pages show: one believable example of each component, in each state that it has."""
