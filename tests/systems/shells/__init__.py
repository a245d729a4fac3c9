"""Tests of the real shell and its parts."""
