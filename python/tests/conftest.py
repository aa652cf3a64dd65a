"""A server of its own for the tests: in memory, on a free port."""

import pathlib
import re
import signal
import subprocess

import adbc_driver_flightsql.dbapi as dbapi
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = ROOT / "bin" / "oxidb"


class Server:
    """bin/oxidb serve as a child process."""

    def __init__(self, *args):
        if not BINARY.exists():
            subprocess.run(["go", "build", "-trimpath", "-o", str(BINARY), "./cmd/oxidb"], cwd=ROOT, check=True)
        self.process = subprocess.Popen(
            [str(BINARY), "serve", "--listen", "127.0.0.1:0", *args],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        line = self.process.stdout.readline()
        match = re.fullmatch(r"listening on (127\.0\.0\.1:\d+)\n", line)
        if not match:
            self.process.kill()
            raise RuntimeError(f"the server did not start: {line!r} {self.process.stderr.read()}")
        self.address = match.group(1)
        self.uri = f"grpc://{self.address}"

    def connect(self, **options):
        return dbapi.connect(self.uri, **options)

    def stop(self):
        """Ends the server as an operator would; gives its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=30)
        self.process.stdout.close()
        self.process.stderr.close()
        return code


@pytest.fixture(scope="session")
def server():
    s = Server("--db", ":memory:")
    yield s
    assert s.stop() == 0


@pytest.fixture
def connection(server):
    """DB-API's default: a transaction is always open."""
    with server.connect() as c:
        yield c
        c.rollback()


@pytest.fixture
def auto(server):
    """A connection where every statement commits by itself."""
    with server.connect(autocommit=True) as c:
        yield c


@pytest.fixture
def table(auto, request):
    """The name of a table that does not exist, and is dropped afterwards."""
    name = re.sub(r"\W", "_", request.node.name).lower()[:50]
    drop(auto, name)
    yield name
    drop(auto, name)


def drop(c, name):
    with c.cursor() as cur:
        cur.execute(f'DROP TABLE IF EXISTS "{name}"')
