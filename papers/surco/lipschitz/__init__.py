"""Theorem 4.4: a map from instances to solutions that no Lipschitz function equals, and a surrogate that is one."""
