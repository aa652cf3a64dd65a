"""DB-API cursors: Arrow batches from the server, Python values for those who ask for rows."""

from __future__ import annotations

import datetime
import decimal
import uuid
from typing import TYPE_CHECKING, Any, Iterable, Iterator, Mapping, Optional, Sequence

import adbc_driver_manager.dbapi as adbc
import pyarrow as pa

from .errors import InterfaceError, NotSupportedError, ProgrammingError, translating

if TYPE_CHECKING:
    from .connection import Connection

_TYPE_NAME = b"ARROW:FLIGHT:SQL:TYPE_NAME"
_PRECISION = b"ARROW:FLIGHT:SQL:PRECISION"
_SCALE = b"ARROW:FLIGHT:SQL:SCALE"
_UUID = b"uuid"

#: An Arrow month_day_nano interval as Python sees it.
MonthDayNano = pa.MonthDayNano


class Cursor(adbc.Cursor):
    """A DB-API cursor. It is ADBC's, too: fetch_arrow_table, fetch_record_batch, adbc_ingest and the others work.

    Parameters are `?` or `$1`, and a sequence of values goes with them, or a mapping {"1": value} for `$1`.
    """

    _conn: "Connection"

    def __init__(self, connection: "Connection", adbc_stmt_kwargs: Optional[Mapping[str, Any]] = None):
        self._statement: Optional[str] = None
        self._rows: Optional[Iterator[tuple]] = None
        self._row_number = 0
        self._described: Optional[list[tuple]] = None
        with translating():
            super().__init__(connection, adbc_stmt_kwargs)

    @property
    def description(self) -> Optional[list[tuple]]:
        """name, type, None, None, precision, scale, None of every column; None without a result."""
        return self._described

    @property
    def rownumber(self) -> Optional[int]:
        """The index of the next row."""
        return None if self._results is None else self._row_number

    def execute(self, operation: str, parameters: Any = None) -> "Cursor":
        """Runs one statement, with one set of values. Gives the cursor, so that a fetch can follow."""
        self._begin(operation)
        with translating(operation):
            super().execute(operation, None if parameters is None else _bindable(parameters))
            assert self._results is not None
            schema = self._results.reader.schema
        if len(schema) == 0:
            self._finish_change()
        else:
            self._rowcount = -1
            self._described = [_description(field) for field in schema]
        return self

    def executemany(self, operation: str, seq_of_parameters: Any) -> "Cursor":
        """Runs a statement once for each set of values: all runs take effect, or none does."""
        self._begin(operation)
        rows = seq_of_parameters if hasattr(seq_of_parameters, "__arrow_c_stream__") else _bindable_rows(seq_of_parameters)
        with translating(operation):
            if rows is None:
                self._rowcount = 0
            else:
                super().executemany(operation, rows)
        return self

    def executescript(self, operation: str) -> "Cursor":
        """Runs several statements, separated by semicolons, in the open transaction. They return no rows."""
        self._begin(operation)
        self._last_query = None
        with translating(operation):
            self._stmt.set_sql_query(operation)
            self._rowcount = adbc._blocking_call(self._stmt.execute_update, (), {}, self._stmt.cancel)
        return self

    def fetchone(self) -> Optional[tuple]:
        """The next row; None after the last."""
        return next(self._iterator(), None)

    def fetchmany(self, size: Optional[int] = None) -> list[tuple]:
        """The next rows, at most size (else arraysize)."""
        rows = self._iterator()
        wanted = self.arraysize if size is None else size
        return [row for _, row in zip(range(wanted), rows)]

    def fetchall(self) -> list[tuple]:
        """All rows that are left."""
        return list(self._iterator())

    def fetch_arrow_table(self) -> pa.Table:
        """All batches that are left, as one table."""
        self._expect_result()
        with translating(self._statement):
            return super().fetch_arrow_table()

    def fetch_record_batch(self) -> pa.RecordBatchReader:
        """The result as a stream: for what does not fit into memory. It keeps the cursor open."""
        self._expect_result()
        assert self._results is not None
        return pa.RecordBatchReader.from_batches(self._results.reader.schema, self._batches())

    def fetch_df(self) -> Any:
        """All that is left, as a pandas DataFrame."""
        return self.fetch_arrow_table().to_pandas()

    def cancel(self) -> None:
        """Stops what runs; another thread may call it. The running call raises OperationalError (57014)."""
        with translating():
            self._stmt.cancel()

    adbc_cancel = cancel

    def adbc_ingest(self, table_name: str, data: Any, mode: str = "create", **options: Any) -> int:
        """Loads Arrow data, as Connection.ingest does."""
        self._begin(None)
        with translating():
            return super().adbc_ingest(table_name, data, mode, **options)  # type: ignore[arg-type]

    def callproc(self, procname: str, parameters: Any = None) -> Any:
        """Not there: CALL is a statement."""
        raise NotSupportedError("procedures are called by a statement, CALL")

    def nextset(self) -> Any:
        """Not there: a statement has one result."""
        raise NotSupportedError("a statement has one result")

    def close(self) -> None:
        """Ends the statement, also when its rows have not all been read."""
        self._rows = None
        with translating():
            super().close()

    def _begin(self, statement: Optional[str]) -> None:
        if self._closed:
            raise InterfaceError("the cursor is closed")
        self._statement, self._rows, self._described, self._row_number, self._rowcount = statement, None, None, 0, -1
        self._clear()

    def _finish_change(self) -> None:
        """A statement without columns has run to its end: there is nothing to fetch."""
        rowcount = self._rowcount
        self._clear()
        self._rowcount = rowcount

    def _expect_result(self) -> None:
        if self._closed:
            raise InterfaceError("the cursor is closed")
        if self._results is None:
            raise ProgrammingError("there is no result to fetch: nothing was executed, or the statement returns no rows")

    def _iterator(self) -> Iterator[tuple]:
        self._expect_result()
        if self._rows is None:
            self._rows = self._read()
        return self._rows

    def _read(self) -> Iterator[tuple]:
        """Rows of Python values, converted a batch at a time."""
        for batch in self._batches():
            for row in rows_of(batch):
                self._row_number += 1
                yield row

    def _batches(self) -> Iterator[pa.RecordBatch]:
        assert self._results is not None
        reader = self._results.reader
        while True:
            with translating(self._statement):
                try:
                    batch = adbc._blocking_call(reader.read_next_batch, (), {}, self._stmt.cancel)
                except StopIteration:
                    return
            yield batch


def rows_of(batch: "pa.RecordBatch | pa.Table") -> Iterable[tuple]:
    """The rows of a batch as tuples of Python values."""
    columns = [_values(column, field) for column, field in zip(batch.columns, batch.schema)]
    return zip(*columns) if columns else ()


def _values(column: Any, field: pa.Field) -> list:
    values = column.to_pylist()
    if field.metadata and field.metadata.get(_TYPE_NAME) == _UUID:
        return [None if v is None else uuid.UUID(bytes=v) for v in values]
    return values


def type_name(field: pa.Field) -> str:
    """A column's SQL type as PostgreSQL names it."""
    metadata = field.metadata or {}
    name = metadata.get(_TYPE_NAME, str(field.type).encode()).decode()
    if name == "numeric" and _PRECISION in metadata:
        return f"numeric({metadata[_PRECISION].decode()},{metadata.get(_SCALE, b'0').decode()})"
    return name


def _description(field: pa.Field) -> tuple:
    metadata = field.metadata or {}
    precision, scale = (int(metadata[k]) if k in metadata else None for k in (_PRECISION, _SCALE))
    return (field.name, field.type, None, None, precision, scale, None)


def _bindable(parameters: Any) -> Any:
    """One set of values as a record batch."""
    if hasattr(parameters, "__arrow_c_array__") or hasattr(parameters, "__arrow_c_stream__"):
        return parameters
    if isinstance(parameters, Mapping):
        names, values = zip(*sorted((_number(k), v) for k, v in parameters.items())) if parameters else ((), ())
        if list(names) != list(range(1, len(names) + 1)):
            raise ProgrammingError("parameters have no names: give a sequence of values, or a mapping with the keys 1, 2, …")
    elif isinstance(parameters, (str, bytes)) or not isinstance(parameters, Iterable):
        raise ProgrammingError(f"parameters are a sequence of values, not {type(parameters).__name__}")
    else:
        values = tuple(parameters)
    if not values:
        return None
    return _batch([[v] for v in values])


def _number(key: Any) -> int:
    try:
        return int(str(key).removeprefix("$"))
    except ValueError:
        raise ProgrammingError(f"parameters have no names, but a value is given for {key!r}") from None


def _bindable_rows(rows: Iterable[Sequence[Any]]) -> Optional[pa.RecordBatch]:
    """Sets of values as a record batch, a row each; None when there are none."""
    sets = [tuple(row) for row in rows]
    if not sets:
        return None
    width = len(sets[0])
    for number, row in enumerate(sets):
        if len(row) != width:
            raise ProgrammingError(f"row {number} has {len(row)} values, the first has {width}")
    if width == 0:
        raise ProgrammingError("executemany needs values for parameters")
    return _batch([[row[i] for row in sets] for i in range(width)])


def _batch(columns: list[list]) -> pa.RecordBatch:
    return pa.record_batch([_array(number, values) for number, values in enumerate(columns, 1)], names=[str(n) for n in range(1, len(columns) + 1)])


def _array(number: int, values: list) -> pa.Array:
    """A parameter's values as Arrow, of the one type that holds them."""
    kinds = {type(v) for v in values if v is not None}
    if uuid.UUID in kinds:
        return pa.array([v.bytes if isinstance(v, uuid.UUID) else v for v in values], pa.binary(16))
    if kinds <= {int, decimal.Decimal} and len(kinds) > 1:
        values = [decimal.Decimal(v) if isinstance(v, int) else v for v in values]
    if datetime.timedelta in kinds:
        return pa.array([_interval(v) for v in values], pa.month_day_nano_interval())
    try:
        array = pa.array(values)
    except OverflowError:
        return _array(number, [decimal.Decimal(v) if isinstance(v, int) else v for v in values])
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise ProgrammingError(f"parameter {number} cannot be sent: {error}") from None
    if pa.types.is_nested(array.type) and not isinstance(array, pa.ExtensionArray):
        raise NotSupportedError(f"parameter {number} is a {next(iter(kinds)).__name__}: OxiDB has no such type; JSON goes as text (json.dumps)")
    return array


def _interval(value: Any) -> Any:
    if not isinstance(value, datetime.timedelta):
        return value
    return MonthDayNano([0, value.days, (value.seconds * 1_000_000 + value.microseconds) * 1000])
