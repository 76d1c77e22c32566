"""The look: formatting, marks, charts and navigation that templates of every app draw with."""
