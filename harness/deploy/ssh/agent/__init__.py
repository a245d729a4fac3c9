"""What a controller runs on a host: `python3 agent.pyz VERB`, one JSON object in, one out.

A node runs under a *keeper*: a process in a session of its own that outlives the SSH connection, adopts what
the node leaves behind (a child in a session of its own is killed and stopped with it) and writes down how the
node ended. Everything of a run is under BASE/runs/RUN; the file BASE/claim says which run has the host.

Invariants: this package stands alone, needs Python alone and works as any user; a verb may be called again
after its answer was lost; whatever goes wrong is an answer {"error": ...}; nothing here is ours to remember,
all state is in files and in /proc.
"""
