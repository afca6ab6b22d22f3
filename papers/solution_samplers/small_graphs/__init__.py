"""Experiments 1 and 3: graphs of 15 vertices, where every density and every gradient is exact."""
