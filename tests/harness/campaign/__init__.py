"""Tests of harness/campaign."""
