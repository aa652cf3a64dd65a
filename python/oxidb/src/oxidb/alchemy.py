"""The SQLAlchemy 2 dialect: oxidb://host:port, oxidb:///directory, oxidb:// in memory.

SQL is compiled as for PostgreSQL, whose dialect OxiDB speaks; the catalog is read from information_schema.
"""

from __future__ import annotations

import datetime
import re
import weakref
from typing import Any, Optional

from sqlalchemy import exc, types
from sqlalchemy.dialects.postgresql import base as pg
from sqlalchemy.engine import default
from sqlalchemy.engine.interfaces import BindTyping
from sqlalchemy.engine.reflection import ReflectionDefaults

from . import server
from .connection import Connection

_PARTS = re.compile(r"""(?:"(?:[^"]|"")*"|'(?:[^']|'')*'|\([^()]*(?:\([^()]*\)[^()]*)*\)|[^,])+""")


def _cast(kind: type) -> type:
    """A type whose parameters are sent as CAST(? AS …): the server then needs no context to know their type."""
    return type(f"Oxi{kind.__name__}", (kind,), {"render_bind_cast": True, "__doc__": kind.__doc__, "__module__": __name__})


class OxiInterval(pg.INTERVAL):
    """An interval as a timedelta. Months have no length of their own, so an interval with months is refused."""

    render_bind_cast = True

    @classmethod
    def adapt_emulated_to_native(cls, interval: Any, **kw: Any) -> "OxiInterval":
        return cls(precision=interval.second_precision)

    def result_processor(self, dialect: Any, coltype: Any) -> Any:
        def process(value: Any) -> Optional[datetime.timedelta]:
            if value is None or isinstance(value, datetime.timedelta):
                return value
            if value.months:
                raise exc.DataError(f"{value} has months: no timedelta is as long", None, ValueError("months"))
            return datetime.timedelta(days=value.days, microseconds=value.nanoseconds // 1000)

        return process


_CASTS = {
    kind: _cast(kind)
    for kind in (
        types.Integer,
        types.SmallInteger,
        types.BigInteger,
        types.Numeric,
        types.Float,
        types.Boolean,
        types.Date,
        types.Time,
        types.DateTime,
        types.String,
        types.CHAR,
        types.LargeBinary,
    )
}


class Dialect(default.DefaultDialect):
    """OxiDB for SQLAlchemy."""

    name = "oxidb"
    driver = "oxidb"
    default_paramstyle = "qmark"
    bind_typing = BindTyping.RENDER_CASTS
    max_identifier_length = 63

    supports_statement_cache = True
    supports_alter = True
    supports_native_boolean = True
    supports_native_decimal = True
    supports_native_uuid = True
    supports_native_enum = False
    supports_smallserial = True
    supports_sane_rowcount = True
    supports_sane_multi_rowcount = False
    supports_sequences = True
    sequences_optional = True
    preexecute_autoincrement_sequences = True
    postfetch_lastrowid = False
    supports_default_values = True
    supports_default_metavalue = True
    supports_empty_insert = False
    supports_multivalues_insert = True
    supports_identity_columns = True
    supports_virtual_generated_columns = False
    supports_comments = False
    insert_returning = True
    update_returning = True
    delete_returning = True
    update_returning_multifrom = True
    delete_returning_multifrom = True
    use_insertmanyvalues = True
    insertmanyvalues_implicit_sentinel = pg.PGDialect.insertmanyvalues_implicit_sentinel
    returns_native_bytes = True

    statement_compiler = pg.PGCompiler
    ddl_compiler = pg.PGDDLCompiler
    type_compiler_cls = pg.PGTypeCompiler
    preparer = pg.PGIdentifierPreparer
    execution_ctx_cls = pg.PGExecutionContext
    construct_arguments = pg.PGDialect.construct_arguments
    ischema_names = pg.ischema_names
    colspecs = {**pg.colspecs, **_CASTS, types.Interval: OxiInterval, pg.INTERVAL: OxiInterval}

    # What PostgreSQL's compilers ask.
    _backslash_escapes = False
    _supports_create_index_concurrently = True
    _supports_drop_index_concurrently = True
    _supports_jsonb_subscripting = False

    def __init__(self, json_serializer: Any = None, json_deserializer: Any = None, **kwargs: Any):
        super().__init__(**kwargs)
        self._json_serializer = json_serializer
        self._json_deserializer = json_deserializer
        self._memory: Optional[server.LocalServer] = None

    # Connections

    @classmethod
    def import_dbapi(cls) -> Any:
        import oxidb

        return oxidb

    def create_connect_args(self, url: Any) -> tuple[list, dict]:
        """oxidb://user:password@host:port?tls=true, oxidb:///directory?binary=…, other parameters are ADBC's options."""
        query = dict(url.query)
        given = {"user": url.username, "password": url.password, "token": query.pop("token", None)}
        known: dict[str, Any] = {k: v for k, v in given.items() if v is not None}
        tls = str(query.pop("tls", "false")).lower() in ("1", "true", "on", "yes")
        if url.host:
            if url.database:
                raise exc.ArgumentError(f"a server has one database; leave /{url.database} out of the URL")
            known["target"] = f"grpc{'+tls' if tls else ''}://{url.host}:{url.port or 8815}"
        else:
            known["target"] = url.database or server.MEMORY
            if "binary" in query:
                known["binary"] = query.pop("binary")
        if query:
            known["options"] = {k: str(v) for k, v in query.items()}
        return [], known

    def connect(self, *arguments: Any, **known: Any) -> Connection:
        """A connection; those of one engine in memory share their database."""
        if known.get("target") != server.MEMORY:
            return super().connect(*arguments, **known)
        if self._memory is None:
            self._memory = server.take(server.MEMORY, known.pop("binary", None))
            weakref.finalize(self, server.release, self._memory)
        known.pop("binary", None)
        return super().connect(*arguments, **{**known, "target": self._memory.uri})

    def is_disconnect(self, error: Any, connection: Any, cursor: Any) -> bool:
        state = getattr(error, "sqlstate", None)
        if state is not None:
            return state[:2] == "08" or state in ("57P01", "57P05")
        return isinstance(error, self.dbapi.OperationalError) and ("Unavailable" in str(error) or "no server answers" in str(error))

    def do_ping(self, dbapi_connection: Any) -> bool:
        with dbapi_connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchall()
        return True

    def get_isolation_level_values(self, dbapi_connection: Any) -> list[str]:
        return ["AUTOCOMMIT", "READ UNCOMMITTED", "READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"]

    def set_isolation_level(self, dbapi_connection: Any, level: str) -> None:
        if level == "AUTOCOMMIT":
            dbapi_connection.autocommit = True
            return
        dbapi_connection.set_option("default_transaction_isolation", level.lower())
        dbapi_connection.autocommit = False
        dbapi_connection.rollback()  # what is open has begun with the old level

    def get_isolation_level(self, dbapi_connection: Any) -> str:
        if dbapi_connection.autocommit:
            return "AUTOCOMMIT"
        with dbapi_connection.cursor() as cursor:
            return cursor.execute("SHOW transaction_isolation").fetchone()[0].upper()

    def get_default_isolation_level(self, dbapi_connection: Any) -> str:
        return self.get_isolation_level(dbapi_connection)

    def _get_server_version_info(self, connection: Any) -> tuple[int, ...]:
        text = connection.exec_driver_sql("SHOW server_version").scalar()
        return tuple(int(n) for n in re.findall(r"\d+", text)[:3])

    def _get_default_schema_name(self, connection: Any) -> str:
        return connection.exec_driver_sql("SELECT current_schema").scalar()

    # The catalog

    def _rows(self, connection: Any, sql: str, *values: Any) -> list:
        return connection.exec_driver_sql(sql, tuple(values)).fetchall() if values else connection.exec_driver_sql(sql).fetchall()

    def _schema(self, schema: Optional[str]) -> str:
        return schema or self.default_schema_name or "public"

    def _require(self, connection: Any, table: str, schema: Optional[str]) -> None:
        if not self.has_table(connection, table, schema):
            raise exc.NoSuchTableError(f"{schema}.{table}" if schema else table)

    def get_schema_names(self, connection: Any, **kw: Any) -> list[str]:
        return [r[0] for r in self._rows(connection, "SELECT schema_name FROM information_schema.schemata ORDER BY schema_name")]

    def has_schema(self, connection: Any, schema_name: str, **kw: Any) -> bool:
        return schema_name in self.get_schema_names(connection)

    def has_table(self, connection: Any, table_name: str, schema: Optional[str] = None, **kw: Any) -> bool:
        query = "SELECT 1 FROM information_schema.tables WHERE table_schema = ? AND table_name = ?"
        return bool(self._rows(connection, query, self._schema(schema), table_name))

    def _names(self, connection: Any, schema: Optional[str], kind: str) -> list[str]:
        query = "SELECT table_name FROM information_schema.tables WHERE table_schema = ? AND table_type = ? ORDER BY table_name"
        return [r[0] for r in self._rows(connection, query, self._schema(schema), kind)]

    def get_table_names(self, connection: Any, schema: Optional[str] = None, **kw: Any) -> list[str]:
        return self._names(connection, schema, "BASE TABLE")

    def get_view_names(self, connection: Any, schema: Optional[str] = None, **kw: Any) -> list[str]:
        return self._names(connection, schema, "VIEW")

    def get_temp_table_names(self, connection: Any, schema: Optional[str] = None, **kw: Any) -> list[str]:
        return self._names(connection, schema, "LOCAL TEMPORARY")

    def get_materialized_view_names(self, connection: Any, schema: Optional[str] = None, **kw: Any) -> list[str]:
        return []

    def get_temp_view_names(self, connection: Any, schema: Optional[str] = None, **kw: Any) -> list[str]:
        return []

    def get_view_definition(self, connection: Any, view_name: str, schema: Optional[str] = None, **kw: Any) -> str:
        query = "SELECT view_definition FROM information_schema.views WHERE table_schema = ? AND table_name = ?"
        rows = self._rows(connection, query, self._schema(schema), view_name)
        if not rows:
            raise exc.NoSuchTableError(view_name)
        return rows[0][0]

    def get_sequence_names(self, connection: Any, schema: Optional[str] = None, **kw: Any) -> list[str]:
        query = "SELECT sequence_name FROM information_schema.sequences WHERE sequence_schema = ? ORDER BY sequence_name"
        return [r[0] for r in self._rows(connection, query, self._schema(schema))]

    def has_sequence(self, connection: Any, sequence_name: str, schema: Optional[str] = None, **kw: Any) -> bool:
        return sequence_name in self.get_sequence_names(connection, schema)

    def get_columns(self, connection: Any, table_name: str, schema: Optional[str] = None, **kw: Any) -> list[dict]:
        rows = self._rows(
            connection,
            """SELECT column_name, data_type, column_default, is_nullable, character_maximum_length, numeric_precision, numeric_scale,
                      is_identity, identity_generation, identity_start, identity_increment, identity_minimum, identity_maximum, identity_cycle,
                      is_generated, generation_expression
               FROM information_schema.columns WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position""",
            self._schema(schema),
            table_name,
        )
        if not rows:
            self._require(connection, table_name, schema)
        return [self._column(r) for r in rows]

    def _column(self, r: Any) -> dict:
        column = {
            "name": r.column_name,
            "type": self._type(r.data_type, r.character_maximum_length, r.numeric_precision, r.numeric_scale),
            "nullable": r.is_nullable == "YES",
            "default": r.column_default,
            "autoincrement": r.is_identity == "YES" or (r.column_default or "").startswith("nextval("),
            "comment": None,
        }
        if r.is_generated == "ALWAYS":
            column["computed"] = {"sqltext": r.generation_expression, "persisted": True}
            column["default"] = None
        if r.is_identity == "YES":
            column["identity"] = {
                "always": r.identity_generation == "ALWAYS",
                "start": int(r.identity_start),
                "increment": int(r.identity_increment),
                "minvalue": int(r.identity_minimum),
                "maxvalue": int(r.identity_maximum),
                "cycle": r.identity_cycle == "YES",
            }
        return column

    def _type(self, name: str, length: Optional[int], precision: Optional[int], scale: Optional[int]) -> Any:
        if name == "numeric":
            return types.NUMERIC(precision, scale)
        if name in ("character varying", "character"):
            return (types.VARCHAR if name == "character varying" else types.CHAR)(length)
        if name in ("timestamp with time zone", "timestamp without time zone"):
            return pg.TIMESTAMP(timezone="without" not in name)
        if name.startswith("time"):
            return pg.TIME(timezone=False)
        kind = self.ischema_names.get(name)
        return types.NULLTYPE if kind is None else kind()

    def get_pk_constraint(self, connection: Any, table_name: str, schema: Optional[str] = None, **kw: Any) -> Any:
        keys = self._keys(connection, table_name, schema, "PRIMARY KEY")
        if keys:
            (name, columns, _), *_ = keys
            return {"constrained_columns": columns, "name": name, "comment": None}
        self._require(connection, table_name, schema)
        return ReflectionDefaults.pk_constraint()

    def get_unique_constraints(self, connection: Any, table_name: str, schema: Optional[str] = None, **kw: Any) -> list[dict]:
        keys = self._keys(connection, table_name, schema, "UNIQUE")
        if not keys:
            self._require(connection, table_name, schema)
        return [
            {"name": n, "column_names": c, "comment": None, "dialect_options": {"postgresql_nulls_not_distinct": True} if d == "NO" else {}} for n, c, d in keys
        ]

    def _keys(self, connection: Any, table: str, schema: Optional[str], kind: str) -> list[tuple[str, list[str], str]]:
        """Name, columns and whether NULLs are distinct of a table's keys."""
        rows = self._rows(
            connection,
            """SELECT t.constraint_name, k.column_name, t.nulls_distinct
               FROM information_schema.table_constraints t
               JOIN information_schema.key_column_usage k
                 ON k.constraint_name = t.constraint_name AND k.table_schema = t.table_schema AND k.table_name = t.table_name
               WHERE t.table_schema = ? AND t.table_name = ? AND t.constraint_type = ?
               ORDER BY t.constraint_name, k.ordinal_position""",
            self._schema(schema),
            table,
            kind,
        )
        keys: dict[str, tuple[str, list[str], str]] = {}
        for name, column, distinct in rows:
            keys.setdefault(name, (name, [], distinct))[1].append(column)
        return list(keys.values())

    def get_foreign_keys(self, connection: Any, table_name: str, schema: Optional[str] = None, **kw: Any) -> list[dict]:
        rows = self._rows(
            connection,
            """SELECT f.fk_name, f.fk_column_name, f.pk_table_schema, f.pk_table_name, f.pk_column_name, f.update_rule, f.delete_rule,
                      t.is_deferrable, t.initially_deferred, r.match_option
               FROM information_schema.foreign_keys f
               JOIN information_schema.table_constraints t
                 ON t.constraint_name = f.fk_name AND t.table_schema = f.fk_table_schema AND t.table_name = f.fk_table_name
               LEFT JOIN information_schema.referential_constraints r
                 ON r.constraint_name = f.fk_name AND r.constraint_schema = f.fk_table_schema
               WHERE f.fk_table_schema = ? AND f.fk_table_name = ? ORDER BY f.fk_name, f.key_sequence""",
            self._schema(schema),
            table_name,
        )
        if not rows:
            self._require(connection, table_name, schema)
        keys: dict[str, dict] = {}
        for r in rows:
            key = keys.setdefault(r.fk_name, self._foreign_key(r, schema))
            if r.fk_column_name not in key["constrained_columns"]:
                key["constrained_columns"].append(r.fk_column_name)
                key["referred_columns"].append(r.pk_column_name)
        return list(keys.values())

    def _foreign_key(self, r: Any, schema: Optional[str]) -> dict:
        options: dict[str, Any] = {}
        for option, rule in (("onupdate", r.update_rule), ("ondelete", r.delete_rule)):
            if rule != "NO ACTION":
                options[option] = rule
        if r.is_deferrable == "YES":
            options["deferrable"] = True
            if r.initially_deferred == "YES":
                options["initially"] = "DEFERRED"
        if r.match_option == "FULL":
            options["match"] = "FULL"
        own = schema is None and r.pk_table_schema == self.default_schema_name
        return {
            "name": r.fk_name,
            "constrained_columns": [],
            "referred_schema": None if own else r.pk_table_schema,
            "referred_table": r.pk_table_name,
            "referred_columns": [],
            "options": options,
            "comment": None,
        }

    def get_indexes(self, connection: Any, table_name: str, schema: Optional[str] = None, **kw: Any) -> list[dict]:
        rows = self._rows(
            connection,
            """SELECT index_name, column_names, is_unique FROM information_schema.indexes
               WHERE table_schema = ? AND table_name = ? AND is_primary = 'NO' ORDER BY index_name""",
            self._schema(schema),
            table_name,
        )
        columns = {c["name"] for c in self.get_columns(connection, table_name, schema)}
        constraints = {name for name, _, _ in self._keys(connection, table_name, schema, "UNIQUE")}
        indexes = []
        for name, elements, unique in rows:
            parts = [p.strip() for p in _PARTS.findall(elements)]
            index: dict[str, Any] = {
                "name": name,
                "unique": unique == "YES",
                "column_names": [p if p in columns else None for p in parts],
                "include_columns": [],
                "dialect_options": {},
            }
            if None in index["column_names"]:
                index["expressions"] = parts
            if name in constraints:
                index["duplicates_constraint"] = name
            indexes.append(index)
        return indexes

    def get_check_constraints(self, connection: Any, table_name: str, schema: Optional[str] = None, **kw: Any) -> list[dict]:
        rows = self._rows(
            connection,
            """SELECT c.constraint_name, c.check_clause
               FROM information_schema.check_constraints c
               JOIN information_schema.table_constraints t ON t.constraint_name = c.constraint_name AND t.constraint_schema = c.constraint_schema
               WHERE t.table_schema = ? AND t.table_name = ? AND t.constraint_type = 'CHECK' ORDER BY c.constraint_name""",
            self._schema(schema),
            table_name,
        )
        if not rows:
            self._require(connection, table_name, schema)
        return [{"name": name, "sqltext": clause, "comment": None} for name, clause in rows]

    def get_table_comment(self, connection: Any, table_name: str, schema: Optional[str] = None, **kw: Any) -> Any:
        self._require(connection, table_name, schema)
        return ReflectionDefaults.table_comment()

    def get_table_options(self, connection: Any, table_name: str, schema: Optional[str] = None, **kw: Any) -> Any:
        self._require(connection, table_name, schema)
        return ReflectionDefaults.table_options()
