"""The pages of the harm register."""
