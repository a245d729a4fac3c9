"""What a protocol does behind either shell: in virtual time, and as processes with disks and sockets."""
