"""The file service's planted bugs: they exist so that tests and users can see the checkers catch them.

Each is one branch, in the tree or in what a client does, taken only where the option `bug` names it.
"""

from __future__ import annotations

from collections.abc import Mapping

from systems.api import Bug

BUGS: Mapping[str, Bug] = {
    "rename-two-steps": Bug("a file is removed and then written under its new name (a rename is one change)"),
    "append-read-write": Bug("an append is a read and a write of the whole (a lost update)"),
    "write-by-chunks": Bug("parts of a large write are visible as they come (a write is all or nothing)"),
    "torn-read": Bug("a part is read of whatever version is there by now (a read sees one state)"),
}
