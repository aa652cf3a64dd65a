"""oxidb.connect with a directory or :memory: a server of the process' own, which never outlives it."""

import os
import pathlib
import signal
import subprocess
import sys
import textwrap
import time

import oxidb
import pytest
from conftest import BINARY, Server
from oxidb.server import find_binary


@pytest.fixture(autouse=True)
def binary(monkeypatch):
    monkeypatch.setenv("OXIDB_BINARY", str(BINARY))


def gone(pid, within=120):
    """Waits until a process has ended; a child that nobody has waited for counts."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        try:
            state = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


def test_memory_is_private():
    with oxidb.connect() as a, oxidb.connect(":memory:") as b:
        a.ingest("t", {"x": [1]})
        a.commit()
        with pytest.raises(oxidb.ProgrammingError):
            b.sql("SELECT * FROM t")
        pids = [a.local_server.pid, b.local_server.pid]
        b.rollback()
    assert all(gone(p) for p in pids)


def test_a_directory_keeps_its_data(tmp_path):
    with oxidb.connect(tmp_path / "db") as db:
        db.ingest("t", {"x": [1, 2, 3]})
        pid = db.local_server.pid
    assert gone(pid)
    with oxidb.connect(str(tmp_path / "db")) as db:
        assert db.sql("SELECT sum(x) FROM t").scalar() == 6


def test_connections_to_a_directory_share_a_server(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    a = oxidb.connect("db", autocommit=True)
    b = oxidb.connect(tmp_path / "db", autocommit=True)
    assert a.local_server is b.local_server
    a.ingest("t", {"x": [1]})
    a.close()
    assert b.sql("SELECT x FROM t").scalar() == 1
    pid = b.local_server.pid
    b.close()
    assert gone(pid)


def test_a_killed_server_is_started_again(tmp_path):
    db = oxidb.connect(tmp_path / "db", autocommit=True)
    db.ingest("t", {"x": [1]})
    os.kill(db.local_server.pid, signal.SIGKILL)
    db.local_server._process.wait()
    with pytest.raises(oxidb.OperationalError):
        db.sql("SELECT 1")
    with oxidb.connect(tmp_path / "db") as again:
        assert again.sql("SELECT x FROM t").scalar() == 1
    db.close()


CHILD = """
    import os, signal, sys, oxidb
    db = oxidb.connect(sys.argv[1])
    db.ingest("t", {{"x": [1]}})
    db.commit()
    print(db.local_server.pid, flush=True)
    {end}
"""


@pytest.mark.parametrize("end", ["os.kill(os.getpid(), signal.SIGKILL)", "os._exit(3)", "raise SystemExit(4)", "1/0", "pass"])
def test_the_server_ends_with_python(tmp_path, end):
    script = textwrap.dedent(CHILD).format(end=end)
    child = subprocess.run([sys.executable, "-c", script, str(tmp_path / "db")], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert gone(int(child.stdout))
    with oxidb.connect(tmp_path / "db") as db:
        assert db.sql("SELECT x FROM t").scalar() == 1


def test_a_forked_child_does_not_hold_the_server(tmp_path):
    script = """
        import os, sys, time, oxidb
        db = oxidb.connect(sys.argv[1])
        child = os.fork()
        if child == 0:
            time.sleep(600)
        print(db.local_server.pid, child, flush=True)
        os._exit(0)
    """
    parent = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script), str(tmp_path / "db")], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    server, child = map(int, parent.stdout.readline().split())
    try:
        assert gone(server), "the forked child keeps the server alive"
    finally:
        os.kill(child, signal.SIGKILL)
        parent.wait()
        parent.stdout.close()


def test_interrupt_of_the_terminal_does_not_reach_the_server(tmp_path):
    with oxidb.connect(tmp_path / "db") as db:
        assert os.getpgid(db.local_server.pid) != os.getpgid(0)


def test_arguments_reach_the_server():
    with oxidb.connect(arguments=["--threads", "1"]) as db:
        assert b"--threads" in pathlib.Path(f"/proc/{db.local_server.pid}/cmdline").read_bytes()
    with pytest.raises(oxidb.OperationalError, match="unknown flag"):
        oxidb.connect(arguments=["--no-such-flag"])


def test_a_locked_directory(tmp_path):
    server = Server("--db", str(tmp_path / "db"))
    with pytest.raises(oxidb.OperationalError) as raised:
        oxidb.connect(tmp_path / "db")
    assert raised.value.sqlstate == "55006" and "is open in another process" in raised.value.message
    assert "connect to its server" in raised.value.hint
    assert server.stop() == 0


def test_a_file_is_no_database(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(oxidb.ProgrammingError, match="not a directory") as raised:
        oxidb.connect(tmp_path / "file")
    assert raised.value.sqlstate == "42809"


def test_where_the_binary_is_looked_for(tmp_path, monkeypatch):
    monkeypatch.delenv("OXIDB_BINARY")
    given = tmp_path / "oxidb"
    given.symlink_to(BINARY)
    assert find_binary(given) == str(given)
    monkeypatch.setenv("OXIDB_BINARY", str(given))
    assert find_binary() == str(given)
    with oxidb.connect(binary=given) as db:
        assert db.sql("SELECT 1").scalar() == 1
    monkeypatch.setenv("OXIDB_BINARY", str(tmp_path / "nothing"))
    with pytest.raises(oxidb.InterfaceError, match=r"\$OXIDB_BINARY names no program"):
        oxidb.connect()
    with pytest.raises(oxidb.InterfaceError, match="the argument binary names no program"):
        oxidb.connect(binary=tmp_path / "nothing")


def test_without_a_binary(tmp_path):
    """The package elsewhere, without a program beside it or on PATH."""
    script = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import oxidb; assert oxidb.__file__.startswith({str(tmp_path)!r}); oxidb.connect()"
    source = pathlib.Path(oxidb.__file__).parent
    subprocess.run(["cp", "-r", str(source), str(tmp_path / "oxidb")], check=True)
    environment = {k: v for k, v in os.environ.items() if k not in ("OXIDB_BINARY", "PATH")} | {"PATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert "InterfaceError: the oxidb program is not there" in done.stderr and "HINT: Build it" in done.stderr


def test_a_program_that_is_no_oxidb(tmp_path):
    fake = tmp_path / "oxidb"
    fake.write_text("#!/bin/sh\necho 'what is this?' >&2\nexit 1\n")
    fake.chmod(0o755)
    with pytest.raises(oxidb.OperationalError, match="did not start: what is this"):
        oxidb.connect(binary=fake)


def test_binary_is_not_for_servers_elsewhere():
    with pytest.raises(oxidb.InterfaceError, match="server of one's own"):
        oxidb.connect("grpc://127.0.0.1:1", binary=BINARY)
