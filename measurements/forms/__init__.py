"""Shape of what people enter about measuring."""
