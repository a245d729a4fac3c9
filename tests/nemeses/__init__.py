"""Tests of nemeses."""
