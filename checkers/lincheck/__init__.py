"""The linearizability checker, usable alone."""
