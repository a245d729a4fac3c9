"""Triage: the failures of a night again, how often they show, and how small they get."""
