"""Every clever thing against a dumb one."""
