"""A Comparison of Optimization Algorithms for Deep Learning (Soydaner, IJPRAI 2020), and CBMS lecture 5."""
