"""Measure: sets of prompts, metrics, runs against real deployments, judgements, and the figures that follow from them."""
