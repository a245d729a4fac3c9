"""What an image is made by, as values: whatever changes the outcome is said here or in the Dockerfile.

Invariant: nothing here depends on the machine, so two machines with the same sources give an image the same
name.
"""

from __future__ import annotations

from importlib.resources import files

LABEL = "io.splitbrain"
NODE = "splitbrain-node"
BASE = "splitbrain-base"

INTERPRETER = "/opt/splitbrain/python"  # in the image; the Dockerfile puts it there
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

SUITE = "bookworm"
MIRROR = "http://deb.debian.org/debian"
ONLINE_BASE = "python:3.11-slim-bookworm"  # the same Debian and the same Python as SUITE has
PYTHON = "3.11"

# What a controller uses on a node besides the node program: rules and links, processes, a way in.
PACKAGES = ("iproute2", "nftables", "openssh-client", "openssh-server", "procps", "sudo")
BASE_PACKAGES = ("python3", *PACKAGES)  # not python3-minimal, which has no asyncio

# Left out of the base: what only a person reads, what apt fetches anew, and host keys, which would be the
# same on all nodes and known to everyone who has the image.
EXCLUDED = (
    "./usr/share/doc/*",
    "./usr/share/info/*",
    "./usr/share/locale/*",
    "./usr/share/man/*",
    "./var/cache/apt/*",
    "./var/lib/apt/lists/*",
    "./var/log/*",
    "./etc/ssh/ssh_host_*",
)
BASE_CHANGES = (
    f"LABEL {LABEL}=1",
    f"ENV PATH={PATH}",
    'CMD ["sleep", "infinity"]',
)
ARCHITECTURES = {"amd64": "x86_64", "arm64": "aarch64"}  # as Debian and Docker say: as Python and uname say
_GLIBC = ("manylinux_2_28", "manylinux_2_17", "manylinux2014")  # all older than that of SUITE


def base_recipe() -> str:
    """All that the base is made by, as text."""
    return repr((SUITE, BASE_PACKAGES, EXCLUDED, BASE_CHANGES))


def dockerfile() -> str:
    """The steps from a base to a node's image."""
    return files("harness.images").joinpath("Dockerfile").read_text(encoding="utf-8")


def platforms(architecture: str) -> tuple[str, ...]:
    """The wheels' platforms that run in the image, the most particular first."""
    return tuple(f"{glibc}_{ARCHITECTURES[architecture]}" for glibc in _GLIBC)
