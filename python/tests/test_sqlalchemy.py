"""The SQLAlchemy dialect: expressions, types, reflection, ORM, on a real server."""

import datetime
import decimal
import enum
import uuid

import oxidb
import pytest
import sqlalchemy as sa
from conftest import BINARY, Server
from sqlalchemy import orm
from sqlalchemy.dialects import postgresql


@pytest.fixture
def engine():
    server = Server("--db", ":memory:")
    engine = sa.create_engine(f"oxidb://{server.address}")
    yield engine
    engine.dispose()
    assert server.stop() == 0


@pytest.fixture
def meta():
    return sa.MetaData()


# Connections


def test_directory_and_memory(tmp_path, monkeypatch):
    monkeypatch.setenv("OXIDB_BINARY", str(BINARY))
    for _ in range(2):
        engine = sa.create_engine(f"oxidb:///{tmp_path}/db")
        with engine.begin() as c:
            c.exec_driver_sql("CREATE TABLE IF NOT EXISTS t (a int)")
            c.exec_driver_sql("INSERT INTO t VALUES (1)")
        with engine.connect() as c:
            count = c.scalar(sa.text("SELECT count(*) FROM t"))
        engine.dispose()
    assert count == 2
    engine = sa.create_engine("oxidb://")
    with engine.connect() as a, engine.connect() as b:
        a.exec_driver_sql("CREATE TABLE t (a int)")
        a.commit()
        assert b.scalar(sa.text("SELECT count(*) FROM t")) == 0, "connections of an engine share the database"
    engine.dispose()


def test_url(monkeypatch):
    monkeypatch.setenv("OXIDB_BINARY", str(BINARY))
    engine = sa.create_engine("oxidb://127.0.0.1:1")
    with pytest.raises(sa.exc.OperationalError, match="no server answers"):
        engine.connect()
    with pytest.raises(sa.exc.ArgumentError, match="one database"):
        sa.create_engine("oxidb://127.0.0.1:1/name").connect()
    with sa.create_engine(f"oxidb://?binary={BINARY}").connect() as c:
        assert c.dialect.server_version_info >= (0, 1)
        assert c.dialect.default_schema_name == "public"


def test_a_lost_server_is_noticed(engine):
    server = Server("--db", ":memory:")
    lost = sa.create_engine(f"oxidb://{server.address}")
    with lost.connect() as c:
        server.process.kill()
        server.process.wait()
        with pytest.raises(sa.exc.OperationalError) as raised:
            c.exec_driver_sql("SELECT 1")
        assert raised.value.connection_invalidated
    lost.dispose()
    server.stop()
    with sa.create_engine(engine.url, pool_pre_ping=True).connect() as c:
        assert c.scalar(sa.text("SELECT 1")) == 1


def test_errors(engine):
    with engine.connect() as c, pytest.raises(sa.exc.ProgrammingError) as raised:
        c.execute(sa.text("SELECT nothing"))
    assert isinstance(raised.value.orig, oxidb.ProgrammingError) and raised.value.orig.sqlstate == "42703"


# Transactions


def test_transactions(engine, meta):
    t = sa.Table("t", meta, sa.Column("a", sa.Integer))
    meta.create_all(engine)
    with engine.connect() as c:
        c.execute(t.insert().values(a=1))
        c.rollback()
        c.execute(t.insert().values(a=2))
        c.commit()
        with c.begin():
            c.execute(t.insert().values(a=3))
            inner = c.begin_nested()
            c.execute(t.insert().values(a=4))
            inner.rollback()
            with c.begin_nested():
                c.execute(t.insert().values(a=5))
        assert c.scalars(sa.select(t.c.a).order_by(t.c.a)).all() == [2, 3, 5]


def test_isolation_levels(engine, meta):
    t = sa.Table("t", meta, sa.Column("a", sa.Integer))
    meta.create_all(engine)
    with engine.connect() as c:
        assert c.get_isolation_level() == "REPEATABLE READ"
    with engine.connect().execution_options(isolation_level="SERIALIZABLE") as c:
        assert c.get_isolation_level() == "SERIALIZABLE"
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as c:
        assert c.get_isolation_level() == "AUTOCOMMIT"
        c.execute(t.insert().values(a=1))
    with engine.connect() as c:
        assert c.get_isolation_level() == "REPEATABLE READ", "the pool resets what a connection was given"
        assert c.scalar(sa.select(sa.func.count()).select_from(t)) == 1


# Expressions


def test_expressions(engine):
    with engine.connect() as c:
        a, b = sa.literal(7), sa.literal(2)
        row = c.execute(sa.select(a + b, a - b, a * b, a % b, sa.literal("x") + "y", a > b, sa.cast("12", sa.Integer), sa.func.upper("z"), sa.null())).one()
        assert tuple(row) == (9, 5, 14, 1, "xy", True, 12, "Z", None)
        assert c.scalar(sa.select(sa.case((a > b, "more"), else_="less"))) == "more"
        assert c.scalar(sa.select(sa.extract("year", sa.literal(datetime.date(2024, 2, 3))))) == 2024
        assert c.scalar(sa.select(a.in_([1, 7]))) is True
        assert c.scalar(sa.select(sa.literal("percent 100%").like("%!%", escape="!"))) is True
        assert c.scalar(sa.text("SELECT :a || '\\:b'"), {"a": "x"}) == "x:b"


def test_queries(engine, meta):
    t = sa.Table("t", meta, sa.Column("g", sa.String), sa.Column("n", sa.Integer))
    meta.create_all(engine)
    with engine.begin() as c:
        c.execute(t.insert(), [{"g": "a", "n": 1}, {"g": "a", "n": 2}, {"g": "b", "n": 3}])
        total = sa.func.sum(t.c.n).label("total")
        assert c.execute(sa.select(t.c.g, total).group_by(t.c.g).having(total > 1).order_by(t.c.g)).all() == [("a", 3), ("b", 3)]
        assert c.scalars(sa.select(t.c.n).order_by(t.c.n.desc()).limit(1).offset(1)).all() == [2]
        u = t.alias()
        pairs = sa.select(t.c.n, u.c.n).join(u, sa.and_(u.c.g == t.c.g, u.c.n > t.c.n))
        assert c.execute(pairs).all() == [(1, 2)]
        cte = sa.select(t.c.n).where(t.c.g == "a").cte()
        assert c.scalar(sa.select(sa.func.count()).select_from(cte)) == 2
        assert c.execute(sa.union(sa.select(t.c.g), sa.select(sa.literal("c"))).order_by("g")).all() == [("a",), ("b",), ("c",)]
        rank = sa.func.row_number().over(partition_by=t.c.g, order_by=t.c.n)
        assert c.execute(sa.select(t.c.n, rank).order_by(t.c.n)).all() == [(1, 1), (2, 2), (3, 1)]
        assert c.scalar(sa.select(sa.exists().where(t.c.n == 3))) is True
        assert c.scalars(sa.select(t.c.n).distinct().where(t.c.n.between(2, 3)).order_by(t.c.n)).all() == [2, 3]


def test_point_queries_seek(engine, meta):
    # A parameter goes as CAST(? AS INTEGER): that must not keep the key from being used.
    t = sa.Table("t", meta, sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String))
    meta.create_all(engine)
    with engine.begin() as c:
        c.exec_driver_sql("INSERT INTO t SELECT g, 'n' || g FROM generate_series(1, 10000) AS x(g)")
        text = str(sa.select(t).where(t.c.id == 5).compile(engine))
        plan = "\n".join(str(r[0]) for r in c.exec_driver_sql("EXPLAIN " + text, (5,)))
        assert "seek" in plan.lower(), plan
        assert c.execute(sa.select(t.c.name).where(t.c.id == 5)).scalar_one() == "n5"


def test_streaming(engine):
    with engine.connect() as c:
        result = c.execution_options(stream_results=True, yield_per=1000).execute(sa.text("SELECT g FROM generate_series(1, 100000) AS t(g)"))
        assert sum(len(p) for p in result.partitions()) == 100_000


def test_upsert(engine, meta):
    t = sa.Table("t", meta, sa.Column("id", sa.Integer, primary_key=True), sa.Column("n", sa.Integer))
    meta.create_all(engine)
    with engine.begin() as c:
        insert = postgresql.insert(t).values([{"id": 1, "n": 1}, {"id": 2, "n": 2}])
        c.execute(insert)
        c.execute(insert.on_conflict_do_nothing())
        c.execute(insert.on_conflict_do_update(index_elements=["id"], set_={"n": t.c.n + insert.excluded.n * 10}))
        assert c.execute(sa.select(t).order_by(t.c.id)).all() == [(1, 11), (2, 22)]


def test_changes_with_returning(engine, meta):
    t = sa.Table("t", meta, sa.Column("id", sa.Integer, sa.Identity(), primary_key=True), sa.Column("n", sa.Integer, server_default="7"))
    meta.create_all(engine)
    with engine.begin() as c:
        assert c.execute(t.insert()).inserted_primary_key == (1,)
        assert c.execute(t.insert().returning(t.c.id, t.c.n), [{"n": 1}, {"n": 2}, {"n": 3}]).all() == [(2, 1), (3, 2), (4, 3)]
        update = c.execute(t.update().where(t.c.n < 3).values(n=t.c.n * 10))
        assert update.rowcount == 2
        assert sorted(c.execute(t.delete().where(t.c.n >= 10).returning(t.c.n)).scalars()) == [10, 20]
        c.execute(t.update().where(t.c.id == sa.bindparam("key")).values(n=sa.bindparam("value")), [{"key": 1, "value": 70}, {"key": 4, "value": 30}])
        assert c.execute(sa.select(t.c.n).order_by(t.c.n)).scalars().all() == [30, 70]


def test_executemany(engine, meta):
    t = sa.Table("t", meta, sa.Column("id", sa.Integer, primary_key=True, autoincrement=False), sa.Column("name", sa.String(20)))
    meta.create_all(engine)
    with engine.begin() as c:
        c.execute(t.insert(), [{"id": i, "name": f"n{i}"} for i in range(5000)])
        assert c.execute(sa.select(sa.func.count(), sa.func.max(t.c.name))).one() == (5000, "n999")


# Types


class Color(enum.Enum):
    red = 1
    blue = 2


KEY = uuid.UUID("12345678-1234-5678-1234-567812345678")
UTC = datetime.timezone.utc
VALUES = {
    "integer": (sa.Integer, 7),
    "small": (sa.SmallInteger, -7),
    "big": (sa.BigInteger, 2**60),
    "numeric": (sa.Numeric(10, 2), decimal.Decimal("1234.50")),
    "asfloat": (sa.Numeric(10, 2, asdecimal=False), 1.5),
    "float": (sa.Float, 2.5),
    "double": (sa.Double, 0.1),
    "boolean": (sa.Boolean, True),
    "string": (sa.String(20), "grün"),
    "text": (sa.Text, "a\n'b'"),
    "unicode": (sa.Unicode(5), "ä"),
    "char": (sa.CHAR(3), "abc"),
    "binary": (sa.LargeBinary, b"\x00\xff"),
    "date": (sa.Date, datetime.date(2024, 2, 29)),
    "time": (sa.Time, datetime.time(1, 2, 3, 4)),
    "datetime": (sa.DateTime, datetime.datetime(2024, 2, 29, 1, 2, 3, 456)),
    "aware": (sa.DateTime(timezone=True), datetime.datetime(2024, 2, 29, 1, 2, 3, tzinfo=UTC)),
    "interval": (sa.Interval, datetime.timedelta(days=3, seconds=5, microseconds=6)),
    "uuid": (sa.Uuid, KEY),
    "uuidtext": (sa.Uuid(as_uuid=False), str(KEY)),
    "json": (sa.JSON, {"a": [1, None, "x"]}),
    "jsonb": (postgresql.JSONB, {"b": True}),
    "enum": (sa.Enum(Color), Color.blue),
    "pickle": (sa.PickleType, {"x": (1, 2)}),
}


def test_types(engine, meta):
    t = sa.Table("t", meta, sa.Column("id", sa.Integer, primary_key=True), *(sa.Column(n, kind) for n, (kind, _) in VALUES.items()))
    meta.create_all(engine)
    with engine.begin() as c:
        c.execute(t.insert(), {"id": 1, **{n: v for n, (_, v) in VALUES.items()}})
        c.execute(t.insert(), {"id": 2})
        row = c.execute(sa.select(t).where(t.c.id == 1)).mappings().one()
        for name, (_, value) in VALUES.items():
            assert row[name] == value and type(row[name]) is type(value), name
        nulls = c.execute(sa.select(t).where(t.c.id == 2)).mappings().one()
        assert {n: v for n, v in nulls.items() if v is not None} == {"id": 2}
        for name, (kind, value) in VALUES.items():
            if name not in ("json", "jsonb", "pickle"):
                assert c.scalar(sa.select(t.c.id).where(t.c[name] == value)) == 1, name
        reflected = {c["name"]: c["type"] for c in sa.inspect(c).get_columns("t")}
    assert isinstance(reflected["numeric"], sa.Numeric) and (reflected["numeric"].precision, reflected["numeric"].scale) == (10, 2)
    assert isinstance(reflected["string"], sa.VARCHAR) and reflected["string"].length == 20
    assert isinstance(reflected["aware"], sa.TIMESTAMP) and reflected["aware"].timezone and not reflected["datetime"].timezone
    for name, kind in {"big": sa.BIGINT, "small": sa.SMALLINT, "double": sa.DOUBLE_PRECISION, "boolean": sa.BOOLEAN, "text": sa.TEXT, "char": sa.CHAR}.items():
        assert isinstance(reflected[name], kind), name
    for name, kind in {"binary": sa.LargeBinary, "date": sa.Date, "time": sa.Time, "interval": sa.Interval, "uuid": sa.Uuid, "json": sa.JSON}.items():
        assert issubclass(type(reflected[name]), kind) or isinstance(reflected[name].as_generic(allow_nulltype=True), kind), name
    assert not [n for n, k in reflected.items() if isinstance(k, sa.types.NullType)]


def test_an_interval_with_months_is_no_timedelta(engine):
    with engine.connect() as c, pytest.raises(sa.exc.DataError, match="months"):
        c.execute(sa.select(sa.literal_column("interval '1 month'", sa.Interval))).scalar()


# Reflection

SCHEMA = """
CREATE SCHEMA side;
CREATE TABLE parent (id serial PRIMARY KEY, name varchar(10) NOT NULL DEFAULT 'x', code int, part int, CONSTRAINT parent_code UNIQUE (code, part), CONSTRAINT positive CHECK (code > 0));
CREATE TABLE child (a int, b int, p int REFERENCES parent ON DELETE CASCADE, c int, d int,
  PRIMARY KEY (b, a), CONSTRAINT pair FOREIGN KEY (c, d) REFERENCES parent (code, part) ON UPDATE SET NULL DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE side.other (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, twice bigint GENERATED ALWAYS AS (2 * 3) STORED, p int REFERENCES public.parent);
CREATE TABLE bare (x int);
CREATE INDEX parent_name ON parent (name, code);
CREATE INDEX parent_lower ON parent (lower(name), part);
CREATE UNIQUE INDEX parent_unique ON parent (part);
CREATE VIEW names AS SELECT name FROM parent;
CREATE SEQUENCE numbers
"""


@pytest.fixture
def inspector(engine):
    connection = oxidb.connect(str(engine.url).replace("oxidb://", "grpc://"), autocommit=True)
    connection.cursor().executescript(SCHEMA)
    connection.close()
    return sa.inspect(engine)


def test_names(inspector):
    assert {"public", "side", "information_schema"} <= set(inspector.get_schema_names())
    assert inspector.get_table_names() == ["bare", "child", "parent"]
    assert inspector.get_table_names(schema="side") == ["other"]
    assert inspector.get_view_names() == ["names"]
    assert "SELECT name FROM parent" in inspector.get_view_definition("names")
    assert set(inspector.get_sequence_names()) == {"numbers", "parent_id_seq"}
    assert inspector.has_table("parent") and inspector.has_table("names") and not inspector.has_table("other")
    assert inspector.has_table("other", schema="side") and inspector.has_schema("side") and not inspector.has_schema("none")
    assert inspector.has_sequence("numbers") and not inspector.has_sequence("none")
    assert inspector.get_materialized_view_names() == [] and inspector.get_temp_table_names() == []


def test_columns(inspector):
    columns = {c["name"]: c for c in inspector.get_columns("parent")}
    assert list(columns) == ["id", "name", "code", "part"]
    assert columns["id"]["autoincrement"] and columns["id"]["default"].startswith("nextval(") and not columns["id"]["nullable"]
    assert columns["name"]["default"] == "'x'" and not columns["name"]["nullable"] and columns["code"]["nullable"]
    other = {c["name"]: c for c in inspector.get_columns("other", schema="side")}
    assert other["id"]["identity"]["always"] and other["id"]["identity"]["start"] == 1
    assert other["twice"]["computed"] == {"sqltext": "2 * 3", "persisted": True}
    assert [c["name"] for c in inspector.get_columns("names")] == ["name"]


def test_keys(inspector):
    assert inspector.get_pk_constraint("child") == {"constrained_columns": ["b", "a"], "name": "child_pkey", "comment": None}
    assert inspector.get_pk_constraint("bare")["constrained_columns"] == []
    (unique,) = inspector.get_unique_constraints("parent")
    assert (unique["name"], unique["column_names"]) == ("parent_code", ["code", "part"])
    (check,) = inspector.get_check_constraints("parent")
    assert check["name"] == "positive" and "code > 0" in check["sqltext"]
    pair, single = sorted(inspector.get_foreign_keys("child"), key=lambda k: k["name"] != "pair")
    assert (pair["constrained_columns"], pair["referred_table"], pair["referred_columns"]) == (["c", "d"], "parent", ["code", "part"])
    assert pair["options"] == {"onupdate": "SET NULL", "deferrable": True, "initially": "DEFERRED"} and pair["referred_schema"] is None
    assert single["options"] == {"ondelete": "CASCADE"}
    (across,) = inspector.get_foreign_keys("other", schema="side")
    assert (across["referred_schema"], across["referred_table"]) == ("public", "parent")
    assert inspector.get_foreign_keys("bare") == [] and inspector.get_unique_constraints("bare") == [] and inspector.get_check_constraints("bare") == []


def test_indexes(inspector):
    indexes = {i["name"]: i for i in inspector.get_indexes("parent")}
    assert set(indexes) == {"parent_name", "parent_lower", "parent_unique", "parent_code"}
    assert indexes["parent_name"]["column_names"] == ["name", "code"] and not indexes["parent_name"]["unique"]
    assert indexes["parent_lower"]["column_names"] == [None, "part"] and indexes["parent_lower"]["expressions"] == ["lower(name)", "part"]
    assert indexes["parent_unique"]["unique"] and indexes["parent_code"]["duplicates_constraint"] == "parent_code"
    assert inspector.get_indexes("bare") == []


@pytest.mark.parametrize("what", ["columns", "pk_constraint", "foreign_keys", "indexes", "unique_constraints", "check_constraints", "table_comment", "view_definition"])
def test_a_missing_table(inspector, what):
    with pytest.raises(sa.exc.NoSuchTableError):
        getattr(inspector, f"get_{what}")("missing")


def test_reflected_tables_work(engine, inspector):
    meta = sa.MetaData()
    meta.reflect(engine, views=True)
    assert {"parent", "child", "bare", "names"} <= set(meta.tables)
    parent, child = meta.tables["parent"], meta.tables["child"]
    with engine.begin() as c:
        key = c.execute(parent.insert().values(name="a", code=1, part=1)).inserted_primary_key[0]
        c.execute(child.insert().values(a=1, b=2, p=key))
        assert c.execute(sa.select(parent.c.name, child.c.b).join_from(parent, child, child.c.p == parent.c.id)).all() == [("a", 2)]


def test_ddl_roundtrip(engine, inspector):
    """Tables reflected here are created elsewhere, and reflect the same there."""
    meta = sa.MetaData()
    meta.reflect(engine, only=["parent", "child"])
    for table in meta.tables.values():
        for index in list(table.indexes):
            if index.name == "parent_lower":
                table.indexes.discard(index)
    server = Server("--db", ":memory:")
    copy = sa.create_engine(f"oxidb://{server.address}")
    with copy.begin() as c:
        c.exec_driver_sql("CREATE SEQUENCE parent_id_seq")
    meta.create_all(copy)
    there = sa.inspect(copy)
    for name in ("parent", "child"):
        assert there.get_pk_constraint(name) == inspector.get_pk_constraint(name)
        assert there.get_foreign_keys(name) == inspector.get_foreign_keys(name)
        assert [str(c["type"]) for c in there.get_columns(name)] == [str(c["type"]) for c in inspector.get_columns(name)]
    meta.drop_all(copy)
    copy.dispose()
    assert server.stop() == 0


# ORM


class Base(orm.DeclarativeBase):
    pass


tags = sa.Table("tags", Base.metadata, sa.Column("book", sa.ForeignKey("book.id"), primary_key=True), sa.Column("tag", sa.ForeignKey("tag.id"), primary_key=True))


class Author(Base):
    __tablename__ = "author"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str] = orm.mapped_column(sa.String(50), unique=True)
    born: orm.Mapped[datetime.date | None]
    created: orm.Mapped[datetime.datetime] = orm.mapped_column(sa.DateTime(timezone=True), server_default=sa.func.now())
    books: orm.Mapped[list["Book"]] = orm.relationship(back_populates="author", cascade="all, delete-orphan", order_by="Book.title")


class Book(Base):
    __tablename__ = "book"
    id: orm.Mapped[uuid.UUID] = orm.mapped_column(primary_key=True, default=uuid.uuid4)
    title: orm.Mapped[str]
    price: orm.Mapped[decimal.Decimal] = orm.mapped_column(sa.Numeric(10, 2))
    author_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("author.id"))
    author: orm.Mapped[Author] = orm.relationship(back_populates="books")
    tags: orm.Mapped[list["Tag"]] = orm.relationship(secondary=tags)


class Tag(Base):
    __tablename__ = "tag"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str]


class Versioned(Base):
    __tablename__ = "versioned"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    value: orm.Mapped[str]
    version: orm.Mapped[int] = orm.mapped_column()
    __mapper_args__ = {"version_id_col": version}


@pytest.fixture
def session(engine):
    Base.metadata.create_all(engine)
    with orm.Session(engine) as s:
        yield s


def test_orm(session):
    poetry = Tag(name="poetry")
    ada = Author(name="Ada", books=[Book(title="B", price=decimal.Decimal("9.50"), tags=[poetry]), Book(title="A", price=decimal.Decimal("1"))])
    session.add_all([ada, Author(name="Bob", born=datetime.date(1950, 1, 2))])
    session.commit()
    assert ada.id == 1 and ada.created.tzinfo is not None
    assert [b.title for b in ada.books] == ["A", "B"]

    found = session.scalars(sa.select(Author).join(Author.books).where(Book.price > 5)).one()
    assert found is ada and found.books[1].tags == [poetry]
    loaded = session.scalars(sa.select(Author).options(orm.selectinload(Author.books).joinedload(Book.tags)).order_by(Author.name)).unique().all()
    assert [(a.name, len(a.books)) for a in loaded] == [("Ada", 2), ("Bob", 0)]

    ada.name = "Ada L."
    ada.books[0].price += 1
    session.commit()
    session.expire_all()
    assert session.get(Author, 1).name == "Ada L." and session.get(Author, 99) is None
    assert session.scalar(sa.select(sa.func.sum(Book.price))) == decimal.Decimal("11.50")

    del ada.books[0]
    session.commit()
    assert session.scalar(sa.select(sa.func.count()).select_from(Book)) == 1
    session.delete(ada)
    session.commit()
    assert session.scalars(sa.select(Author.name)).all() == ["Bob"]
    assert session.scalar(sa.select(sa.func.count()).select_from(tags)) == 0


def test_orm_bulk(session):
    session.add_all([Author(name=f"a{i}") for i in range(250)])
    session.commit()
    assert session.scalar(sa.select(sa.func.count(sa.distinct(Author.id)))) == 250
    keys = session.scalars(sa.insert(Author).returning(Author.id, sort_by_parameter_order=True), [{"name": f"b{i}"} for i in range(50)]).all()
    assert keys == sorted(keys) and len(set(keys)) == 50
    assert session.execute(sa.update(Author).where(Author.name.like("a%")).values(born=datetime.date(2000, 1, 1))).rowcount == 250
    session.execute(sa.delete(Author).where(Author.born.is_(None)))
    session.commit()
    assert session.scalar(sa.select(sa.func.count()).select_from(Author)) == 250


def test_orm_constraint(session):
    session.add(Author(name="x"))
    session.commit()
    session.add(Author(name="x"))
    with pytest.raises(sa.exc.IntegrityError) as raised:
        session.commit()
    assert raised.value.orig.sqlstate == "23505"
    session.rollback()
    assert session.scalar(sa.select(sa.func.count()).select_from(Author)) == 1


def test_orm_stale_data(engine, session):
    session.add(Versioned(id=1, value="a"))
    session.commit()
    mine = session.get(Versioned, 1)
    with engine.begin() as c:
        c.execute(sa.update(Versioned).values(version=9))
    mine.value = "b"
    with pytest.raises((orm.exc.StaleDataError, sa.exc.OperationalError)):
        session.commit()
