"""OxiDB for Python: DB-API 2.0 (PEP 249) over Arrow Flight SQL, and what notebooks need.

    import oxidb

    with oxidb.connect("grpc://127.0.0.1:8815") as db:   # or a directory, or ":memory:"
        db.ingest("city", frame)
        db.sql("SELECT name FROM city WHERE people > ?", [500]).df()
"""

from adbc_driver_manager.dbapi import BINARY, DATETIME, NUMBER, ROWID, STRING, Date, DateFromTicks, Time, TimeFromTicks, Timestamp, TimestampFromTicks

from .connection import Connection, connect
from .cursor import Cursor, MonthDayNano
from .errors import (
    DatabaseError,
    DataError,
    Error,
    IntegrityError,
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    Warning,
)
from .result import Result

__version__ = "0.1.0"

#: DB-API 2.0.
apilevel = "2.0"
#: Threads may share the module and connections, not cursors.
threadsafety = 2
#: `?`; `$1` works as well.
paramstyle = "qmark"


def Binary(value: "bytes | bytearray | memoryview | str") -> bytes:
    """A value of type bytea."""
    return value.encode() if isinstance(value, str) else bytes(value)


def load_ipython_extension(ipython) -> None:
    """What `%load_ext oxidb` calls: gives %sql and %%sql."""
    from .magic import load

    load(ipython)


__all__ = [
    "BINARY",
    "Binary",
    "Connection",
    "Cursor",
    "DATETIME",
    "DataError",
    "DatabaseError",
    "Date",
    "DateFromTicks",
    "Error",
    "IntegrityError",
    "InterfaceError",
    "InternalError",
    "MonthDayNano",
    "NUMBER",
    "NotSupportedError",
    "OperationalError",
    "ProgrammingError",
    "ROWID",
    "Result",
    "STRING",
    "Time",
    "TimeFromTicks",
    "Timestamp",
    "TimestampFromTicks",
    "Warning",
    "apilevel",
    "connect",
    "paramstyle",
    "threadsafety",
]
