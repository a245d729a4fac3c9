"""Faults for the compiled search, one for each reduction and each promise it makes; see `mutations`.

Invariants: every `old` stands once in its module.
"""

from __future__ import annotations

from tests.oracles.mutation import Mutation

EXPAND, MOVES = "checkers.lincheck.kernel.expand", "checkers.lincheck.kernel.moves"
LAYERS, PREPARE = "checkers.lincheck.kernel.layers", "checkers.lincheck.kernel.prepare"
DIVE, SEARCH = "checkers.lincheck.kernel.dive", "checkers.lincheck.search"

KERNEL: tuple[Mutation, ...] = (
    Mutation(
        "reset-before-its-call",
        "a reset goes before X although it was called after X",
        EXPAND,
        "if r[c + PARENT] == NONE and r[c + R_RECORD + 1 + p[WORDS] + k] & bit:",
        "if r[c + PARENT] == NONE:",
        "crafted:cas:reset-called-late",
    ),
    Mutation(
        "any-reset-before-x",
        "of the resets that go before X, those called after X are not left out",
        EXPAND,
        "        if before_x:\n            left &= r[b + 1 + words + k]\n        while left:\n"
        "            bit = left & -left\n            left ^= bit\n            one = owner(p, k, bit)\n"
        "            if not leads_to",
        "        while left:\n"
        "            bit = left & -left\n            left ^= bit\n            one = owner(p, k, bit)\n"
        "            if not leads_to",
        "short:register:7001090",
    ),
    Mutation(
        "observers-before-their-call",
        "a reset before X satisfies observers that were called after X",
        MOVES,
        "if covered_only:",
        "if covered_only and words < 0:",
        "short:cas:7000021",
    ),
    Mutation(
        "reader-narrows",
        "an observer that narrows the states is closed without narrowing them",
        MOVES,
        "return step(p, t, state, type_at(p, k, bit)) == state",
        "return step(p, t, state, type_at(p, k, bit)) >= -2",
        "short:automaton:8100048",
    ),
    Mutation(
        "latest-deadline-first",
        "of equal operations the one that returns last is used",
        EXPAND,
        "if theirs < rank or (theirs == rank and other > op):",
        "if theirs > rank or (theirs == rank and other > op):",
        "short:register:7000048",
    ),
    Mutation(
        "covered-and-not-alike",
        "operations that may go before X compete with those that may not",
        EXPAND,
        "if not is_first(p, r, b, one, OTHERS, covered, not covered):",
        "if not is_first(p, r, b, one, OTHERS, False, False):",
        "crafted:cas:twins-on-both-sides",
    ),
    Mutation(
        "junk-forbidden",
        "states collapse although some operation forbids one of them",
        MOVES,
        "p[p[WANTED] + state] <= e and p[p[SHUNNED] + state] <= e",
        "p[p[WANTED] + state] <= e",
        "small:cas:7000020",
    ),
    Mutation(
        "junk-wanted",
        "states collapse although some operation expects one of them",
        MOVES,
        "p[p[WANTED] + state] <= e and p[p[SHUNNED] + state] <= e",
        "p[p[SHUNNED] + state] <= e",
        "crafted:cas:chain-before-x",
    ),
    Mutation(
        "dominance-observers",
        "a configuration with more open observers dominates",
        LAYERS,
        "if more & p[p[OBSERVERS] + k] or less & (p[p[RESETS] + k] | never):",
        "if less & (p[p[RESETS] + k] | never):",
        "small:multi-register:7000074",
    ),
    Mutation(
        "dominance-choices",
        "a configuration that has used up more resets dominates",
        LAYERS,
        "if more & p[p[OBSERVERS] + k] or less & (p[p[RESETS] + k] | never):",
        "if more & p[p[OBSERVERS] + k]:",
        "short:cas:7001146",
    ),
    Mutation(
        "dominance-others",
        "a configuration dominates although other operations are open in it",
        LAYERS,
        "if (more | less) & p[p[OTHERS] + k] & ~p[p[OBSERVERS] + k] & ~never:",
        "if more & less:",
        "small:cas:7000010",
    ),
    Mutation(
        "dominance-shunned",
        "a state that some operation forbids dominates the one that stands for junk",
        LAYERS,
        "if a[c] != JUNK or p[STATES] == 0 or p[p[SHUNNED] + a[b]] > p[EVENT]:",
        "if a[c] != JUNK or p[STATES] == 0:",
        "crafted:cas:write-that-hides",
    ),
    Mutation(
        "dominance-covered",
        "a configuration in which less may go before X dominates",
        LAYERS,
        " or a[c + 1 + words + k] & ~covered & mine:",
        ":",
        "crafted:cas:rewritten-later",
    ),
    Mutation(
        "dominance-obligations",
        "a configuration with more resets to place, which may not go before X, dominates",
        LAYERS,
        "if more & p[p[RESETS] + k] & ~never & ~covered or",
        "if",
        "short:cas:8000684",
    ),
    Mutation(
        "dropped-though-forbidden",
        "a crashed operation is dropped although it may spare others a state that they forbid",
        PREPARE,
        "if p[p[ASSIGN] + t] < 0 or forbids or p[STATES] == 0:",
        "if p[p[ASSIGN] + t] < 0 or p[STATES] == 0:",
        "small:guards:7000089",
    ),
    Mutation(
        "dropped-though-wanted",
        "a crashed operation is dropped although its state is expected later",
        PREPARE,
        "return last < p[EVENTS] and last < first",
        "return last < p[EVENTS]",
        "short:register:7001009",
    ),
    Mutation(
        "half-open-intervals",
        "a call at the moment of a return comes after it",
        PREPARE,
        "while called < n and call[called] <= at:",
        "while called < n and call[called] < at:",
        "small:register:7000001",
    ),
    Mutation(
        "explicit-reset-skipped",
        "a reset to junk is not tried although the present state is forbidden to others",
        EXPAND,
        "and p[LAST_SHUNNED] <= p[EVENT]:",
        "and r[c + R_RECORD] > JUNK:",
        "crafted:cas:write-that-hides",
    ),
    Mutation(
        "explicit-reset-by-state",
        "a reset to junk is not tried although a state that is still to come is forbidden to others",
        EXPAND,
        "and p[LAST_SHUNNED] <= p[EVENT]:",
        "and p[p[LAST_SHUNNED - 9] + r[c + R_RECORD]] <= p[EVENT]:",
        "crafted:cas:write-that-hides-a-chain",
    ),
    Mutation(
        "block-ends-early",
        "nothing follows in a block before X once the operation that returns is in it",
        EXPAND,
        "return follow(p, t, r, i, BEFORE_X_DONE)",
        "return True",
        "crafted:cas:chain-before-x",
    ),
    Mutation(
        "no-chain-after-reset",
        "a reset is tried only if the operation that returns is legal directly behind it",
        EXPAND,
        "    for k in range(p[WORDS]):\n        left = x[b + 1 + k] & p[p[OTHERS] + k]\n",
        "    for k in range(p[WORDS]):\n        left = 0\n",
        "short:cas:7001033",
    ),
    Mutation(
        "entries-without-saved-state",
        "entries before X are taken for equal although the states behind X differ",
        EXPAND,
        "    value = mix(hash_ints(r, b + R_RECORD, width), r[b + MODE] * 0x1000001 + r[b + SAVED] + 8)\n"
        "    at = value & r[HEADS_MASK]\n"
        "    stamp = r[STAMP] * STAMPED\n"
        "    while r[HEADER + at] >= stamp:\n"
        "        c = entry(p, r, r[HEADER + at] - stamp)\n"
        "        if r[b + MODE] == r[c + MODE] and r[b + SAVED] == r[c + SAVED]:",
        "    value = mix(hash_ints(r, b + R_RECORD, width), r[b + MODE] * 0x1000001)\n"
        "    at = value & r[HEADS_MASK]\n"
        "    stamp = r[STAMP] * STAMPED\n"
        "    while r[HEADER + at] >= stamp:\n"
        "        c = entry(p, r, r[HEADER + at] - stamp)\n"
        "        if r[b + MODE] == r[c + MODE]:",
        "crafted:cas:two-states-behind-x",
    ),
    Mutation(
        "records-without-covered",
        "configurations are taken for equal although the masks of what may go before X differ",
        EXPAND,
        "if equal_ints(a, b + A_RECORD, c + A_RECORD, width):",
        "if equal_ints(a, b + A_RECORD, c + A_RECORD, 1):",
        "short:cas:7001604",
    ),
    Mutation(
        "wrong-one-failed",
        "depth first remembers the wrong configuration as one that leads nowhere",
        DIVE,
        "remember(p, a, f, f[f[F_NEXT] + e - 1] - 1)",
        "remember(p, a, f, f[f[F_NEXT] + e - 1])",
        "crafted:cas:write-that-hides",
    ),
    Mutation(
        "relaxed-is-believed",
        "an order that uses a crashed operation more often than there are any is believed",
        SEARCH,
        "            if not np.any(short):",
        "            if len(short) >= 0:",
        "crafted:cas:crashed-once",
    ),
)
