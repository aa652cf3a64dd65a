"""Clients that cancel, vanish or come in crowds, and servers that are told to stop."""

import concurrent.futures
import contextlib
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import adbc_driver_manager.dbapi as manager
import pytest
from conftest import Server

# Rows without end, as far as a test is concerned: 10^12.
ENDLESS = "SELECT a.g + b.g FROM generate_series(1, 1000000) AS a(g), generate_series(1, 1000000) AS b(g)"
BUSY = f"SELECT sum(x) FROM ({ENDLESS}) AS t(x)"


def cpu_seconds(server):
    fields = open(f"/proc/{server.process.pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def assert_idle(server, within=10):
    """The server stops computing."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        before = cpu_seconds(server)
        time.sleep(0.5)
        if cpu_seconds(server) - before < 0.15:
            return
    pytest.fail("the server is still busy")


@pytest.fixture
def own_server():
    s = Server("--db", ":memory:")
    yield s
    assert s.stop() == 0


def test_cancel(own_server):
    with own_server.connect(autocommit=True) as c, c.cursor() as cur:
        timer = threading.Timer(0.5, cur.adbc_cancel)
        timer.start()
        with pytest.raises(manager.Error, match="(?i)cancel"):
            cur.execute(BUSY)
            cur.fetchall()
        timer.join()
        assert_idle(own_server)
        cur.execute("SELECT 1")
        assert cur.fetchall() == [(1,)]


def test_result_that_is_not_read_to_its_end(own_server):
    with own_server.connect(autocommit=True) as c:
        with c.cursor() as cur:
            cur.execute(ENDLESS)
            assert cur.fetchone() is not None
        assert_idle(own_server)


def test_killed_client(own_server):
    script = f"""
        import adbc_driver_flightsql.dbapi as dbapi
        c = dbapi.connect({own_server.uri!r}, autocommit=True)
        cur = c.cursor()
        print("running", flush=True)
        cur.execute({BUSY!r})
        cur.fetchall()
    """
    client = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE)
    assert client.stdout.readline() == b"running\n"
    before = cpu_seconds(own_server)
    deadline = time.monotonic() + 30
    while cpu_seconds(own_server) - before < 0.3:
        assert time.monotonic() < deadline, "the query should be running"
        time.sleep(0.1)
    client.send_signal(signal.SIGKILL)
    client.wait()
    client.stdout.close()
    assert_idle(own_server)
    with own_server.connect() as c, c.cursor() as cur:
        cur.execute("SELECT 1")
        assert cur.fetchall() == [(1,)]


def work(job):
    uri, number = job
    import adbc_driver_flightsql.dbapi as dbapi

    with dbapi.connect(uri) as c, c.cursor() as cur:
        for i in range(10):
            cur.execute("INSERT INTO crowd VALUES (?, ?)", (number, i))
            c.commit()
        cur.execute("SELECT count(*) FROM crowd WHERE client = ?", (number,))
        return cur.fetchone()[0]


def test_concurrent_clients(own_server):
    with own_server.connect(autocommit=True) as c, c.cursor() as cur:
        cur.execute("CREATE TABLE crowd (client int, i int)")
        context = multiprocessing.get_context("spawn")
        with concurrent.futures.ProcessPoolExecutor(4, mp_context=context) as pool:
            assert list(pool.map(work, [(own_server.uri, n) for n in range(8)])) == [10] * 8
        cur.execute("SELECT count(*), count(DISTINCT client) FROM crowd")
        assert cur.fetchall() == [(80, 8)]


def test_concurrent_cursors_of_one_connection(server):
    with server.connect(autocommit=True) as c:

        def total(n):
            with c.cursor() as cur:
                cur.execute("SELECT sum(g) FROM generate_series(1, ?) AS t(g)", (n,))
                return cur.fetchone()[0]

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            assert [int(v) for v in pool.map(total, range(1, 65))] == [n * (n + 1) // 2 for n in range(1, 65)]


# The driver complains about statements whose server has gone.
gone = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


def end(*resources):
    """Closes what belongs to a server that has gone."""
    for r in resources:
        with contextlib.suppress(manager.Error):
            r.close()


@gone
def test_stop_waits_for_running_calls():
    s = Server("--db", ":memory:", "--drain", "60s")
    c = s.connect(autocommit=True)
    cur = c.cursor()
    cur.execute("SELECT g FROM generate_series(1, 3000000) AS t(g)")
    assert cur.fetchone() is not None
    s.process.send_signal(signal.SIGTERM)
    assert len(cur.fetch_arrow_table()) > 2_900_000
    assert s.stop() == 0
    end(cur, c)


@gone
def test_stop_cancels_what_does_not_end(tmp_path):
    s = Server("--db", str(tmp_path / "db"), "--drain", "500ms")
    c = s.connect(autocommit=True)
    cur = c.cursor()
    cur.execute("CREATE TABLE t AS SELECT 1 AS a")
    cur.execute(ENDLESS)
    cur.fetchone()
    assert s.stop() == 0
    end(cur, c)
    again = Server("--db", str(tmp_path / "db"))
    with again.connect(autocommit=True) as c, c.cursor() as cur:
        cur.execute("SELECT a FROM t")
        assert cur.fetchall() == [(1,)]
    assert again.stop() == 0


def test_second_server_on_the_same_directory(tmp_path):
    s = Server("--db", str(tmp_path / "db"))
    with pytest.raises(RuntimeError, match="(?i)lock|in use|another process"):
        Server("--db", str(tmp_path / "db"))
    assert s.stop() == 0


@gone
def test_open_transaction_of_a_stopped_server_is_rolled_back(tmp_path):
    s = Server("--db", str(tmp_path / "db"))
    with s.connect(autocommit=True) as c, c.cursor() as cur:
        cur.execute("CREATE TABLE t (a int)")
    c = s.connect()
    with c.cursor() as cur:
        cur.execute("INSERT INTO t VALUES (1)")
    assert s.stop() == 0
    again = Server("--db", str(tmp_path / "db"))
    with again.connect(autocommit=True) as d, d.cursor() as cur:
        cur.execute("SELECT count(*) FROM t")
        assert cur.fetchall() == [(0,)]
    assert again.stop() == 0
    end(c)
