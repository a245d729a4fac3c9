"""The template engine of the pages: one for the run's report and the campaign's.

Laws: autoescape always; an undefined name is an error, never an empty string; every printed string is made
visible, and only `Markup` goes in as it is.
"""

from __future__ import annotations

import functools
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from reports.words import clip, duration, one_line, visible


@functools.cache
def environment() -> Environment:
    """The engine with the filters that both pages use; its templates are `reports/assets`."""
    engine = Environment(
        loader=PackageLoader("reports", "assets"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize,
    )
    engine.filters["duration"] = duration
    engine.filters["clip"] = clip
    engine.filters["one_line"] = one_line
    return engine


def _finalize(thing: Any) -> Any:
    return visible(thing) if isinstance(thing, str) and not isinstance(thing, Markup) else thing
