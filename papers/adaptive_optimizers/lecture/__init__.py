"""The numerical comparison of CBMS lecture 5: six optimizers, a narrow network and a wide one."""
