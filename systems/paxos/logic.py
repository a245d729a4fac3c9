"""Multi-Paxos' client: the commands of `systems.kv`, put to the leader.

Law: commands carry no number that would tell a repeated one, so what may have been done is never sent again.
"""

from __future__ import annotations

from systems.logic import Leading


class PaxosLogic(Leading):
    """Asks the leader last heard of; an uncertain command ends the operation indefinite."""
