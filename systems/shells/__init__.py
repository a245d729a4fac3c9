"""What performs the effects of a core: real timers, disk and gRPC, or a whole cluster in one thread."""
