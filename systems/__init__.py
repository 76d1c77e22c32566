"""AI systems, their deployments, metaprompt versions and configurations; the one client for model endpoints."""
