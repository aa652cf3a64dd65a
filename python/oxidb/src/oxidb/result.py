"""What a statement returned, whole: to convert, to print, to show in a notebook."""

from __future__ import annotations

import html
import sys
from typing import Any, Iterator, Optional, TextIO

import pyarrow as pa

from .cursor import rows_of, type_name
from .errors import ProgrammingError

_SHOWN = 40
_WIDEST = 60
_RIGHT = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal)


class Result:
    """The rows of a query, in memory as Arrow. A change has none: rowcount tells how many rows it changed."""

    def __init__(self, table: Optional[pa.Table], rowcount: int):
        self._table = table
        #: The number of rows returned, or changed; -1 when that is not known.
        self.rowcount = rowcount

    def arrow(self) -> pa.Table:
        """The rows as an Arrow table, without a copy."""
        if self._table is None:
            raise ProgrammingError("the statement returns no rows")
        return self._table

    def df(self) -> Any:
        """The rows as a pandas DataFrame."""
        return self.arrow().to_pandas(date_as_object=False)

    def pl(self) -> Any:
        """The rows as a polars DataFrame."""
        import polars

        return polars.from_arrow(_plain(self.arrow()))

    def fetchall(self) -> list[tuple]:
        """The rows as tuples."""
        return list(rows_of(self.arrow()))

    def fetchone(self) -> Optional[tuple]:
        """The first row; None when there is none."""
        return next(iter(rows_of(self.arrow().slice(0, 1))), None)

    def scalar(self) -> Any:
        """The first row's first value; None when there is no row."""
        row = self.fetchone()
        return None if row is None else row[0]

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return [] if self._table is None else self._table.schema.names

    @property
    def types(self) -> list[str]:
        """The SQL types of the columns."""
        return [] if self._table is None else [type_name(f) for f in self._table.schema]

    def __len__(self) -> int:
        return 0 if self._table is None else self._table.num_rows

    def __iter__(self) -> Iterator[tuple]:
        return iter(self.fetchall())

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self.arrow().__arrow_c_stream__(requested_schema)

    def show(self, max_rows: int = _SHOWN, file: Optional[TextIO] = None) -> None:
        """Prints the first rows as a box."""
        print(self.text(max_rows), file=file or sys.stdout)

    def text(self, max_rows: int = _SHOWN) -> str:
        """The first rows as a box of text."""
        if self._table is None:
            return self._summary()
        rows = self._cells(max_rows)
        columns, types = self.columns, self.types
        widths = [max([len(name), len(kind), *(len(r[i]) for r in rows)]) for i, (name, kind) in enumerate(zip(columns, types))]
        right = self._right()

        def line(left: str, middle: str, end: str) -> str:
            return left + middle.join("─" * (w + 2) for w in widths) + end

        def row(cells: list[str]) -> str:
            return "│" + "│".join(f" {c:>{w}} " if r else f" {c:<{w}} " for c, w, r in zip(cells, widths, right)) + "│"

        def head(cells: list[str]) -> str:
            return "│" + "│".join(f" {c:^{w}} " for c, w in zip(cells, widths)) + "│"

        lines = [line("┌", "┬", "┐"), head(columns), head(types), line("├", "┼", "┤"), *map(row, rows), line("└", "┴", "┘")]
        return "\n".join([*lines, self._summary(max_rows)])

    def _repr_html_(self) -> str:
        """The first rows as a table, for notebooks."""
        if self._table is None:
            return f"<p>{html.escape(self._summary())}</p>"
        right = self._right()

        def cell(tag: str, text: str, i: int) -> str:
            align = "right" if right[i] else "left"
            return f'<{tag} style="text-align:{align}">{html.escape(text)}</{tag}>'

        names = "".join(
            f'<th style="text-align:{"right" if right[i] else "left"}">{html.escape(n)}<br><small style="font-weight:normal">{html.escape(t)}</small></th>'
            for i, (n, t) in enumerate(zip(self.columns, self.types))
        )
        body = "".join("<tr>" + "".join(cell("td", c, i) for i, c in enumerate(r)) + "</tr>" for r in self._cells(_SHOWN))
        return f"<table><thead><tr>{names}</tr></thead><tbody>{body}</tbody></table><p>{html.escape(self._summary(_SHOWN))}</p>"

    def __repr__(self) -> str:
        return self.text()

    def _summary(self, max_rows: Optional[int] = None) -> str:
        if self._table is None:
            return "done" if self.rowcount < 0 else f"{_counted(self.rowcount)} changed"
        if max_rows is not None and len(self) > max_rows:
            return f"{_counted(len(self))}, {max_rows:,} shown"
        return _counted(len(self))

    def _cells(self, max_rows: int) -> list[list[str]]:
        return [[_text(v) for v in row] for row in rows_of(self.arrow().slice(0, max_rows))]

    def _right(self) -> list[bool]:
        return [any(is_kind(f.type) for is_kind in _RIGHT) for f in self.arrow().schema]


def _counted(n: int) -> str:
    return f"{n:,} row" if n == 1 else f"{n:,} rows"


def _text(value: Any) -> str:
    """A value in a cell: one line of bounded length."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        text = "\\x" + value.hex()
    elif isinstance(value, pa.MonthDayNano):
        text = _interval_text(value)
    else:
        text = str(value)
    text = text.replace("\n", "⏎").replace("\t", " ")
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"


def _interval_text(value: pa.MonthDayNano) -> str:
    """An interval as PostgreSQL writes it."""
    years, months = divmod(abs(value.months), 12)
    sign = "-" if value.months < 0 else ""
    parts = [f"{sign}{n} {unit}{'' if n == 1 else 's'}" for n, unit in ((years, "year"), (months, "mon")) if n]
    if value.days:
        parts.append(f"{value.days} day{'' if value.days == 1 else 's'}")
    micros = abs(value.nanoseconds) // 1000
    if micros or not parts:
        seconds, fraction = divmod(micros, 1_000_000)
        clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        parts.append(("-" if value.nanoseconds < 0 else "") + clock + (f".{fraction:06}".rstrip("0") if fraction else ""))
    return " ".join(parts)


def _plain(table: pa.Table) -> pa.Table:
    """The table without types that polars does not know: intervals become texts."""
    for i, field in enumerate(table.schema):
        if field.type == pa.month_day_nano_interval():
            texts = [None if v is None else _interval_text(v) for v in table.column(i).to_pylist()]
            table = table.set_column(i, field.name, pa.array(texts, pa.string()))
    return table
