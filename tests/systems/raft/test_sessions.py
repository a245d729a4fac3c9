"""Client sessions (thesis, section 6.3): once per sequence number, bounded, the same on every replica."""

from __future__ import annotations

from systems import kv
from systems.raft.messages import Do, Logged, Noop, Query, Register
from systems.raft.sessions import EXPIRED, MAX_SESSIONS, Machine


def cas(session: int, sequence: int, old: int | None, new: int) -> Do:
    return Do(session, sequence, kv.Cas("k", old, new))


def test_a_session_is_named_by_its_index() -> None:
    assert Machine().apply(17, Register()) == kv.Ok(17)


def test_a_repeat_gets_the_stored_answer_and_changes_nothing() -> None:
    machine = Machine()
    machine.apply(1, Register())
    assert machine.apply(2, cas(1, 1, None, 5)) == kv.Ok(True)
    assert machine.apply(3, Do(1, 2, kv.Write("k", 6))) == kv.Ok()
    assert machine.apply(4, cas(1, 3, 5, 7)) == kv.Ok(False)
    machine.store.values["k"] = 5
    assert machine.apply(5, cas(1, 3, 5, 7)) == kv.Ok(False)
    assert machine.read(Query(kv.Read("k"))) == kv.Ok(5)


def test_an_overtaken_command_is_not_applied_any_more() -> None:
    """Its first copy was lost, its client gave up and went on; a late copy must not come into effect."""
    machine = Machine()
    machine.apply(1, Register())
    machine.apply(2, Do(1, 2, kv.Write("k", 2)))
    assert isinstance(machine.apply(3, Do(1, 1, kv.Write("k", 1))), kv.Uncertain)
    assert machine.store.values == {"k": 2}


def test_an_unknown_session_is_refused_and_changes_nothing() -> None:
    machine = Machine()
    assert machine.apply(1, cas(9, 1, None, 5)) == EXPIRED == kv.Refused("session expired")
    assert machine.store.values == {}


def test_the_session_used_longest_ago_expires_first() -> None:
    machine = Machine()
    for index in range(1, MAX_SESSIONS + 1):
        machine.apply(index, Register())
    machine.apply(MAX_SESSIONS + 1, Do(1, 1, kv.Write("k", 1)))
    machine.apply(MAX_SESSIONS + 2, Register())
    assert len(machine.sessions) == MAX_SESSIONS
    assert machine.apply(MAX_SESSIONS + 3, Do(2, 1, kv.Write("k", 2))) == EXPIRED
    assert machine.apply(MAX_SESSIONS + 4, Do(1, 2, kv.Write("k", 3))) == kv.Ok()


def test_two_replicas_of_one_log_are_equal() -> None:
    log: list[Logged] = [
        Noop(),
        Register(),
        cas(2, 1, None, 1),
        Register(),
        Do(4, 1, kv.Write("j", 2)),
        cas(2, 1, 1, 2),
    ]
    one, other = Machine(), Machine()
    answers = [[m.apply(i + 1, command) for i, command in enumerate(log)] for m in (one, other)]
    assert answers[0] == answers[1]
    assert list(one.sessions.items()) == list(other.sessions.items())
    assert one.store.values == other.store.values == {"k": 1, "j": 2}


def test_the_bug_no_session_applies_repeats() -> None:
    machine = Machine(once=False)
    machine.apply(1, Register())
    machine.apply(2, cas(1, 1, None, 5))
    assert machine.apply(3, cas(1, 1, None, 5)) == kv.Ok(False)
