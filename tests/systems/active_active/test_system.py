"""The plug-in class: options, claims, and errors that name the fix."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from harness.workload import WORKLOADS
from systems.active_active.bugs import BUGS
from systems.active_active.system import ActiveActive
from systems.api import PROMISES

NODES = ("n1", "n2", "n3")


def test_defaults_are_right_and_every_option_has_help() -> None:
    ActiveActive.check({}, NODES)
    ActiveActive.check(ActiveActive.options, NODES)
    assert ActiveActive.options.keys() == ActiveActive.option_help.keys()
    assert ActiveActive.defaults["workload"] in ActiveActive.claims


@pytest.mark.parametrize("bug", BUGS)
def test_every_planted_bug_can_be_asked_for(bug: str) -> None:
    ActiveActive.check({**BUGS[bug].options, "bug": bug}, NODES)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"resend": "1"}, "unknown option 'resend'; did you mean 'resend_ms'"),
        ({"resend_ms": "0"}, "option resend_ms='0' must be a whole number from 5 to 60000"),
        ({"snapshot_every": "1"}, "option snapshot_every='1' must be a whole number from 2 to 1000000"),
        ({"bug": "clock-bak"}, "unknown bug 'clock-bak'; did you mean 'clock-back'"),
        ({"bug": "snapshot-forgets"}, "does nothing with snapshot_every=1000; add -o snapshot_every=20"),
    ],
)
def test_wrong_options_are_one_clear_error(options: Mapping[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        ActiveActive.check(options, NODES)


def test_it_claims_what_can_be_judged_and_not_linearizability() -> None:
    assert ActiveActive.claims.keys() <= WORKLOADS.keys()
    promised = {name for said in ActiveActive.claims.values() for name in said.split(",")}
    assert promised <= PROMISES.keys() - {"linearizable"}
