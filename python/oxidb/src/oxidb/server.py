"""A server of this process' own, for a directory or in memory.

It is the `oxidb` binary, serving on a free port of this machine. It stops when its standard input ends, which the
operating system does when this process ends, however it ends: no server is left behind. All connections of this
process to one directory share one server.
"""

from __future__ import annotations

import atexit
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from typing import Any, Sequence

from .errors import InterfaceError, OperationalError, class_of

MEMORY = ":memory:"

_STOP_SECONDS = 60
_STATE = re.compile(r"\s*\(SQLSTATE ([0-9A-Z]{5})\)")


def find_binary(binary: "str | os.PathLike[str] | None" = None) -> str:
    """The path of the server: the argument, $OXIDB_BINARY, beside the package, or on PATH."""
    for given, origin in ((binary, "the argument binary"), (os.environ.get("OXIDB_BINARY"), "$OXIDB_BINARY")):
        if given:
            found = shutil.which(os.fspath(given))
            if found is None:
                raise InterfaceError(f"{origin} names no program: {os.fspath(given)}")
            return found
    name = "oxidb.exe" if sys.platform == "win32" else "oxidb"
    package = pathlib.Path(__file__).resolve().parent
    places = [package / "bin" / name]
    if package.parent.name == "src":  # in the source tree: python/oxidb/src/oxidb
        places.append(package.parents[3] / "bin" / name)
    for place in places:
        if place.is_file() and os.access(place, os.X_OK):
            return str(place)
    found = shutil.which(name)
    if found is None:
        raise InterfaceError(
            "the oxidb program is not there, and a directory or :memory: needs it to serve the database",
            hint="Build it (make build), then pass binary=…, set OXIDB_BINARY, or put it on PATH. A server elsewhere is grpc://host:port.",
        )
    return found


class LocalServer:
    """A running server. Connections hold it, and the last one that lets go stops it."""

    def __init__(self, target: str, binary: "str | os.PathLike[str] | None" = None, arguments: Sequence[str] = ()):
        self.target = target
        self.users = 0
        program = find_binary(binary)
        self._log = tempfile.TemporaryFile("a+b")
        options: dict[str, Any] = {"start_new_session": True}  # Ctrl-C is for this process, not for the server
        if sys.platform == "win32":
            options = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
        try:
            self._process = subprocess.Popen(
                [program, "serve", target, "--listen", "127.0.0.1:0", "--until-eof", *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                text=True,
                **options,
            )
        except OSError as error:
            self._log.close()
            raise InterfaceError(f"{program} cannot be run: {error}") from error
        try:
            self.address = self._wait_until_listening()
        except BaseException:
            self.stop()
            raise

    @property
    def uri(self) -> str:
        return f"grpc://{self.address}"

    @property
    def pid(self) -> int:
        return self._process.pid

    def running(self) -> bool:
        return self._process.poll() is None

    def _wait_until_listening(self) -> str:
        """Waits for the line that tells the address; a recovery may come first."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("listening on "):
                return line.removeprefix("listening on ").strip()
        self._process.wait()
        raise self._start_failure()

    def _start_failure(self) -> Exception:
        said = self.log().strip().removeprefix("oxidb: ") or f"exit code {self._process.returncode}"
        message, _, hint = said.partition("\nHINT: ")
        state = _STATE.search(message)
        if state is None:
            return OperationalError(f"the server for {self.target} did not start: {message}", hint=hint or None)
        kind = class_of(state.group(1))
        return kind(_STATE.sub("", message), sqlstate=state.group(1), hint=hint or None)

    def log(self) -> str:
        """What the server has written to its standard error."""
        self._log.seek(0)  # the server appends, wherever this is
        return self._log.read().decode(errors="replace")

    def stop(self) -> None:
        """Ends the server: it finishes what runs and writes a checkpoint."""
        process = self._process
        if process.stdin is not None and not process.stdin.closed:
            process.stdin.close()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()
        if not self._log.closed:
            self._log.close()

    def forget(self) -> None:
        """In a forked child: the server belongs to the parent, and must stop with it."""
        self._process.returncode = 0
        for pipe in (self._process.stdin, self._process.stdout, self._log):
            if pipe is not None:
                pipe.close()


class _Servers:
    """The servers of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_path: dict[str, LocalServer] = {}
        self._all: set[LocalServer] = set()

    def take(self, target: str, binary: "str | os.PathLike[str] | None", arguments: Sequence[str]) -> LocalServer:
        with self._lock:
            path = target if target == MEMORY else os.path.realpath(target)
            server = self._by_path.get(path)
            if server is not None and not server.running():
                self._drop(server)
                server = None
            if server is None:
                server = LocalServer(path, binary, arguments)
                self._all.add(server)
                if path != MEMORY:
                    self._by_path[path] = server
            server.users += 1
            return server

    def release(self, server: LocalServer) -> None:
        with self._lock:
            server.users -= 1
            if server.users == 0 and server in self._all:
                self._drop(server)

    def _drop(self, server: LocalServer) -> None:
        self._all.discard(server)
        if self._by_path.get(server.target) is server:
            del self._by_path[server.target]
        server.stop()

    def stop_all(self) -> None:
        with self._lock:
            for server in list(self._all):
                self._drop(server)

    def after_fork(self) -> None:
        self._lock = threading.Lock()
        for server in self._all:
            server.forget()
        self._all.clear()
        self._by_path.clear()


_servers = _Servers()
atexit.register(_servers.stop_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_servers.after_fork)


def take(target: str, binary: "str | os.PathLike[str] | None" = None, arguments: Sequence[str] = ()) -> LocalServer:
    """The server of a directory, started when there is none yet; in memory always a new one."""
    return _servers.take(target, binary, arguments)


def release(server: LocalServer) -> None:
    """Lets go of a server that take gave."""
    _servers.release(server)

