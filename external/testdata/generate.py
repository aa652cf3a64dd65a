"""Writes the foreign files of this folder with pyarrow and DuckDB: python generate.py (run in it).

Row i of 300 is NULL in every column when i % 7 == 3; the tests know the other values by formula.
"""
import datetime as dt
import decimal

import duckdb
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.ipc as ipc
import pyarrow.parquet as pq

N = 300
EPOCH = dt.datetime(2020, 1, 1)


def column(f, t):
    return pa.array([None if i % 7 == 3 else f(i) for i in range(N)], t)


def dec(i, scale):
    return decimal.Decimal(i * 12345 - 5).scaleb(-scale)


table = pa.table({
    "b": column(lambda i: i % 2 == 0, pa.bool_()),
    "i8": column(lambda i: i % 100 - 50, pa.int8()),
    "u8": column(lambda i: i % 256, pa.uint8()),
    "i16": column(lambda i: i - 150, pa.int16()),
    "u16": column(lambda i: i * 200, pa.uint16()),
    "i32": column(lambda i: i * 1000 - 7, pa.int32()),
    "u32": column(lambda i: i * 4000000, pa.uint32()),
    "i64": column(lambda i: i * 10**12 - 1, pa.int64()),
    "u64": column(lambda i: i * 10**16, pa.uint64()),
    "f32": column(lambda i: i / 4, pa.float32()),
    "f64": column(lambda i: i / 8, pa.float64()),
    "d9": column(lambda i: dec(i, 2), pa.decimal128(9, 2)),
    "d18": column(lambda i: dec(i, 4), pa.decimal128(18, 4)),
    "d38": column(lambda i: dec(i, 10), pa.decimal128(38, 10)),
    "s": column(lambda i: "t%d" % (i % 5), pa.string()),
    "long": column(lambda i: "text number %d" % i, pa.string()),
    "bin": column(lambda i: bytes([i % 256]), pa.binary()),
    "day": column(lambda i: (EPOCH + dt.timedelta(days=i)).date(), pa.date32()),
    "tms": column(lambda i: dt.time(i % 24, i % 60, i % 60), pa.time32("ms")),
    "tns": column(lambda i: dt.time(i % 24, i % 60, i % 60), pa.time64("ns")),
    "ts_ms": column(lambda i: EPOCH + dt.timedelta(seconds=i), pa.timestamp("ms")),
    "ts_us": column(lambda i: EPOCH + dt.timedelta(seconds=i), pa.timestamp("us")),
    "ts_ns": column(lambda i: EPOCH + dt.timedelta(seconds=i), pa.timestamp("ns")),
    "tz": column(lambda i: EPOCH + dt.timedelta(seconds=i), pa.timestamp("us", "UTC")),
})

pq.write_table(table, "plain.parquet", compression="none", use_dictionary=False, row_group_size=130)
pq.write_table(table, "dict.parquet", compression="snappy", row_group_size=100)
pq.write_table(table, "v2.parquet", compression="zstd", data_page_version="2.0", data_page_size=512, store_decimal_as_integer=True)
pq.write_table(table, "int96.parquet", compression="gzip", use_deprecated_int96_timestamps=True, version="1.0")
delta = {"i32": "DELTA_BINARY_PACKED", "i64": "DELTA_BINARY_PACKED", "s": "DELTA_BYTE_ARRAY", "long": "DELTA_LENGTH_BYTE_ARRAY",
         "f32": "BYTE_STREAM_SPLIT", "f64": "BYTE_STREAM_SPLIT", "day": "DELTA_BINARY_PACKED"}
pq.write_table(table, "delta.parquet", compression="lz4", use_dictionary=False, column_encoding=delta)
# Pages of a few rows, dictionaries given up in the middle of a chunk, a row group without rows.
for name, version, codec in [("tiny.parquet", "1.0", "snappy"), ("tiny2.parquet", "2.0", "brotli")]:
    with pq.ParquetWriter(name, table.schema, compression=codec, data_page_version=version, data_page_size=40, write_batch_size=10,
                          dictionary_pagesize_limit=150, write_page_index=True, store_decimal_as_integer=version == "2.0") as out:
        out.write_table(table.slice(0, 170))
        out.write_table(table.slice(170, 0))
        out.write_table(table.slice(170))
pq.write_table(pa.table({"a": [1, 2], "l": [[1], [2, 3]], "z": ["x", "y"]}), "nested.parquet")

db = duckdb.connect()
db.register("t", table.drop(["ts_ns"]))
db.execute("COPY t TO 'duckdb.parquet' (COMPRESSION zstd, ROW_GROUP_SIZE 2048)")
db.execute("COPY (SELECT ('00000000-0000-0000-0000-0000000000' || lpad(i::text, 2, '0'))::UUID AS id, to_days(i::int) + to_months(i::int) AS span "
           "FROM range(20) r(i)) TO 'duckdb_types.parquet'")
db.execute("COPY (SELECT i AS id, 'a, \"b\"' || i AS txt, DATE '2020-01-01' + i::int AS day, i / 4 AS num FROM range(20) r(i)) TO 'duckdb.csv' (HEADER)")

with ipc.new_file("plain.arrow", table.schema) as out:
    out.write_table(table, max_chunksize=100)
with ipc.new_stream("stream.arrows", table.schema) as out:
    out.write_table(table, max_chunksize=100)
feather.write_feather(table, "lz4.feather", compression="lz4")
views = pa.table({"s": column(lambda i: "t%d" % (i % 5), pa.string()).dictionary_encode(),
                  "v": column(lambda i: "text number %d" % i, pa.string_view()),
                  "l": column(lambda i: "text number %d" % i, pa.large_string()),
                  "i": column(lambda i: i * 2, pa.int32()).dictionary_encode()})
with ipc.new_file("views.arrow", views.schema) as out:
    out.write_table(views)
