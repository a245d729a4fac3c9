"""`make bench`: every measurement, one after the other."""

from __future__ import annotations

from benchmarks import campaign_store, harness_rate, raft_rate, ready

if __name__ == "__main__":
    for measurement in (harness_rate, raft_rate, ready, campaign_store):
        measurement.main()
