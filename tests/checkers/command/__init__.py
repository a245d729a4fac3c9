"""The command `lincheck`."""
