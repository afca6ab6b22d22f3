"""Experiment 6: instances whose best known solution is public, for cuts (G-set) and for tours (TSPLIB)."""
