"""Events as lines of a history file, one by one: what somebody needs who only writes one.

Invariants: needs no numbers' library, so the clients' process can live where there is none; what cannot be
read back as it was is refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import msgspec

from checkers.events import Footer, Line
from checkers.identity import identity

_LINE: msgspec.json.Decoder[Line] = msgspec.json.Decoder(Line)
_ENCODER = msgspec.json.Encoder()


def encode(line: Line) -> bytes:
    """One line, its newline included. Raises ValueError for what JSON cannot carry (NaN, infinity,
    foreign objects).
    """
    try:
        text = _ENCODER.encode(line)
    except (OverflowError, TypeError, RecursionError) as error:
        raise ValueError(f"a history holds JSON values only: {error} in {line!r:.200}") from error
    # JSON has no NaN; msgspec writes null for it, which would come back as another value.
    if b"null" in text and not _same(_LINE.decode(text), line):
        raise ValueError(f"a history holds JSON values only, no NaN and no infinity: {line!r:.200}")
    return text + b"\n"


def _same(one: Line, other: Line) -> bool:
    return bool(identity(msgspec.structs.asdict(one)) == identity(msgspec.structs.asdict(other)))


def footer_for(body: bytes | Iterable[bytes], events: int) -> Footer:
    """The footer for `body` (every byte before it, header included) with `events` lines between header and
    footer.
    """
    digest = hashlib.sha256()
    for part in (body,) if isinstance(body, bytes) else body:
        digest.update(part)
    return Footer(events, digest.hexdigest())
