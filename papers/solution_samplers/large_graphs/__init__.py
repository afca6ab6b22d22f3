"""Experiment 4: graphs of 600 vertices, far too large to enumerate, so that gradients come from Markov chains."""
