"""Tests of the primary-backup cores."""
