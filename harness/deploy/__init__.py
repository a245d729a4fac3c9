"""Where a cluster lives: the seams, and one module per place."""
