"""%sql and %%sql for IPython and Jupyter: `%load_ext oxidb`.

    %sql --connect ./shop                a directory, :memory:, grpc://host:port, or a variable that holds a connection
    %sql SELECT count(*) FROM orders     a line
    %%sql                                a cell, of one statement or several; the last one's result is shown
    totals << SELECT …                   keeps the result in a variable instead
    SELECT … WHERE price > :limit        the value of the variable limit, as a parameter

Options come first: --connect TARGET [--as NAME], --use NAME, --connections, --close [NAME]; --df, --pl and --arrow give
a pandas DataFrame, a polars DataFrame or an Arrow table in place of a Result. A connection commits every statement,
unless BEGIN opens a transaction.
"""

from __future__ import annotations

import os
import re
import shlex
from typing import Any, Optional

from IPython.core.magic import Magics, line_cell_magic, magics_class, no_var_expand

from .connection import Connection, connect
from .errors import Error, InterfaceError
from .result import Result
from .script import statements

_ASSIGN = re.compile(r"\s*([A-Za-z_]\w*)\s*<<(?!<)\s*")
_OPTION = re.compile(r"\s*(--[a-z]+)\b[ \t]*")
_WORD = re.compile(r"""("[^"]*"|'[^']*'|\S+)[ \t]*""")
_CONVERSIONS = {"--df": Result.df, "--pl": Result.pl, "--arrow": Result.arrow}
_WITH_VALUE = ("--connect", "--as", "--use")


@magics_class
class SqlMagics(Magics):
    """The magics, and the connections that they use."""

    def __init__(self, shell: Any):
        super().__init__(shell)
        self.connections: dict[str, Connection] = {}
        self.owned: set[str] = set()
        self.current: Optional[str] = None

    @no_var_expand
    @line_cell_magic
    def sql(self, line: str, cell: Optional[str] = None) -> Any:
        """Runs SQL."""
        try:
            return self._run(line, cell or "")
        except Error as error:
            text = f"{type(error).__name__}: {error}"
            error._render_traceback_ = lambda *_: [text]  # type: ignore[attr-defined]
            raise

    def _run(self, line: str, cell: str) -> Any:
        options, line = _options(line)
        if "--connections" in options:
            return self._list()
        if "--close" in options:
            self.close(line.strip() or self.current)
            return None
        if "--connect" in options:
            self._connect(options["--connect"], options.get("--as"))
        elif "--as" in options:
            raise InterfaceError("--as NAME goes with --connect TARGET")
        if "--use" in options:
            self._use(options["--use"])
        variable, text = _assignment(line + "\n" + cell)
        if not text.strip():
            if variable:
                raise InterfaceError(f"there is no statement for {variable}")
            return None
        result = self._execute(text)
        for option, convert in _CONVERSIONS.items():
            if option in options and result.columns:
                result = convert(result)
        if variable is None:
            return result
        self.shell.user_ns[variable] = result
        return None

    def _execute(self, text: str) -> Result:
        connection = self._connection()
        result = Result(None, -1)
        for statement in statements(text):
            values = [self._value(name) for name in statement.names]
            result = connection.sql(statement.text, values or None)
        return result

    def _value(self, name: str) -> Any:
        if name not in self.shell.user_ns:
            raise InterfaceError(f"there is no variable {name} for :{name}")
        return self.shell.user_ns[name]

    def _connection(self) -> Connection:
        if self.current is None:
            target = os.environ.get("OXIDB_URL", ":memory:")
            self._connect(target, None)
            print(f"connected to {target}")
        return self.connections[self.current or ""]

    def _connect(self, target: str, name: Optional[str]) -> None:
        given = self.shell.user_ns.get(target)
        name = name or target
        if isinstance(given, Connection):
            connection = given
        else:
            if name in self.owned:  # the same again begins anew
                self.close(name)
            connection = connect(target, autocommit=True)
            self.owned.add(name)
        self.connections[name] = connection
        self.current = name

    def _use(self, name: str) -> None:
        if name not in self.connections:
            raise InterfaceError(f"there is no connection {name}", hint="The connections: " + (", ".join(self.connections) or "none"))
        self.current = name

    def _list(self) -> None:
        for name, connection in self.connections.items():
            print("*" if name == self.current else " ", name, connection)

    def close(self, name: Optional[str]) -> None:
        """Forgets a connection, and closes it if it was opened here."""
        if name is None or name not in self.connections:
            raise InterfaceError(f"there is no connection {name or 'open'}")
        connection = self.connections.pop(name)
        if name in self.owned:
            self.owned.discard(name)
            connection.close()
        if self.current == name:
            self.current = next(reversed(self.connections), None)


def _options(text: str) -> tuple[dict[str, str], str]:
    """The options that a line begins with, with their values, and the text after them."""
    options: dict[str, str] = {}
    known = {*_WITH_VALUE, *_CONVERSIONS, "--connections", "--close"}
    while found := _OPTION.match(text):
        name = found.group(1)
        if name not in known:
            raise InterfaceError(f"there is no option {name}", hint="The options: " + ", ".join(sorted(known)))
        text = text[found.end() :]
        options[name] = ""
        if name in _WITH_VALUE:
            value = _WORD.match(text)
            if value is None:
                raise InterfaceError(f"{name} needs a value")
            options[name] = "".join(shlex.split(value.group(1)))
            text = text[value.end() :]
    return options, text


def _assignment(text: str) -> tuple[Optional[str], str]:
    """The variable of `name << statement`, and the statement."""
    found = _ASSIGN.match(text)
    return (found.group(1), text[found.end() :]) if found else (None, text)


def load(ipython: Any) -> None:
    """Registers the magics."""
    ipython.register_magics(SqlMagics(ipython))
