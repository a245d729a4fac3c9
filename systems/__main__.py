"""`python -m systems NAME ...`: one node of a system; see `systems.nodes`."""

from __future__ import annotations

import sys

from systems.nodes import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
