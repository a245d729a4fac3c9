"""Tests of the systems under test and of the shells that run them."""
