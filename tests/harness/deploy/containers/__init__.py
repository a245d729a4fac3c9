"""Tests of clusters of containers."""
