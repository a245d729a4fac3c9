"""Five Raft nodes: seconds from command to first OK operation.

`python -m benchmarks.ready`
"""

from __future__ import annotations

import statistics

from benchmarks.raft_rate import run

TARGET_S = 4.0


def main() -> None:
    """Print the median of five starts and its ratio to the target."""
    times = []
    for seed in range(5):
        card = run("--nodes", "5", "--time", "3s", "--seed", str(seed))["card"]
        assert isinstance(card, dict)
        times.append(float(card["first_ok_s"]))
    median = statistics.median(times)
    seen = f"median {median:.2f} s (max {max(times):.2f} s)"
    print(f"first OK operation, 5 raft nodes: {seen}; {median / TARGET_S:.2f} x the limit of {TARGET_S:g} s")


if __name__ == "__main__":
    main()
