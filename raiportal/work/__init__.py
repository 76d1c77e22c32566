"""What waits for a person, across apps, and the search over everything that they may see."""
