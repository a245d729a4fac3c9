"""How sure a rate is that was counted in few runs: Wilson's score interval.

E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the American
Statistical Association 22 (158), 1927, pp. 209-212. Unlike the usual k/n ± z·σ it stays within [0, 1], and
says something of none of n and of all of n, which is what most cells of a matrix are.

Laws: 0 <= low <= k/n <= high <= 1; low is 0 exactly if k is 0, high is 1 exactly if k is n; the interval for
n - k is that for k turned round; more runs of the same rate never make it wider.
"""

from __future__ import annotations

import math

Z_95 = 1.959963984540054  # the standard normal distribution has 95 % between -z and z


def interval(k: int, n: int, z: float = Z_95) -> tuple[float, float]:
    """The bounds of the rate that k of n suggest; (0, 1), which says nothing, for none of none."""
    if not 0 <= k <= n:
        raise ValueError(f"{k} of {n} is no count")
    if n == 0:
        return 0.0, 1.0
    rate, square = k / n, z * z
    middle = (rate + square / (2 * n)) / (1 + square / n)
    half = z * math.sqrt(rate * (1 - rate) / n + square / (4 * n * n)) / (1 + square / n)
    low, high = max(middle - half, 0.0), min(middle + half, 1.0)
    return min(low, rate), max(high, rate)  # exact at none and at all, whatever was rounded


def in_words(k: int, n: int) -> str:
    """The interval in per cent: "11.8–76.9 %", "< 7.1 %" for none of n, "> 56.6 %" for all of n."""
    low, high = interval(k, n)
    if n == 0:
        return "–"
    if k == 0:
        return f"< {100 * high:.1f} %"
    if k == n:
        return f"> {100 * low:.1f} %"
    return f"{100 * low:.1f}–{100 * high:.1f} %"
