#!/usr/bin/env python3
"""Compares this generator's .tbl files with those of tpchgen-cli (PyPI), byte for byte, and both with
dbgen/testdata/sha256.txt.

    python3 compare_tpchgen.py [scale ...]     (default: 0.01 1; needs tpchgen-cli beside python3, and go)

Scales that the file does not list are compared with tpchgen-cli alone.
"""
import hashlib
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
TABLES = "region nation supplier customer part partsupp orders lineitem".split()


def recorded():
    sums = {}
    for line in (HERE / "dbgen/testdata/sha256.txt").read_text().splitlines():
        if not line.startswith("#"):
            digest, key = line.split("  ")
            sums[key] = digest
    return sums


def checksums(folder):
    sums = {}
    for table in TABLES:
        with open(pathlib.Path(folder, f"{table}.tbl"), "rb") as file:
            sums[table] = hashlib.file_digest(file, "sha256").hexdigest()
    return sums


def generate(command, folder, cwd=None):
    pathlib.Path(folder).mkdir()
    subprocess.run(command, cwd=cwd, check=True)
    return checksums(folder)


def compare(scale, expected):
    """The number of tables that differ."""
    cli = pathlib.Path(sys.executable).with_name("tpchgen-cli")
    with tempfile.TemporaryDirectory() as folder:
        ours = generate(["go", "run", "./export", "-format", "tbl", "-scale", scale, "-dir", f"{folder}/ours"],
                        f"{folder}/ours", HERE)
        theirs = generate([cli if cli.exists() else "tpchgen-cli", "-q", "-s", scale, "-o", f"{folder}/theirs"],
                          f"{folder}/theirs")
    wrong = 0
    for table in TABLES:
        record = expected.get(f"{scale}/{table}", theirs[table])
        equal = ours[table] == theirs[table] == record
        wrong += not equal
        print(f"{scale:>6} {table:<9} {'equal' if equal else 'DIFFERENT'} {ours[table]}")
    return wrong


def main():
    expected = recorded()
    wrong = sum(compare(scale, expected) for scale in sys.argv[1:] or ["0.01", "1"])
    sys.exit(f"{wrong} tables differ" if wrong else 0)


if __name__ == "__main__":
    main()
