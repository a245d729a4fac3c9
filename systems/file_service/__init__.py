"""A replicated file tree, over Raft or over primary-backup."""
