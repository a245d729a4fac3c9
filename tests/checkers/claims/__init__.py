"""The tests of the claims about replicated objects."""
