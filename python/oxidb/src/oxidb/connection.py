"""DB-API connections, to a server or to a database of one's own."""

from __future__ import annotations

import contextlib
import os
from typing import Any, Iterator, Mapping, Optional, Sequence

import adbc_driver_flightsql
import adbc_driver_manager as manager
import adbc_driver_manager.dbapi as adbc
import pyarrow as pa

from . import errors, server
from .cursor import Cursor
from .errors import InterfaceError, ProgrammingError, translated, translating
from .result import Result

_COOKIES = adbc_driver_flightsql.DatabaseOptions.WITH_COOKIE_MIDDLEWARE.value
_AUTHORIZATION = adbc_driver_flightsql.DatabaseOptions.AUTHORIZATION_HEADER.value
_SESSION = "adbc.flight.sql.session.option."
_MODES = ("create", "append", "replace", "create_append")


class Connection(adbc.Connection):
    """A DB-API connection: a session of the server, with its settings and its transaction.

    Without autocommit, the first statement begins a transaction, which lasts until commit or rollback. A `with` block
    commits at its end, or rolls back when it is left by an exception, and closes.

    Threads may share a connection, each with cursors of its own; they share its transaction, then.
    """

    Warning = errors.Warning
    Error = errors.Error
    InterfaceError = errors.InterfaceError
    DatabaseError = errors.DatabaseError
    DataError = errors.DataError
    OperationalError = errors.OperationalError
    IntegrityError = errors.IntegrityError
    InternalError = errors.InternalError
    ProgrammingError = errors.ProgrammingError
    NotSupportedError = errors.NotSupportedError

    def __init__(self, uri: str, *, autocommit: bool = False, options: Optional[Mapping[str, str]] = None, local: Optional[server.LocalServer] = None):
        self._closed = True  # until there is something to close
        self._local = local
        self.uri = uri
        database = link = None
        try:
            database = adbc_driver_flightsql.connect(uri, db_kwargs={_COOKIES: "true", **(options or {})})
            link = manager.AdbcConnection(database)
            _greet(link)
            super().__init__(database, link, autocommit=autocommit)
        except Exception as error:
            self._closed, self._local = True, None  # whoever gave the server lets go of it
            for opened in (link, database):
                if opened is not None:
                    opened.close()
            if isinstance(error, manager.Error):
                raise _unreachable(uri, error) from None
            raise
        self._commit_supported = True

    def cursor(self, *, adbc_stmt_kwargs: Optional[Mapping[str, Any]] = None) -> Cursor:
        """A new cursor."""
        self._expect_open()
        cursor = Cursor(self, adbc_stmt_kwargs)
        self._cursors.add(cursor)
        return cursor

    def execute(self, operation: str, parameters: Any = None, **kwargs: Any) -> Cursor:
        """Runs a statement on a new cursor."""
        return self.cursor(**kwargs).execute(operation, parameters)

    def sql(self, query: str, parameters: Any = None) -> Result:
        """Runs a statement and gives its whole result: `.df()`, `.pl()`, `.arrow()`, `.fetchall()`, `.show()`."""
        with self.cursor() as cursor:
            cursor.execute(query, parameters)
            if cursor.description is None:
                return Result(None, cursor.rowcount)
            table = cursor.fetch_arrow_table()
            return Result(table, table.num_rows)

    def ingest(self, name: str, data: Any, mode: str = "create", *, schema: Optional[str] = None) -> int:
        """Loads a table from a pandas or polars data frame, Arrow data, or a mapping of columns; gives the number of rows.

        mode: create (the table must not be there), append (it must; columns go by name), replace, create_append.
        The load belongs to the open transaction; one that fails leaves nothing behind.
        """
        if mode not in _MODES:
            raise ProgrammingError(f"mode is one of {', '.join(_MODES)}, not {mode!r}")
        with self.cursor() as cursor:
            return cursor.adbc_ingest(name, _arrow(data), mode, db_schema_name=schema)

    def register(self, name: str, data: Any) -> int:
        """Makes a data frame a table of that name, in place of one that has the name: ingest with mode replace."""
        return self.ingest(name, data, "replace")

    def commit(self) -> None:
        """Ends the transaction and keeps its changes; with autocommit there is nothing to do."""
        self._expect_open()
        if not self._autocommit:
            with translating():
                self._conn.commit()

    def rollback(self) -> None:
        """Ends the transaction and undoes it; with autocommit there is nothing to do."""
        self._expect_open()
        if not self._autocommit:
            with translating():
                self._conn.rollback()

    @property
    def autocommit(self) -> bool:
        """Whether every statement commits by itself. Turning it on commits what is open."""
        return self._autocommit

    @autocommit.setter
    def autocommit(self, on: bool) -> None:
        self._expect_open()
        if bool(on) != self._autocommit:
            with translating():
                self._conn.set_autocommit(bool(on))
            self._autocommit = bool(on)

    @contextlib.contextmanager
    def transaction(self) -> Iterator["Connection"]:
        """A block that is one transaction: committed at its end, rolled back when an exception leaves it.

        With autocommit, the block alone is a transaction; without, it ends the one that is open before.
        """
        before = self.autocommit
        if not before:
            self.commit()
        self.autocommit = False
        try:
            yield self
            self.commit()
        except BaseException:
            with contextlib.suppress(errors.Error):
                self.rollback()
            raise
        finally:
            if before and not self._closed:
                self.autocommit = True

    def cancel(self) -> None:
        """Stops what runs in any cursor; another thread may call it."""
        for cursor in list(self._cursors):
            with contextlib.suppress(errors.Error):
                cursor.cancel()

    def set_option(self, name: str, value: str) -> None:
        """Sets a setting of the session, outside of any transaction: as SET does, but for transactions to come, too."""
        self._expect_open()
        with translating():
            self._conn.set_options(**{_SESSION + name: value})

    @property
    def local_server(self) -> Optional[server.LocalServer]:
        """The server that was started for this connection's directory, if any."""
        return self._local

    def close(self) -> None:
        """Rolls back what is open, closes all cursors, and lets go of the local server."""
        if self._closed:
            return
        try:
            with translating():
                super().close()
        finally:
            self._closed = True
            if self._local is not None:
                server.release(self._local)

    def __enter__(self) -> "Connection":
        self._expect_open()
        return self

    def __exit__(self, kind: Any, value: Any, trace: Any) -> None:
        try:
            if not self._closed:
                if kind is None:
                    self.commit()
                else:
                    with contextlib.suppress(errors.Error):
                        self.rollback()
        finally:
            self.close()

    def __repr__(self) -> str:
        target = self._local.target if self._local is not None else self.uri
        return f"<oxidb.Connection {target}{', closed' if self._closed else ''}>"

    def _expect_open(self) -> None:
        if self._closed:
            raise InterfaceError("the connection is closed")


def connect(
    target: "str | os.PathLike[str]" = server.MEMORY,
    *,
    autocommit: bool = False,
    user: Optional[str] = None,
    password: Optional[str] = None,
    token: Optional[str] = None,
    binary: "str | os.PathLike[str] | None" = None,
    arguments: Sequence[str] = (),
    options: Optional[Mapping[str, str]] = None,
) -> Connection:
    """Connects to a server, or serves a database of one's own.

    target: "grpc://host:port" (grpc+tls:// with TLS, grpc+unix:///path), else a database directory, made when it is
        missing, or ":memory:".
    autocommit: whether every statement commits by itself; DB-API's default is not to.
    user, password: who calls, where the server wants to know.
    token: the same by a token: a personal one, or one of an OpenID Connect issuer.
    binary: the oxidb program for a directory or :memory:; else $OXIDB_BINARY, beside the package, or on PATH.
    arguments: flags for that server, such as ["--memory", "4GiB"]; they count when this connection starts it.
    options: options of ADBC's Flight SQL driver, such as its TLS settings.
    """
    where = os.fspath(target)
    options = {**_credentials(user, password, token), **(options or {})}
    if "://" in where:
        if arguments or binary is not None:
            raise InterfaceError("binary and arguments are for a server of one's own, and this one is elsewhere")
        return Connection(where, autocommit=autocommit, options=options)
    local = server.take(where, binary, arguments)
    try:
        return Connection(local.uri, autocommit=autocommit, options=options, local=local)
    except BaseException:
        server.release(local)
        raise


def _credentials(user: Optional[str], password: Optional[str], token: Optional[str]) -> dict[str, str]:
    """ADBC's options for who calls."""
    if token is not None:
        if user is not None or password is not None:
            raise InterfaceError("either a token, or a user and a password")
        return {_AUTHORIZATION: f"Bearer {token}"}
    if user is None and password is None:
        return {}
    if user is None or password is None:
        raise InterfaceError("a user and a password go together")
    return {"username": user, "password": password}


def _greet(link: manager.AdbcConnection) -> None:
    """Asks the server something: otherwise a wrong address would only show in the first statement."""
    handle = adbc._blocking_call(link.get_table_types, (), {}, link.cancel)
    pa.RecordBatchReader._import_from_c(handle.address).read_all()


def _unreachable(uri: str, error: manager.Error) -> errors.Error:
    known = translated(error)
    if known.sqlstate is None and "Unavailable" in str(error):
        return errors.OperationalError(f"no server answers at {uri}: {known.message}", status_code=error.status_code)
    return known


def _arrow(data: Any) -> Any:
    """Data as something that Arrow's C interface exports."""
    if isinstance(data, Mapping):
        return pa.table(data)
    if type(data).__module__.partition(".")[0] == "pandas":
        return pa.Table.from_pandas(data, preserve_index=False)
    if hasattr(data, "__arrow_c_stream__") or hasattr(data, "__arrow_c_array__") or hasattr(data, "scanner") or hasattr(data, "to_reader"):
        return data
    if isinstance(data, Sequence) and data and isinstance(data[0], Mapping):
        return pa.Table.from_pylist(list(data))
    raise ProgrammingError(f"{type(data).__name__} is no data frame and no Arrow data")
