#!/usr/bin/env python3
"""Says that no trial of a recording failed, and that each that is ok got all of its answers.

    nothing-failed.py TRIALS.CSV

A busy machine may make a trial invalid, never fail it. Names the clients and services that were run.
"""
import csv
import sys

rows = list(csv.DictReader(open(sys.argv[1])))
failed = [(row["label"], row["client"], row["reason"]) for row in rows if row["status"] == "failed"]
assert not failed, failed
ran = [row for row in rows if row["status"] in ("ok", "invalid")]
assert ran, "nothing was run"
for row in ran:
    if row["status"] == "ok":
        assert row["issued"] == row["ok"] == row["requests"], row
print("run:", *sorted({row["client"] for row in ran} | {row["service"] for row in ran}))
