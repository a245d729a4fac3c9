"""The clients' base and Raft's client, against nodes that answer from a script."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import grpc
import pytest

from systems import kv
from systems.api import ClientContext, Definite, Indefinite, Invocation
from systems.client import NodeClient, answer_of
from systems.logic import MAX_ASKS, Answer, Leading, Lost, Step, Unreached, command_of
from systems.primary_backup.logic import PrimaryBackupLogic
from systems.raft.logic import RaftLogic
from systems.raft.messages import Do, Query, Register
from systems.shells.surface import client_surface
from systems.shells.transport import make_server
from tests.systems.shells.peers import free_port, until

WRITE = Invocation("write", "k", 1)
READ = Invocation("read", "k")
Script = Callable[[str, Any], Awaitable[Any]]


class Nodes:
    """Nodes n1, n2, n3 on addresses of the loopback; `script(node, command)` answers; `asked` notes who
    was.
    """

    def __init__(
        self, script: Script, up: tuple[str, ...] = ("n1", "n2", "n3"), system: str = "primary-backup"
    ) -> None:
        self.port = free_port("127.0.0.1")
        self.addresses = {f"n{i}": f"127.0.0.{i}" for i in (1, 2, 3)}
        self.asked: list[tuple[str, Any]] = []
        self._script = script
        self._up = up
        self.system = system
        self._servers: dict[str, grpc.aio.Server] = {}

    async def __aenter__(self) -> Nodes:
        for name in self._up:
            self._servers[name] = make_server(
                f"{self.addresses[name]}:{self.port}",
                message_type=int,
                surface=client_surface(self.system, {}),
                receive=lambda sender, messages: None,
                invoke=partial(self._answer, name),
            )
            await self._servers[name].start()
        return self

    async def __aexit__(self, *_: object) -> None:
        for name in tuple(self._servers):
            await self.stop(name)

    async def stop(self, name: str) -> None:
        await self._servers.pop(name).stop(None)

    async def _answer(self, name: str, command: Any) -> Any:
        self.asked.append((name, command))
        return await self._script(name, command)

    def context(self, home: str = "n1", timeout_s: float = 1.0) -> ClientContext:
        return ClientContext(1, home, self.addresses, {}, timeout_s)

    def names(self) -> list[str]:
        return [name for name, _ in self.asked]


def leads(leader: str, hint: str | None = None) -> Script:
    async def script(name: str, command: Any) -> Any:
        return kv.Ok(f"by {name}") if name == leader else kv.NotLeader(hint)

    return script


def always(result: Any) -> Script:
    async def script(name: str, command: Any) -> Any:
        return result

    return script


async def silent(name: str, command: Any) -> Any:
    await asyncio.Event().wait()


def using(nodes: Nodes, scenario: Callable[[NodeClient], Awaitable[Any]], **context: Any) -> Any:
    async def both() -> Any:
        async with nodes:
            ctx = nodes.context(**context)
            client = NodeClient(ctx, Leading(ctx), system=nodes.system, port=nodes.port)
            await client.open()
            try:
                return await scenario(client)
            finally:
                await client.close()

    return asyncio.run(both())


UNAVAILABLE = grpc.StatusCode.UNAVAILABLE


@pytest.mark.parametrize(
    ("code", "details", "kind"),
    [
        (UNAVAILABLE, "failed to connect to all addresses; last error: refused", Unreached),
        (grpc.StatusCode.INVALID_ARGUMENT, "not a command", kv.Refused),
        (UNAVAILABLE, "Socket closed", Lost),
        (UNAVAILABLE, "keepalive watchdog timeout", Lost),
        (UNAVAILABLE, "recvmsg: failed to connect to all addresses", Lost),
        (UNAVAILABLE, "", Lost),
        (grpc.StatusCode.UNKNOWN, "failed to connect to all addresses", Lost),
    ],
)
def test_the_table_of_errors(code: grpc.StatusCode, details: str, kind: type) -> None:
    assert type(answer_of("n1", code, details)) is kind


def test_after_every_other_status_the_fate_is_unknown() -> None:
    known = {UNAVAILABLE, grpc.StatusCode.INVALID_ARGUMENT}
    for code in set(grpc.StatusCode) - known:
        assert isinstance(answer_of("n1", code, "whatever"), Lost), code


def test_commands() -> None:
    assert command_of(READ) == kv.Read("k")
    assert command_of(WRITE) == kv.Write("k", 1)
    assert command_of(Invocation("cas", "k", (1, 2))) == kv.Cas("k", 1, 2)
    with pytest.raises(Definite, match="no operation 'append'"):
        command_of(Invocation("append", "k", 1))


def test_a_hint_is_followed_and_remembered() -> None:
    nodes = Nodes(leads("n3", hint="n3"))

    async def scenario(client: NodeClient) -> None:
        assert await client.invoke(WRITE) == "by n3"
        assert client.served_by == "n3"
        assert await client.invoke(WRITE) == "by n3"

    using(nodes, scenario)
    assert nodes.names() == ["n1", "n3", "n3"]


def test_without_a_hint_the_next_node_is_asked() -> None:
    nodes = Nodes(leads("n1"))
    assert using(nodes, lambda client: client.invoke(WRITE), home="n2") == "by n1"
    assert nodes.names() == ["n2", "n3", "n1"]


def test_a_node_that_is_down_is_passed_over() -> None:
    nodes = Nodes(leads("n2", hint="n2"), up=("n2", "n3"))
    assert using(nodes, lambda client: client.invoke(WRITE)) == "by n2"


@pytest.mark.parametrize("op", [WRITE, READ])
def test_no_node_at_all_is_definite(op: Invocation) -> None:
    with pytest.raises(Definite, match="no leader found: cannot connect to n"):
        using(Nodes(silent, up=()), lambda client: client.invoke(op))


def test_no_leader_is_definite_after_a_bounded_number_of_questions() -> None:
    nodes = Nodes(always(kv.NotLeader("n1")))
    with pytest.raises(Definite, match=r"no leader found: n\d does not lead"):
        using(nodes, lambda client: client.invoke(WRITE), timeout_s=5.0)
    assert len(nodes.asked) == MAX_ASKS


def test_refused_is_definite_and_asks_nobody_else() -> None:
    nodes = Nodes(always(kv.Refused("closed")))
    with pytest.raises(Definite, match="n1 refused: closed"):
        using(nodes, lambda client: client.invoke(WRITE))
    assert nodes.names() == ["n1"]


@pytest.mark.parametrize("script", [always(kv.Uncertain("deposed")), silent], ids=["uncertain", "silent"])
def test_an_uncertain_write_is_indefinite_and_never_sent_again(script: Script) -> None:
    nodes = Nodes(script)
    with pytest.raises(Indefinite, match=r"deposed|no answer from n1 in time"):
        using(nodes, lambda client: client.invoke(WRITE), timeout_s=0.5)
    assert nodes.names() == ["n1"]


@pytest.mark.parametrize("script", [always(kv.Uncertain("deposed")), silent], ids=["uncertain", "silent"])
def test_an_uncertain_read_is_definite(script: Script) -> None:
    with pytest.raises(Definite, match=r"deposed|no answer"):
        using(Nodes(script), lambda client: client.invoke(READ), timeout_s=0.5)


def test_a_node_that_dies_with_the_request_leaves_it_indefinite() -> None:
    nodes = Nodes(silent)

    async def scenario(client: NodeClient) -> None:
        asking = asyncio.ensure_future(client.invoke(WRITE))
        await until(lambda: nodes.names() == ["n1"])
        await nodes.stop("n1")
        with pytest.raises(Indefinite):
            await asking

    using(nodes, scenario, timeout_s=5.0)
    assert nodes.names() == ["n1"]


def test_the_clients_own_error_comes_before_the_time_limit() -> None:
    left: list[float] = []

    async def scenario(client: NodeClient) -> None:
        carry_out = client.carry_out

        async def watched(step: Step, deadline_s: float) -> Answer:
            left.append(deadline_s - asyncio.get_running_loop().time())
            return await carry_out(step, deadline_s)

        client.carry_out = watched  # type: ignore[method-assign]
        with pytest.raises(Indefinite):
            await client.invoke(WRITE)

    using(Nodes(silent), scenario, timeout_s=0.5)
    # Not raced against a clock: how late either is noticed is the machine's affair.
    assert max(left) < 0.48


def test_a_value_that_cannot_be_sent_fails_for_good_and_reaches_nobody() -> None:
    nodes = Nodes(always(kv.Ok()))

    async def scenario(client: NodeClient) -> None:
        with pytest.raises(Definite, match="it cannot be sent: Write: "):
            await client.invoke(Invocation("write", "k", 2**63))

    using(nodes, scenario)
    assert nodes.asked == []


def with_raft(script: Script, scenario: Callable[[NodeClient], Awaitable[Any]]) -> list[Any]:
    """The commands that arrived."""

    async def both() -> list[Any]:
        async with Nodes(script, system="raft") as nodes:
            ctx = nodes.context()
            client = NodeClient(ctx, RaftLogic(ctx), system=nodes.system, port=nodes.port)
            await scenario(client)
            await client.close()
            return [command for _, command in nodes.asked]

    return asyncio.run(both())


def test_raft_registers_at_the_first_change_and_numbers_its_commands() -> None:
    async def scenario(client: NodeClient) -> None:
        for op in (READ, WRITE, Invocation("cas", "k", (1, 2))):
            await client.invoke(op)

    assert with_raft(always(kv.Ok(7)), scenario) == [
        Query(kv.Read("k")),
        Register(),
        Do(7, 1, kv.Write("k", 1)),
        Do(7, 2, kv.Cas("k", 1, 2)),
    ]


def test_raft_keeps_the_number_when_it_follows_a_hint() -> None:
    async def script(name: str, command: Any) -> Any:
        if isinstance(command, Register):
            return kv.Ok(7)
        return kv.Ok() if name == "n2" else kv.NotLeader("n2")

    arrived = with_raft(script, lambda client: client.invoke(WRITE))
    assert arrived == [Register(), Do(7, 1, kv.Write("k", 1)), Do(7, 1, kv.Write("k", 1))]


def test_raft_sends_again_with_the_same_number_what_got_no_answer() -> None:
    async def script(name: str, command: Any) -> Any:
        if isinstance(command, Register):
            return kv.Ok(7)
        return kv.Uncertain("deposed") if name == "n1" else kv.Ok()

    arrived = with_raft(script, lambda client: client.invoke(WRITE))
    assert arrived == [Register(), Do(7, 1, kv.Write("k", 1)), Do(7, 1, kv.Write("k", 1))]


def test_a_refusal_after_an_uncertain_answer_leaves_it_indefinite() -> None:
    async def script(name: str, command: Any) -> Any:
        if isinstance(command, Register):
            return kv.Ok(7)
        return kv.Uncertain("deposed") if name == "n1" else kv.Refused("session expired")

    async def scenario(client: NodeClient) -> None:
        with pytest.raises(Indefinite):
            await client.invoke(WRITE)

    with_raft(script, scenario)


def test_raft_opens_another_session_when_its_own_expired() -> None:
    async def script(name: str, command: Any) -> Any:
        if isinstance(command, Register):
            return kv.Ok(9)
        return kv.Refused("session expired")

    async def scenario(client: NodeClient) -> None:
        for _ in range(2):
            with pytest.raises(Definite, match="session expired"):
                await client.invoke(WRITE)

    do = Do(9, 1, kv.Write("k", 1))
    assert with_raft(script, scenario) == [Register(), do, Register(), do]


def test_raft_without_a_session_has_not_done_the_operation() -> None:
    async def scenario(client: NodeClient) -> None:
        with pytest.raises(Definite, match="no session: n1: deposed"):
            await client.invoke(WRITE)

    assert with_raft(always(kv.Uncertain("deposed")), scenario) == [Register()]


@pytest.mark.parametrize(("at_home", "readers"), [(True, ["n2"]), (False, ["n2", "n1"])])
def test_primary_backup_reads_where_its_mode_says(at_home: bool, readers: list[str]) -> None:
    async def script(name: str, command: Any) -> Any:
        serves = name == "n1" or (at_home and isinstance(command, kv.Read))
        return kv.Ok(name) if serves else kv.NotLeader("n1")

    async def scenario() -> None:
        async with Nodes(script) as nodes:
            ctx = nodes.context("n2")
            logic = PrimaryBackupLogic(ctx, reads_at="home" if at_home else "primary")
            client = NodeClient(ctx, logic, system=nodes.system, port=nodes.port)
            assert await client.invoke(READ) == readers[-1]
            assert nodes.names() == readers
            assert await client.invoke(WRITE) == "n1"
            assert client.served_by == "n1"
            await client.close()

    asyncio.run(scenario())
