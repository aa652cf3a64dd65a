"""DB-API's exceptions, with what the server tells about a failure: SQLSTATE, position, detail, hint.

Each class is also ADBC's class of the same name, so that tools that catch those (pandas, for one) keep working.
"""

from __future__ import annotations

import contextlib
import re
from typing import Any, Iterator, Optional

import adbc_driver_manager as adbc

ERROR_DOMAIN = "oxidb"
_ERROR_INFO = "type.googleapis.com/google.rpc.ErrorInfo"
_NO_CODE = adbc.AdbcStatusCode.UNKNOWN


class Warning(adbc.Warning):
    """A warning of the database."""


class Error(adbc.Error):
    """What every failure is.

    sqlstate: five characters, as PostgreSQL's; None when the failure is the client's own.
    position: where in the statement, as an index into its text (`statement[position:]`); None when it has no place.
    line, column: the same, counted from 1.
    message, detail, hint: the texts, each alone.
    statement: the SQL that failed, if any.
    """

    def __init__(self, message: str, *, status_code: Any = _NO_CODE, sqlstate: Optional[str] = None, **known: Any):
        code = {} if isinstance(self, adbc.NotSupportedError) else {"status_code": status_code}
        super().__init__(message, sqlstate=sqlstate, vendor_code=known.get("vendor_code"), details=known.get("details"), **code)
        self.message = message
        self.statement: Optional[str] = known.get("statement")
        self.position: Optional[int] = known.get("position")
        self.line: Optional[int] = known.get("line")
        self.column: Optional[int] = known.get("column")
        self.detail: Optional[str] = known.get("detail")
        self.hint: Optional[str] = known.get("hint")

    def __str__(self) -> str:
        """Message and SQLSTATE, the line with a caret under the place, detail and hint."""
        text = self.message + (f" (SQLSTATE {self.sqlstate})" if self.sqlstate else "")
        lines = [text]
        if self.statement is not None and self.line is not None and self.column is not None:
            source = self.statement.split("\n")
            if self.line <= len(source):
                prefix = f"LINE {self.line}: "
                lines += [prefix + source[self.line - 1].rstrip("\r").replace("\t", " "), " " * (len(prefix) + self.column - 1) + "^"]
        if self.detail:
            lines.append("DETAIL: " + self.detail)
        if self.hint:
            lines.append("HINT: " + self.hint)
        return "\n".join(lines)


class InterfaceError(Error, adbc.InterfaceError):
    """The client is used wrongly: a closed connection, fetching before executing."""


class DatabaseError(Error, adbc.DatabaseError):
    """A failure of the database."""


class DataError(DatabaseError, adbc.DataError):
    """Values: out of range, not a number, division by zero (class 22)."""


class OperationalError(DatabaseError, adbc.OperationalError):
    """Not the statement's fault: no server, a cancel, no memory, a conflict that may be tried again (40001)."""


class IntegrityError(DatabaseError, adbc.IntegrityError):
    """A constraint (class 23)."""


class InternalError(DatabaseError, adbc.InternalError):
    """A transaction in the wrong state (25, 2D, 3B), or the server's mistake (XX)."""


class ProgrammingError(DatabaseError, adbc.ProgrammingError):
    """The statement: syntax, names, rights, numbers of parameters."""


class NotSupportedError(DatabaseError, adbc.NotSupportedError):
    """What OxiDB does not have (0A000)."""


# SQLSTATE's classes, as PostgreSQL's drivers map them.
_CLASSES = {
    "02": DataError,
    "07": ProgrammingError,
    "08": OperationalError,
    "0A": NotSupportedError,
    "20": ProgrammingError,
    "21": ProgrammingError,
    "22": DataError,
    "23": IntegrityError,
    "24": InternalError,
    "25": InternalError,
    "26": ProgrammingError,
    "27": OperationalError,
    "28": OperationalError,
    "2B": InternalError,
    "2D": InternalError,
    "2F": OperationalError,
    "34": ProgrammingError,
    "3B": InternalError,
    "3D": ProgrammingError,
    "3F": ProgrammingError,
    "40": OperationalError,
    "42": ProgrammingError,
    "44": ProgrammingError,
    "53": OperationalError,
    "54": OperationalError,
    "55": OperationalError,
    "57": OperationalError,
    "58": OperationalError,
    "72": OperationalError,
    "XX": InternalError,
}

_STATE = re.compile(r"\(SQLSTATE ([0-9A-Z]{5})\)")
_FLIGHT = re.compile(r"^[A-Z_]+: (?:\[FlightSQL\] )?")


def class_of(sqlstate: str) -> type[DatabaseError]:
    """The exception of a SQLSTATE."""
    return _CLASSES.get(sqlstate[:2], DatabaseError)


def translated(error: BaseException, statement: Optional[str] = None) -> Error:
    """The same failure as one of this module's exceptions."""
    if isinstance(error, Error):
        return error
    info = _error_info(getattr(error, "details", None) or [])
    text = str(error)
    found = _STATE.search(text)
    sqlstate = info.get("sqlstate") or (found.group(1) if found else None)
    known: dict[str, Any] = {
        "status_code": getattr(error, "status_code", _NO_CODE),
        "vendor_code": getattr(error, "vendor_code", None),
        "details": getattr(error, "details", None),
        "detail": info.get("detail"),
        "hint": info.get("hint"),
        "statement": statement,
    }
    if statement is not None and "position" in info:
        known["position"], known["line"], known["column"] = _place(statement, int(info["position"]))
    if sqlstate:
        message = info.get("message") or _FLIGHT.sub("", text[: found.start()] if found else text).strip()
        return class_of(sqlstate)(message, sqlstate=sqlstate, **known)
    return _without_state(error)(_FLIGHT.sub("", text), **known)


def _without_state(error: BaseException) -> type[Error]:
    """The class of a failure that is not the server's."""
    for kind in (NotSupportedError, IntegrityError, DataError, OperationalError, ProgrammingError, InternalError, InterfaceError, DatabaseError):
        if type(error).__name__ == kind.__name__:
            return kind
    return DatabaseError


@contextlib.contextmanager
def translating(statement: Optional[str] = None) -> Iterator[None]:
    """Raises ADBC's failures inside as this module's."""
    try:
        yield
    except Error:
        raise
    except adbc.Error as error:
        raise translated(error, statement) from None


def _place(statement: str, position: int) -> tuple[int, int, int]:
    """Index, line and column of a position in bytes."""
    before = statement.encode()[:position].decode(errors="replace")
    return len(before), before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def _error_info(details: list[tuple[Any, Any]]) -> dict[str, str]:
    """The metadata of the google.rpc.ErrorInfo among a gRPC status' details."""
    for _, value in details:
        if not isinstance(value, bytes):
            continue
        with contextlib.suppress(ValueError, IndexError, UnicodeDecodeError):
            fields = _fields(value)
            if fields.get(1, [b""])[0].decode() != _ERROR_INFO:
                continue
            info = _fields(fields[2][0])
            if info.get(2, [b""])[0].decode() != ERROR_DOMAIN:
                continue
            entries = [_fields(entry) for entry in info.get(3, [])]
            return {e[1][0].decode(): e.get(2, [b""])[0].decode() for e in entries}
    return {}


def _fields(message: bytes) -> dict[int, list[bytes]]:
    """The length-delimited fields of a protobuf message that has no others."""
    fields: dict[int, list[bytes]] = {}
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        if key & 7 != 2:
            raise ValueError("not a length-delimited field")
        size, at = _varint(message, at)
        if at + size > len(message):
            raise ValueError("a field is cut")
        fields.setdefault(key >> 3, []).append(message[at : at + size])
        at += size
    return fields


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
