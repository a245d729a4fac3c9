"""Measurements, one command each; never run as timed tests."""
