"""What a ping and a question to an NTP server share: a socket of their own, one answer, a limit.

Packets are scapy's. It takes 0.2 s to import: the first question waits for that in a thread, and the
event loop does not.
"""

from __future__ import annotations

import importlib
import socket
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable

from ..emulator.events import Event
from .host_link import Hub

READ = 65536


class Questions:
    """The questions under way of one kind, whose packets the scapy module ``layers`` knows."""

    def __init__(self, hub: Hub, layers: str) -> None:
        self.hub = hub
        self.under_way: set[Question] = set()
        self.closed = False
        self._layers = layers
        self._ready = False

    def with_packets(self, then: Callable[[], None], without: Callable[[], None]) -> None:
        """Call ``then`` once packets can be made; ``without`` (and a note) where scapy is missing.

        At once, from the second time on. Nothing is called after :meth:`close`.
        """
        if self._ready:
            then()
            return
        threading.Thread(target=self._load, args=(then, without), name="load scapy", daemon=True).start()

    def _load(self, then: Callable[[], None], without: Callable[[], None]) -> None:
        try:
            importlib.import_module(self._layers)
        except ImportError:
            then = without
        try:
            self.hub.loop.call_soon_threadsafe(self._loaded, then, then is without)
        except RuntimeError:
            return  # the loop has been closed meanwhile

    def _loaded(self, then: Callable[[], None], missing: bool) -> None:
        if self.closed:
            return
        self._ready = not missing
        if missing:
            self.hub.note("scapy is missing, so nothing was sent (pip install scapy)")
        then()

    def close(self) -> None:
        """Give up all questions; nobody is answered any more. May be repeated."""
        self.closed = True
        for question in tuple(self.under_way):
            question.give_up()


class Question(ABC):
    """One request that has been sent, and the wait for what answers it."""

    def __init__(self, questions: Questions, sock: socket.socket, patience: float, silence: Event) -> None:
        """``silence`` is delivered when ``patience`` seconds have passed."""
        self._questions = questions
        self._hub = questions.hub
        self._sock = sock
        sock.setblocking(False)
        self.asked_at = self._hub.loop.time()
        questions.under_way.add(self)
        self._timer = self._hub.loop.call_later(patience, self.end, silence)
        self._hub.loop.add_reader(sock, self._readable)

    @abstractmethod
    def heard(self, data: bytes, ttl: int | None) -> Event | None:
        """What this packet means; ``None`` if it does not answer the question.

        ``ttl``: of its IP header, where the socket tells.
        """

    @abstractmethod
    def failed(self, error: OSError) -> Event:
        """What an error of the socket means: the network reports that the request did not arrive."""

    @property
    def waited(self) -> float:
        """Seconds since the request was sent."""
        return self._hub.loop.time() - self.asked_at

    def end(self, event: Event) -> None:
        """The question is over: say so."""
        self.give_up()
        self._hub.deliver(event)

    def give_up(self) -> None:
        """The question is over, and nobody hears of it. May be repeated."""
        if self in self._questions.under_way:
            self._questions.under_way.remove(self)
            self._timer.cancel()
            self._hub.loop.remove_reader(self._sock)
            self._sock.close()

    def _readable(self) -> None:
        try:
            data, control, _, _ = self._sock.recvmsg(READ, socket.CMSG_SPACE(4))
        except BlockingIOError:
            return
        except OSError as error:
            self.end(self.failed(error))
            return
        event = self.heard(data, _ttl(control))
        if event is not None:
            self.end(event)


def _ttl(control: list[tuple[int, int, bytes]]) -> int | None:
    """What IP_RECVTTL tells beside a packet."""
    for level, kind, value in control:
        if (level, kind) == (socket.IPPROTO_IP, socket.IP_TTL):
            return int.from_bytes(value, sys.byteorder)
    return None
