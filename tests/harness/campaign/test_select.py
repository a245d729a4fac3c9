"""`-k EXPRESSION`, against Python's own `and`, `or`, `not`."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.campaign.select import chosen_by
from harness.errors import EXIT_USAGE, ConfigError

WORDS = [
    "raft",
    "PAXOS",
    "kill",
    "#1",
    "@sim",
    "set/",
    "nothing",
    "or-not",
    "*/kill*",
    "raft/*#1",
    "paxos/set*",
]
IDS = [
    "raft/register/kill@local#1",
    "raft/set/partition@sim#10",
    "paxos/register/kill@sim#2",
    "Paxos/set/pause,kill@sim+a#31",
    "or-not/and/not@sim#1",
    "",
]


def expressions() -> st.SearchStrategy[str]:
    """With brackets and blanks wherever they may stand."""
    blank = st.sampled_from([" ", "  ", "\t"])
    joint = st.sampled_from(["and", "or"])
    bracketed = st.tuples(st.sampled_from(["({})", "( {} )", "(({}))"]))
    return st.recursive(
        st.sampled_from(WORDS),
        lambda inner: st.one_of(
            st.builds(lambda a, b, word, s: f"{a}{s}{word}{s}{b}", inner, inner, joint, blank),
            st.builds(lambda a, s: f"not{s}{a}", inner, blank),
            st.builds(lambda a, pattern: pattern[0].format(a), inner, bracketed),
            st.builds(lambda a: f"not({a})", inner),
        ),
        max_leaves=8,
    )  # fmt: skip


def matches(word: str, name: str) -> bool:
    """By regular expressions: part of the name, in whatever case, or a pattern of all of it."""
    pattern = "".join(".*" if c == "*" else re.escape(c) for c in word)
    return (
        re.search(re.escape(word), name, re.IGNORECASE) is not None or re.fullmatch(pattern, name) is not None
    )


def by_python(expression: str, name: str) -> bool:
    tokens = re.findall(r"[()]|[^\s()]+", expression)
    kept = ("and", "or", "not", "(", ")")
    return bool(eval(" ".join(token if token in kept else str(matches(token, name)) for token in tokens)))


@given(expressions(), st.sampled_from(IDS))
def test_it_means_what_it_means_in_python(expression: str, name: str) -> None:
    assert chosen_by(expression)(name) == by_python(expression, name)


@pytest.mark.parametrize(
    ("expression", "name", "chosen"),
    [
        ("raft", "a/RAFT/b#1", True),
        ("RAFT", "raft", True),
        ("raft/*", "raft/register#1", True),
        ("register*", "raft/register#1", False),
        ("raft/register", "raft/register#1", True),
        ("#1", "raft#10", True),
        ("*#1", "raft#10", False),
        ("ra?t/*", "raft/x", True),
        ("[rs]aft", "raft", True),
        ("not kill and raft", "raft", True),
        ("not (kill and raft)", "raft/kill", False),
        ("a or b and c", "a", True),
        ("(a or b) and c", "a", False),
        ("not not a", "a", True),
        ("notkill", "kill", False),
        ("android", "android", True),
        ("And", "and", True),
        ("__import__", "x", False),
    ],
)
def test_words_and_patterns(expression: str, name: str, chosen: bool) -> None:
    assert chosen_by(expression)(name) is chosen


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("", "the expression is empty"),
        (" \t", "the expression is empty"),
        ("raft kill", "'kill' is one too many"),
        ("raft)", "')' is one too many"),
        ("raft not kill", "'not' is one too many"),
        ("(raft", "a bracket is not closed"),
        ("(raft kill)", "a bracket is not closed"),
        ("raft and", "it ends where a word should follow"),
        ("not", "it ends where a word should follow"),
        ("(", "it ends where a word should follow"),
        ("and raft", "'and' where a word should stand"),
        ("raft or or kill", "'or' where a word should stand"),
        ("()", "')' where a word should stand"),
        ("not and", "'and' where a word should stand"),
    ],
)
def test_what_is_no_expression(expression: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        chosen_by(expression)
    assert said in caught.value.problem
    assert caught.value.problem.startswith("-k")
    assert caught.value.fix is not None
    assert "-k" in caught.value.fix
    assert caught.value.exit_code == EXIT_USAGE


@given(st.lists(st.sampled_from(["a", "and", "or", "not", "(", ")"]), max_size=7))
def test_what_is_no_expression_in_python_is_none_here(tokens: list[str]) -> None:
    try:
        compile("\n".join(["("] + ["1" if token == "a" else token for token in tokens] + [")"]), "", "eval")
        is_one = "( )" not in " ".join(tokens) and tokens != []
    except SyntaxError:
        is_one = False
    if not re.search(r"[a)] \(", " ".join(tokens)):  # Python calls what stands before
        try:
            chosen_by(" ".join(tokens))
        except ConfigError:
            assert not is_one
        else:
            assert is_one
