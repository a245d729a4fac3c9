"""`python entering.py COMMAND...`: the command inside namespaces, entered as the product does it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

from harness.deploy import namespaces
from harness.errors import SplitbrainError

try:
    sys.exit(namespaces.enter(sys.argv[1:]))
except SplitbrainError as error:
    print(error, file=sys.stderr)
    sys.exit(error.exit_code)
