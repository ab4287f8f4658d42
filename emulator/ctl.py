"""A Unix socket through which a test in any language does to running modems what a scenario's steps do.

One JSON object a line, both ways. Asked can be: a step (``{"pdp_deact": {}}``), ``{"steps": [...]}``,
``{"external": NAME}``, ``{"expect": {...}}``, ``{"query": "states"}``, ``"expectations"`` or ``"modems"``;
``"modem": N`` beside it says which modem, ``"tag"`` comes back with the answer. Answered is
``{"ok": true, ...}`` behind what has been done, or ``{"ok": false, "error": "..."}`` where nothing has.
"""

from __future__ import annotations

import asyncio
import errno
import json
import os
import socket
import stat
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .driver import Driver
from .mistakes import SetupError
from .scenario.director import Director
from .scenario.load import expectation_of, steps_of
from .scenario.text import ScenarioError

LONGEST_LINE = 65536
"""Bytes; a longer line is refused, and the next one is read again."""
MOST_CLIENTS = 32
_HELD = 1 << 20
"""Bytes of answers that wait for a client before its questions are not read any more."""

Answer = dict[str, Any]


class Refused(Exception):
    """What was asked cannot be done; the message goes to the client."""


@dataclass(frozen=True, slots=True)
class Controlled:
    """One modem that can be reached."""

    driver: Driver
    director: Director
    port: str


class Control:
    """What a line asks for, done; no sockets here."""

    def __init__(self, modems: tuple[Controlled, ...]) -> None:
        self._modems = modems
        self._verbs: Mapping[str, Callable[[Controlled, Any], Answer]] = {
            "steps": self._steps,
            "external": self._external,
            "expect": self._expect,
            "query": self._query,
        }

    def answer(self, line: bytes) -> Answer:
        """The answer to one line. What is wrong with it is in the answer; nothing is raised for it."""
        tag: dict[str, Any] = {}
        try:
            asked = _object(line)
            if "tag" in asked:
                tag = {"tag": asked.pop("tag")}
            return {"ok": True, **self._do(asked), **tag}
        except (Refused, ScenarioError) as error:
            return {"ok": False, "error": str(error), **tag}

    def _do(self, asked: dict[str, Any]) -> Answer:
        modem = self._which(asked)
        if len(asked) != 1:
            raise Refused(f"one thing is asked for in a line, not {len(asked)} (see vmodem schema, Step)")
        ((verb, value),) = asked.items()
        known = self._verbs.get(verb)
        return self._steps(modem, [asked]) if known is None else known(modem, value)

    def _which(self, asked: dict[str, Any]) -> Controlled:
        number = asked.pop("modem", None)
        if number is None and len(self._modems) > 1 and asked.get("query") != "modems":
            raise Refused(f'there are {len(self._modems)} modems (say which: "modem": 0)')
        number = 0 if number is None else number
        if type(number) is not int or not 0 <= number < len(self._modems):
            raise Refused(f"there is no modem {number!r} (there are {len(self._modems)}, from 0)")
        return self._modems[number]

    @staticmethod
    def _steps(modem: Controlled, given: Any) -> Answer:
        steps = steps_of(given, "ctl")
        modem.driver.direct(lambda now: modem.director.take(now, steps))
        return {}

    @staticmethod
    def _external(modem: Controlled, name: Any) -> Answer:
        if not isinstance(name, str):
            raise Refused(f"external: {name!r} is no name")
        modem.driver.direct(lambda now: modem.director.external(now, name))
        return {}

    @staticmethod
    def _expect(modem: Controlled, given: Any) -> Answer:
        if not isinstance(given, dict):
            raise Refused(f"expect: {given!r} is no expectation (write an object)")
        number = len(modem.director.expectations)
        expectation = expectation_of({"id": f"ctl {number}", **given}, "ctl", modem.director.names)
        if any(each.expectation.id == expectation.id for each in modem.director.expectations):
            raise Refused(f"expect: {expectation.id!r} is the id of another one (give it its own)")
        modem.driver.direct(lambda now: modem.director.expect(now, expectation))
        return {"id": expectation.id}

    def _query(self, modem: Controlled, what: Any) -> Answer:
        match what:
            case "states":
                machines = dict(modem.director.states.known)
                return {"states": list(modem.driver.modem.states), "machines": machines}
            case "expectations":
                return {
                    "expectations": [
                        {"id": each.expectation.id, "state": each.verdict.value, "detail": each.detail}
                        for each in modem.director.expectations
                    ]
                }
            case "modems":
                return {"modems": [each.port for each in self._modems]}
        raise Refused(f"query: {what!r} is none of states, expectations, modems")


def _object(line: bytes) -> dict[str, Any]:
    try:
        asked = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise Refused(f"no JSON: {error}") from None
    if not isinstance(asked, dict):
        raise Refused(f'{type(asked).__name__} is no object (write a step, such as {{"pdp_deact": {{}}}})')
    return asked


class _Client(asyncio.Protocol):
    """One connection."""

    _transport: asyncio.Transport

    def __init__(self, control: Control, clients: set[_Client]) -> None:
        self._control = control
        self._clients = clients
        self._read = bytearray()
        self._skipping = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(high=_HELD)
        if len(self._clients) >= MOST_CLIENTS:
            self._say({"ok": False, "error": f"there are {MOST_CLIENTS} clients already (close one)"})
            transport.close()
            return
        self._clients.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._clients.discard(self)

    def pause_writing(self) -> None:
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._transport.resume_reading()

    def eof_received(self) -> bool:
        return False

    def data_received(self, data: bytes) -> None:
        self._read += data
        while True:
            line, newline, rest = self._read.partition(b"\n")
            if not newline:
                break
            self._read = rest
            if not self._skipping and len(line) <= LONGEST_LINE:
                if line.strip():
                    self._say(self._control.answer(bytes(line)))
            elif not self._skipping:
                self._too_long()
            self._skipping = False
        if len(self._read) > LONGEST_LINE:
            self._read.clear()
            if not self._skipping:
                self._skipping = True
                self._too_long()

    def _too_long(self) -> None:
        self._say({"ok": False, "error": f"the line is longer than {LONGEST_LINE} bytes"})

    def _say(self, answer: Answer) -> None:
        if not self._transport.is_closing():
            self._transport.write(json.dumps(answer).encode() + b"\n")

    def drop(self) -> None:
        self._transport.abort()


class ControlSocket:
    """The socket, from :meth:`open` to :meth:`close`; its owner alone may connect (mode 0600)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._clients: set[_Client] = set()
        self._server: asyncio.Server | None = None
        self._inode = (0, 0)

    async def open(self, control: Control) -> None:
        """Raises :class:`SetupError`. A socket that nobody serves any more is replaced."""
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            _refuse_others_folder(self.path.absolute().parent)
            _make_way(self.path)
            mask = os.umask(0o177)
            try:
                listener.bind(str(self.path))
            finally:
                os.umask(mask)
            found = self.path.stat()
            self._inode = found.st_dev, found.st_ino
            loop = asyncio.get_running_loop()
            self._server = await loop.create_unix_server(
                lambda: _Client(control, self._clients), sock=listener
            )
        except OSError as error:
            listener.close()
            self._remove()
            text = error.strerror or str(error)
            raise SetupError(f"cannot listen at {self.path}: {text} (choose another path)") from error

    def close(self) -> None:
        """Drop all clients and remove the socket, if it is still ours. May be called twice."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for client in list(self._clients):
            client.drop()
        self._remove()

    def _remove(self) -> None:
        with suppress(OSError):
            found = self.path.lstat()
            if (found.st_dev, found.st_ino) == self._inode:
                self.path.unlink()


def _refuse_others_folder(folder: Path) -> None:
    """Raise ``OSError`` where somebody else could put a socket of his in the place of ours."""
    found = folder.stat()
    open_to_all = bool(found.st_mode & stat.S_IWOTH) and not found.st_mode & stat.S_ISVTX
    if open_to_all or found.st_uid not in (0, os.getuid()):
        raise OSError(errno.EPERM, f"others may replace what is in {folder}")


def _make_way(path: Path) -> None:
    """Remove a socket that nobody serves. Raises ``OSError`` for anything else that is there."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise OSError(errno.EEXIST, "something else is there")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
        except BlockingIOError:
            pass  # its queue is full: somebody is there
    raise OSError(errno.EADDRINUSE, "another modem is controlled there")
