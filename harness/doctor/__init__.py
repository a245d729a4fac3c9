"""What this machine can do for runs, found out by trying it."""
