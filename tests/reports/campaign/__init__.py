"""Tests of what is told of a campaign's night, and the sample records they share (`samples`)."""
