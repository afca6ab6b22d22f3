"""Optimizing Solution-Samplers for Combinatorial Problems: the landscape of policy-gradient methods."""
