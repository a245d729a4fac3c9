"""Tests of harness/bisect."""
