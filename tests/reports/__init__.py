"""Tests of reports, and the sample records they share (`samples`)."""
