"""Tests of deployment; what needs namespaces runs in a process of its own (`inside`)."""
