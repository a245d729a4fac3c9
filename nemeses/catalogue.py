"""The nemeses by name, what can be asked of them, and the plan they make together.

Syntax: `none`, or names separated by commas, each with its shapes if not all are wanted:
`partition:leader+halves,kill`.

Laws:
- A nemesis draws from a stream of its own, split off by its name: adding one moves no other.
- Shapes are cycled in a drawn order, each once before any again; an order that has "leader" in it has it
  among the first two (as the only one, if only one fault fits), so that leaders change in every run.
- A shape that the cluster is too small for is not planned; asked for by name, it is an error.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType

from nemeses import chase, clocks, grudges, members, packets, restarts, targets
from nemeses.errors import NemesisError
from nemeses.faults import FaultSpec, Kind
from nemeses.patterns import rhythm
from nemeses.plan import FaultPlan, braided
from nemeses.resolve import describe, resolve, targets_of

__all__ = [
    "CATALOGUE",
    "NemesisChoice",
    "NemesisError",
    "NemesisInfo",
    "describe",
    "parse",
    "plan_faults",
    "resolve",
    "targets_of",
]


@dataclass(frozen=True, slots=True)
class NemesisInfo:
    """One nemesis: its faults in a line, its shapes with the number of nodes each needs at least, and whether
    only simulation has it.
    """

    name: Kind
    help: str
    min_nodes: Mapping[str, int]
    simulated: bool = False

    @property
    def shapes(self) -> tuple[str, ...]:
        """The names of the shapes."""
        return tuple(self.min_nodes)


CATALOGUE: Mapping[str, NemesisInfo] = MappingProxyType(
    {
        "partition": NemesisInfo(
            "partition",
            "cuts links: packets between nodes, or to and from clients, vanish",
            grudges.MIN_NODES,
        ),
        "kill": NemesisInfo("kill", "SIGKILL, then a start on the same data", targets.MIN_NODES),
        "pause": NemesisInfo("pause", "SIGSTOP, then SIGCONT: a node that misses time", targets.MIN_NODES),
        "packets": NemesisInfo(
            "packets",
            "messages between nodes are lost, doubled, late, overtaken (simulation only)",
            packets.MIN_NODES,
            simulated=True,
        ),
        "clock": NemesisInfo(
            "clock",
            "clocks drift by 5 %, or the time of day jumps by 3 s (simulation only)",
            clocks.MIN_NODES,
            simulated=True,
        ),
        "members": NemesisInfo(
            "members",
            "nodes leave the cluster and come back, or leadership is handed over (simulation only)",
            members.MIN_NODES,
            simulated=True,
        ),
        "restarts": NemesisInfo(
            "restarts",
            "SIGKILL and a start on the same data, again and again (simulation only)",
            restarts.MIN_NODES,
            simulated=True,
        ),
        "chase": NemesisInfo(
            "chase",
            "whoever leads is cut off with a minority, again and again (simulation only)",
            chase.MIN_NODES,
            simulated=True,
        ),
    }
)


@dataclass(frozen=True, slots=True)
class NemesisChoice:
    """One nemesis that was asked for.

    shapes: those named, or () for every one that the cluster is big enough for.
    """

    name: Kind
    shapes: tuple[str, ...] = ()


def parse(text: str) -> list[NemesisChoice]:
    """The nemeses that `text` names. Raises NemesisError, with the closest name, for what there is not."""
    words = [word.strip() for word in text.split(",")]
    if words in ([""], ["none"]):
        return []
    choices: list[NemesisChoice] = []
    for word in words:
        name, colon, shapes = word.partition(":")
        if name == "none":
            raise NemesisError("'none' stands alone: leave it out to have faults")
        info = CATALOGUE[_known(name, tuple(CATALOGUE), "nemesis")]
        if any(choice.name == info.name for choice in choices):
            raise NemesisError(f"{name!r} is named twice: join its shapes with +, as in {name}:one+leader")
        named = shapes.split("+") if colon else []
        picked = [_known(shape.strip(), info.shapes, f"shape of {name!r}") for shape in named]
        choices.append(NemesisChoice(info.name, tuple(dict.fromkeys(picked))))
    return choices


def _known(word: str, known: Sequence[str], what: str) -> str:
    if word in known:
        return word
    close = get_close_matches(word, known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(known)}"
    raise NemesisError(f"no {what} {word!r}: {hint}")


def possible_shapes(choice: NemesisChoice, node_count: int) -> tuple[str, ...]:
    """The shapes that `choice` plans for so many nodes. Raises NemesisError if one named needs more."""
    needs = CATALOGUE[choice.name].min_nodes
    fits = tuple(shape for shape, least in needs.items() if least <= node_count)
    for shape in choice.shapes:
        if shape not in fits:
            raise NemesisError(
                f"{choice.name}:{shape} needs {needs[shape]} nodes, there are {node_count};"
                f" possible: {', '.join(fits)}"
            )
    if not fits:
        raise NemesisError(f"{choice.name} needs {min(needs.values())} nodes, there are {node_count}")
    return choice.shapes or fits


def plan_faults(
    choices: Sequence[NemesisChoice], nodes: Sequence[str], rng: random.Random, span_ns: int
) -> FaultPlan:
    """A plan of all `choices` braided together, the same for the same arguments and state of `rng`.

    Raises NemesisError for no nodes, for shapes that need more nodes, and for a span below
    `patterns.MIN_SPAN_NS`.
    """
    if not nodes or len(set(nodes)) != len(nodes):
        raise NemesisError(f"faults need nodes with different names, there are: {', '.join(nodes) or 'none'}")
    base = rng.getrandbits(64)
    try:
        return braided(
            span_ns, [_strand(choice, nodes, f"{base}/{choice.name}", span_ns) for choice in choices]
        )
    except NemesisError:
        raise
    except ValueError as error:
        raise NemesisError(str(error)) from error


def _strand(
    choice: NemesisChoice, nodes: Sequence[str], stream: str, span_ns: int
) -> Iterator[tuple[int, int, FaultSpec]]:
    # Two streams, so that a change of what is drawn for shapes does not move any time.
    times = rhythm(random.Random(f"{stream}/times"), span_ns)
    rng = random.Random(f"{stream}/shapes")
    shapes = _cycled(rng, possible_shapes(choice, len(nodes)), len(times))
    for (begin_ns, end_ns), shape in zip(times, shapes, strict=True):
        yield begin_ns, end_ns, FaultSpec(choice.name, shape, tuple(rng.sample(sorted(nodes), len(nodes))))


def _cycled(rng: random.Random, shapes: Sequence[str], count: int) -> list[str]:
    order = rng.sample(shapes, len(shapes))
    if "leader" in order:
        order.remove("leader")
        order.insert(rng.randrange(2) if count > 1 and order else 0, "leader")
    return [order[i % len(order)] for i in range(count)]
