"""SQL text cut into statements, with `:name` taken as parameters: what a notebook cell needs."""

from __future__ import annotations

import re
from typing import Iterator, NamedTuple

_TOKEN = re.compile(
    r"""
    (?P<string>[eE]'(?:[^'\\]|''|\\.)*(?:'|$) | '(?:[^']|'')*(?:'|$))   # E'it\'s', 'it''s'
  | (?P<quoted>"(?:[^"]|"")*(?:"|$))                                    # "a name"
  | (?P<dollar>\$(?P<tag>[A-Za-z_]\w*|)\$.*?(?:\$(?P=tag)\$|$))         # $$text$$
  | (?P<comment>--[^\n]*)
  | (?P<block>/\*)
  | (?P<cast>::)
  | (?P<word>[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)
  | (?P<name>:[A-Za-z_]\w*)
  | (?P<end>;)
  | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)


class Statement(NamedTuple):
    """One statement. text has `?` for the names, in order."""

    text: str
    names: list[str]


def statements(text: str) -> Iterator[Statement]:
    """The statements of a text. Those that hold nothing but comments are left out."""
    parts: list[str] = []
    names: list[str] = []
    filled = False
    at = 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        assert token is not None
        kind, piece, at = token.lastgroup, token.group(), token.end()
        if kind == "tag":
            kind = "dollar"
        if kind == "block":
            at = _comment_end(text, at)
            piece, kind = text[token.start() : at], "comment"
        if kind == "end":
            if filled:
                yield Statement("".join(parts).strip(), names)
            parts, names, filled = [], [], False
            continue
        if kind == "name":
            names.append(piece[1:])
            piece = "?"
        filled = filled or (kind != "comment" and not piece.isspace())
        parts.append(piece)
    if filled:
        yield Statement("".join(parts).strip(), names)


def _comment_end(text: str, at: int) -> int:
    """The end of a block comment; they nest."""
    depth = 1
    while at < len(text) and depth:
        if text.startswith("*/", at):
            depth, at = depth - 1, at + 2
        elif text.startswith("/*", at):
            depth, at = depth + 1, at + 2
        else:
            at += 1
    return at
