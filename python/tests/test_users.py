"""Servers that want to know who calls."""

import subprocess

import oxidb
import pytest
import sqlalchemy as sa
from conftest import BINARY, Server


@pytest.fixture
def directory(tmp_path, monkeypatch):
    monkeypatch.setenv("OXIDB_BINARY", str(BINARY))
    path = tmp_path / "db"
    with oxidb.connect(path) as db:
        db.sql("CREATE TABLE t (a int)")
    subprocess.run([BINARY, "user", "add", path, "ada", "--password-file", "-"], input="a long secret\n", text=True, check=True, capture_output=True)
    return path


def token(directory):
    made = subprocess.run([BINARY, "token", "create", directory, "ada"], text=True, check=True, capture_output=True)
    return made.stdout.split()[-1]


def test_a_server_elsewhere(directory):
    secret = token(directory)
    server = Server("--db", str(directory))
    for who in ({"user": "ada", "password": "a long secret"}, {"token": secret}):
        with oxidb.connect(server.uri, **who) as db:
            assert db.sql("SELECT count(*) FROM t").scalar() == 0
    for who in ({}, {"user": "ada", "password": "wrong"}, {"token": "wrong"}):
        with pytest.raises(oxidb.OperationalError) as raised:
            oxidb.connect(server.uri, **who)
        assert "no server answers" not in str(raised.value)
    engine = sa.create_engine(f"oxidb://ada:a%20long%20secret@{server.address}")
    with engine.connect() as c:
        assert c.scalar(sa.text("SELECT count(*) FROM t")) == 0
    engine.dispose()
    assert server.stop() == 0


def test_a_server_of_ones_own(directory):
    with oxidb.connect(directory, user="ada", password="a long secret") as db:
        assert db.sql("SELECT count(*) FROM t").scalar() == 0
    with pytest.raises(oxidb.OperationalError):
        oxidb.connect(directory)


@pytest.mark.parametrize("who", [{"user": "ada"}, {"password": "x"}, {"user": "ada", "password": "x", "token": "y"}])
def test_half_a_name(who):
    with pytest.raises(oxidb.InterfaceError):
        oxidb.connect("grpc://127.0.0.1:1", **who)
