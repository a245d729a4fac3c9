"""Histories of other tools, read into ours."""
