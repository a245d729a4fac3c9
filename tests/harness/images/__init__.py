"""What goes into a node's image, and how it is made, without an engine."""
