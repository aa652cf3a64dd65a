#!/usr/bin/env python3
"""Compares answers/sf1 with the answers that the TPC hands out beside its generator.

    python3 official_answers.py FOLDER         (FOLDER holds q1.out ... q22.out)

The official files pad text with blanks and round numbers, mostly to two decimals: values must be equal
without the blanks and within one unit of the last decimal written. Rows must come in the same order.
Q17 gets the tolerance of clause 2.1.3.5 for sums, 100: its file says 348406.02, which times 7 is no sum of
the prices that qualify (2438842.38).
"""
import csv
import gzip
import io
import pathlib
import sys
from decimal import Decimal, InvalidOperation
from functools import partial

HERE = pathlib.Path(__file__).resolve().parent


def committed(number):
    path = HERE / "answers/sf1" / f"q{number:02d}.csv"
    data = path.read_bytes() if path.exists() else gzip.decompress(path.with_suffix(".csv.gz").read_bytes())
    return list(csv.reader(io.StringIO(data.decode())))[1:]


def official(folder, number):
    lines = pathlib.Path(folder, f"q{number}.out").read_text().splitlines()[1:]
    return [[field.strip() for field in line.split("|")] for line in lines if line.strip()]


def equal(number, ours, theirs):
    if ours.strip() == theirs:
        return True
    try:
        rounded = Decimal(theirs)
        unit = Decimal(100) if number == 17 else Decimal(1).scaleb(rounded.as_tuple().exponent)
        return abs(Decimal(ours) - rounded) <= unit
    except InvalidOperation:
        return False


def main():
    wrong = 0
    for number in range(1, 23):
        ours, theirs = committed(number), official(sys.argv[1], number)
        different = [pair for pair in zip(ours, theirs)
                     if len(pair[0]) != len(pair[1]) or not all(map(partial(equal, number), *pair))]
        same = not different and len(ours) == len(theirs)
        wrong += not same
        print(f"Q{number:<2} {'equal' if same else 'DIFFERENT'}, {len(ours)} rows", *different[:2])
    sys.exit(f"{wrong} answers differ" if wrong else 0)


if __name__ == "__main__":
    main()
