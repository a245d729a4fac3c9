"""Planted bugs: each must be found."""
