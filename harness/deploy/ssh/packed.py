"""The agent as one file that Python runs: a zip of its package.

Invariant: the same sources give the same bytes, so its digest names it.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from functools import cache
from pathlib import Path

from harness.deploy.ssh import agent

_MAIN = "from agent.main import main\n\nmain()\n"


@cache
def agent_file() -> bytes:
    """The file."""
    folder = Path(agent.__file__).parent
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in [
            ("__main__.py", _MAIN),
            *((f"agent/{path.name}", path.read_text()) for path in sorted(folder.glob("*.py"))),
        ]:
            archive.writestr(zipfile.ZipInfo(name), text)
    return buffer.getvalue()


def agent_name() -> str:
    """What it is called on a host."""
    return f"agent-{hashlib.sha256(agent_file()).hexdigest()[:12]}.pyz"
