"""Figure 1 of the paper: three solutions in the plane, four objectives, and where gradient descent goes on them."""
