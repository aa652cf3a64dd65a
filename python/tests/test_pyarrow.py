"""Raw pyarrow.flight: SQL text as a ticket or command, tables as paths, and bad input."""

import pyarrow as pa
import pyarrow.flight as fl
import pytest


@pytest.fixture
def client(server):
    with fl.connect(server.uri) as c:
        yield c


def read(client, sql):
    return client.do_get(fl.Ticket(sql.encode())).read_all()


def test_sql_as_ticket(client):
    assert read(client, "SELECT 1 AS a, 'grün' AS b").to_pylist() == [{"a": 1, "b": "grün"}]


def test_sql_as_command(client):
    info = client.get_flight_info(fl.FlightDescriptor.for_command(b"SELECT 41 + 1 AS answer"))
    assert info.schema.names == ["answer"]
    reader = client.do_get(info.endpoints[0].ticket)
    assert reader.schema.equals(info.schema, check_metadata=True)
    assert reader.read_all().to_pylist() == [{"answer": 42}]


def test_get_schema(client):
    schema = client.get_schema(fl.FlightDescriptor.for_command(b"SELECT 1 AS a, 2.50 AS b")).schema
    assert schema.names == ["a", "b"]


def test_table_as_path(client, auto, table):
    data = pa.table({"id": [1, 2, 3], "s": ["a", "b", None]})
    for _ in range(2):  # creates the table, then appends to it
        writer, _ = client.do_put(fl.FlightDescriptor.for_path(table), data.schema)
        with writer:
            writer.write_table(data)
    for path in ((table,), ("public", table), ("oxidb", "public", table)):
        info = client.get_flight_info(fl.FlightDescriptor.for_path(*path))
        assert client.do_get(info.endpoints[0].ticket).read_all().num_rows == 6
    listed = [f.descriptor.path for f in client.list_flights()]
    assert [b"public", table.encode()] in listed


def test_actions_are_listed(client):
    actions = {a.type for a in client.list_actions()}
    assert {"CreatePreparedStatement", "BeginTransaction", "CancelFlightInfo", "SetSessionOptions", "CloseSession"} <= actions


def test_basic_authentication_is_welcome(client):
    header, _ = client.authenticate_basic_token("somebody", "secret")
    assert header == b"authorization"


def wrapped(name, value):
    """The bytes of a google.protobuf.Any."""
    url = b"type.googleapis.com/" + name.encode()
    return b"\n" + bytes([len(url)]) + url + b"\x12" + bytes([len(value)]) + value


@pytest.mark.parametrize(
    "ticket, message",
    [
        (b"", "neither"),
        (b"\xff\xfe\x00", "neither"),
        (wrapped("arrow.flight.protocol.sql.TicketStatementQuery", b"\n\x03abc"), "unknown to the server"),
        (wrapped("arrow.flight.protocol.sql.CommandPreparedStatementQuery", b"\n\x03abc"), "unknown to the server"),
        (wrapped("arrow.flight.protocol.sql.CommandStatementUpdate", b""), "cannot be fetched"),
        (wrapped("no.such.Type", b""), "decoded"),
        (b"SELECT * FROM no_such_table", "42P01"),
    ],
)
def test_foreign_tickets(client, ticket, message):
    with pytest.raises(pa.ArrowException, match=message):
        client.do_get(fl.Ticket(ticket)).read_all()
    assert read(client, "SELECT 1 AS a").num_rows == 1


def test_error_in_the_middle_of_a_stream(client):
    sql = "SELECT 1 / (150000 - g) FROM generate_series(1, 200000) AS t(g)"
    with pytest.raises(pa.ArrowException, match="22012"):
        read(client, sql)


def test_paths_that_are_no_tables(client):
    for path in (("a", "b", "c", "d"), ("no_such_table",), ("other_catalog", "public", "t")):
        with pytest.raises(pa.ArrowException):
            client.get_flight_info(fl.FlightDescriptor.for_path(*path))


def test_unknown_action(client):
    with pytest.raises(pa.ArrowException):
        list(client.do_action(fl.Action("NoSuchAction", b"\xff\xff")))
    assert read(client, "SELECT 1 AS a").num_rows == 1


def test_exchange_is_refused(client):
    with pytest.raises(pa.ArrowException, match="DoExchange"):
        writer, reader = client.do_exchange(fl.FlightDescriptor.for_command(b"x"))
        reader.read_all()
