"""Prints a digest of every column of a Parquet file, as pyarrow and as DuckDB read it: digest.py FILE."""
import decimal
import hashlib
import struct
import sys

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

decimal.getcontext().prec = 60


def text(value, kind):
    if value is None:
        return "null"
    if pa.types.is_floating(kind):
        return "nan" if value != value else struct.pack(">d", value + 0.0).hex()
    if pa.types.is_decimal(kind):
        return str(int(value.scaleb(kind.scale)))
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        value = value.encode()
    return value.hex()


def digest(column):
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        column = pa.chunked_array([c.storage for c in column.chunks], kind.storage_type)
        kind = column.type
    if pa.types.is_date(kind):
        column = column.cast(pa.int32())
    elif pa.types.is_time(kind) or pa.types.is_timestamp(kind):
        column = column.cast(pa.int64())
    h = hashlib.md5()
    for value in column.to_pylist():
        h.update(text(value, kind).encode() + b"\n")
    return h.hexdigest()


file = sys.argv[1]
tables = [("pyarrow", pq.read_table(file)), ("duckdb", duckdb.sql(f"SELECT * FROM read_parquet('{file}')").to_arrow_table())]
for name, table in tables:
    for column in table.column_names:
        field = table.column(column)
        if column.startswith("uuid") and pa.types.is_string(field.type):
            field = pa.chunked_array([[v and bytes.fromhex(v.replace("-", "")) for v in field.to_pylist()]])
        print(name, column, digest(field))
