"""The log of a node's own updates, and how far each peer has it."""

from __future__ import annotations

from systems.active_active.messages import Added, Push, Update
from systems.active_active.outgoing import BATCH, Outgoing


def update(number: int) -> Update:
    return Added("s", number)


def updates(first: int, last: int) -> tuple[Update, ...]:
    return tuple(update(n) for n in range(first, last + 1))


def outgoing(count: int) -> Outgoing:
    one = Outgoing(("n2", "n3"))
    for number in range(1, count + 1):
        assert one.append(update(number)) == number
    return one


def test_what_is_new_is_sent_once() -> None:
    one = outgoing(1)
    assert one.newest("n2") == Push(1, updates(1, 1))
    assert one.newest("n2") is None
    one.append(update(2))
    assert one.newest("n2") == Push(2, updates(2, 2))


def test_what_is_not_acknowledged_is_sent_again() -> None:
    one = outgoing(3)
    one.fresh("n2")
    assert one.ack("n2", 2)
    assert one.resend("n2") == one.resend("n2") == Push(3, updates(3, 3))
    one.ack("n2", 3)
    assert one.resend("n2") is None


def test_an_old_or_impossible_acknowledgement_changes_nothing() -> None:
    one = outgoing(3)
    assert one.ack("n2", 3)
    assert not one.ack("n2", 2)
    assert not one.ack("n3", 4)
    assert one.acked == {"n2": 3, "n3": 0}


def test_an_update_is_kept_until_every_peer_has_it() -> None:
    one = outgoing(3)
    one.ack("n2", 3)
    assert (one.acknowledged, len(one.log)) == (0, 3)
    one.ack("n3", 2)
    assert (one.acknowledged, one.log) == (2, [update(3)])
    assert one.last == 3
    assert one.resend("n3") == Push(3, updates(3, 3))


def test_a_long_log_goes_in_batches_each_after_the_acknowledgement_of_the_one_before() -> None:
    one = outgoing(2 * BATCH + 1)
    assert one.resend("n2") == Push(1, updates(1, BATCH))
    one.append(update(2 * BATCH + 2))
    assert one.newest("n2") is None, "it comes with the last batch"
    one.ack("n2", BATCH)
    assert one.fresh("n2") == Push(BATCH + 1, updates(BATCH + 1, 2 * BATCH))
    one.ack("n2", 2 * BATCH)
    assert one.fresh("n2") == Push(2 * BATCH + 1, updates(2 * BATCH + 1, 2 * BATCH + 2))


def test_without_peers_nothing_is_kept() -> None:
    one = Outgoing(())
    one.append(update(1))
    assert one.last == 1
