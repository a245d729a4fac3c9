"""Active-active replication: every node takes reads and writes, and tells the others afterwards."""
