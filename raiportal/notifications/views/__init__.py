"""Pages about notifications: one's own, webhooks, what was sent, and what is told to whom."""
