"""Machines reached by SSH: what can be held without one."""
