#!/usr/bin/env python3
"""Says whether `diff` calls one cell slower, and no other. Its CSV comes on standard input.

    only-slower.py CELL EXIT_CODE [OUTCOME]

Ends with 0 if so. Ends with 3 where another try may show it: the cell is inconclusive, or another one is
called OUTCOME by chance (or called different in any way, without it). Ends with 1 if the cell is called
anything else.
"""
import csv
import sys

cell, code, *outcome = sys.argv[1:]
rows = list(csv.DictReader(sys.stdin))
[told] = [row["outcome"] for row in rows if row["name"] == cell]
undecided = ("equivalent", "inconclusive")
is_called = lambda row: row["outcome"] in outcome if outcome else row["outcome"] not in undecided
others = [f'{row["name"]} {row["outcome"]}' for row in rows if row["name"] != cell and is_called(row)]
print(f"exit {code}; {cell}: {told}; others: {'; '.join(others) or 'none'}")
if told not in ("slower", "inconclusive"):
    sys.exit(f"{cell} is not called slower")
if told == "slower" and code != "1":
    sys.exit("a slower cell must end with exit code 1")
sys.exit(3 if told == "inconclusive" or others else 0)
