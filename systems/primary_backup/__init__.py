"""Primary-backup replication in two modes: async (claims little) and sync (claims linearizability)."""
