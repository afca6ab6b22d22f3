"""Experiment 5: what the paper states but never ran, at sizes where everything can be enumerated."""
