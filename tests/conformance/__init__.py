"""One body of tests per seam, the same for everything that stands behind it."""
