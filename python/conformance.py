"""Runs the suites of the clients, each on servers of its own, and counts.

    python conformance.py [SUITE …]      adbc-go, adbc-python, python, jdbc; all by default

Ends with one line a suite: suite=… passed=… failed=… skipped=… . Exits with 1 when a test failed or a suite did not run
to its end. A suite whose tools are missing is skipped, with the reason.
"""

import collections
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml

ROOT = pathlib.Path(__file__).resolve().parents[1]

Counts = collections.namedtuple("Counts", "passed failed skipped reason", defaults=("",))


def adbc_go():
    """ADBC's own validation suite, in Go."""
    run = subprocess.run(["go", "test", "-count=1", "-json", "./..."], cwd=ROOT / "flight" / "adbctest", stdout=subprocess.PIPE, text=True)
    results, texts = {}, collections.defaultdict(list)
    for line in run.stdout.splitlines():
        event = json.loads(line)
        test = (event["Package"], event.get("Test"))
        if event["Action"] in ("pass", "fail", "skip"):
            results[test] = event["Action"]
        elif event["Action"] == "output":
            texts[test].append(event["Output"])
    parents = {(p, t.rpartition("/")[0]) for p, t in results if t and "/" in t}
    leaves = {test: r for test, r in results.items() if test[1] and test not in parents}
    for test, result in leaves.items():
        if result == "fail":
            print("".join(texts[test]))
    counted = collections.Counter(leaves.values())
    failed = counted["fail"] or int(run.returncode != 0)
    if failed and not counted["fail"]:
        print("".join(line for lines in texts.values() for line in lines))
    return Counts(counted["pass"], failed, counted["skip"])


def pytest(*names):
    """Files of python/tests."""
    with tempfile.TemporaryDirectory() as directory:
        report = pathlib.Path(directory) / "report.xml"
        files = [str(ROOT / "python" / "tests" / f"test_{n}.py") for n in names]
        run = subprocess.run([sys.executable, "-m", "pytest", "-q", f"--junitxml={report}", *files], cwd=ROOT)
        return counts([report] if report.exists() else [], run.returncode)


def adbc_python():
    return pytest("dbapi", "ingest", "pyarrow", "robust")


def python_package():
    return pytest("package", "local_server", "magic", "sqlalchemy", "users", "docs", "wheel")


def jdbc():
    """Apache Arrow's JDBC driver."""
    for tool in ("mvn", "java"):
        if shutil.which(tool) is None:
            return Counts(0, 0, 0, f"{tool} is not installed")
    module = ROOT / "jdbc"
    reports = module / "target" / "surefire-reports"
    shutil.rmtree(reports, ignore_errors=True)
    run = subprocess.run(["mvn", "-B", "-q", "test"], cwd=module)
    return counts(sorted(reports.glob("TEST-*.xml")), run.returncode)


def counts(reports, code):
    """What JUnit's files tell. A run that fails without a failed test has failed, too."""
    cases = [case for report in reports for case in xml.parse(report).getroot().iter("testcase")]
    failed = sum(1 for c in cases if c.find("failure") is not None or c.find("error") is not None)
    skipped = sum(1 for c in cases if c.find("skipped") is not None)
    return Counts(len(cases) - failed - skipped, failed or int(code != 0), skipped)


SUITES = {"adbc-go": adbc_go, "adbc-python": adbc_python, "python": python_package, "jdbc": jdbc}


def main(names):
    unknown = [n for n in names if n not in SUITES]
    if unknown:
        sys.exit(f"no suite {', '.join(unknown)}; there are {', '.join(SUITES)}")
    lines, failed = [], 0
    for name in names or SUITES:
        print(f"== {name}", flush=True)
        done = SUITES[name]()
        failed += done.failed
        lines.append(f"suite={name} passed={done.passed} failed={done.failed} skipped={done.skipped}" + (f" reason={done.reason!r}" if done.reason else ""))
    print("\n".join(lines))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
