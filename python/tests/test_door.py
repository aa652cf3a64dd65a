"""Who gets in, and how: users, tokens and encryption with ADBC and pyarrow."""

import subprocess

import adbc_driver_flightsql
import adbc_driver_flightsql.dbapi as dbapi
import adbc_driver_manager
import pyarrow.flight
import pytest

from conftest import BINARY, Server

PASSWORD = "correct horse"
HEADER = adbc_driver_flightsql.DatabaseOptions.AUTHORIZATION_HEADER.value
ROOT = adbc_driver_flightsql.DatabaseOptions.TLS_ROOT_CERTS.value


class Guarded:
    """A server with the user alice, a certificate of its own and a personal access token."""

    def __init__(self, directory):
        users = directory / "users"
        self.run("user", "add", str(directory), "alice", "--password-file", "-", text=PASSWORD)
        self.token = self.run("token", "create", str(directory), "alice").strip()
        self.server = Server("--db", ":memory:", "--users", str(users), "--tls", "auto", "--tls-dir", str(directory))
        self.uri = f"grpc+tls://{self.server.address}"
        self.root = (directory / "tls.crt").read_text()

    @staticmethod
    def run(*args, text=None):
        return subprocess.run([str(BINARY), *args], input=text, capture_output=True, text=True, check=True).stdout

    def connect(self, **options):
        return dbapi.connect(self.uri, autocommit=True, db_kwargs={ROOT: self.root, **options})


@pytest.fixture(scope="module")
def guarded(server, tmp_path_factory):
    g = Guarded(tmp_path_factory.mktemp("door"))
    yield g
    assert g.server.stop() == 0


def whoami(connection):
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        return cursor.fetchone()[0]


def test_user_and_password(guarded):
    with guarded.connect(username="alice", password=PASSWORD) as connection:
        assert whoami(connection) == "alice"


def test_personal_access_token(guarded):
    with guarded.connect(**{HEADER: "Bearer " + guarded.token}) as connection:
        assert whoami(connection) == "alice"


@pytest.mark.parametrize(
    "options, state",
    [
        ({"username": "alice", "password": "wrong horse"}, "28P01"),
        ({"username": "bob", "password": PASSWORD}, "28P01"),
        ({HEADER: "Bearer oxi_unknown"}, "28000"),
        ({}, "28000"),
    ],
)
def test_refused(guarded, options, state):
    with pytest.raises(adbc_driver_manager.Error, match=state):
        with guarded.connect(**options) as connection:
            whoami(connection)


def test_unknown_certificate(guarded):
    with pytest.raises(adbc_driver_manager.Error, match="certificate"):
        with dbapi.connect(guarded.uri, db_kwargs={"username": "alice", "password": PASSWORD}) as connection:
            whoami(connection)


def test_pyarrow_login(guarded):
    with pyarrow.flight.connect(guarded.uri, tls_root_certs=guarded.root) as client:
        name, value = client.authenticate_basic_token("alice", PASSWORD)
        assert value.startswith(b"Bearer ")
        options = pyarrow.flight.FlightCallOptions(headers=[(name, value)])
        table = client.do_get(pyarrow.flight.Ticket(b"SELECT current_user AS u"), options).read_all()
        assert table.to_pylist() == [{"u": "alice"}]
        with pytest.raises(pyarrow.flight.FlightUnauthenticatedError):
            client.authenticate_basic_token("alice", "wrong horse")
