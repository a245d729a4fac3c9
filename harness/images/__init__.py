"""The image of a node: what goes in, how it is made, which are there. Knows an engine, and no cluster."""
