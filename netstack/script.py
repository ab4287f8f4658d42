"""What a scripted peer must receive and what it does next, the same for peers in memory and real ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Expect:
    """Wait until exactly these bytes have come (TCP: next in the stream, UDP: one whole datagram)."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Send:
    """Send these bytes to the module."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Close:
    """Close in order (FIN)."""


@dataclass(frozen=True, slots=True)
class Reset:
    """Break the connection (RST)."""


@dataclass(frozen=True, slots=True)
class AckLimit:
    """Acknowledge no more than the first ``total`` bytes of the connection, until :class:`AckAll`."""

    total: int


@dataclass(frozen=True, slots=True)
class AckAll:
    """Acknowledge everything received, now and from now on."""


Step = Expect | Send | Close | Reset | AckLimit | AckAll


class Actor(Protocol):
    """Who carries out the steps of a script: the far end of one connection."""

    def send(self, data: bytes) -> None:
        """Send ``data`` to the module."""

    def close(self) -> None:
        """Send FIN."""

    def reset(self) -> None:
        """Send RST."""

    def ack_limit(self, total: int) -> None:
        """Acknowledge at most ``total`` bytes."""

    def ack_all(self) -> None:
        """Acknowledge everything."""


class ScriptRun:
    """One run of a script: is fed what the module sent, acts when an :class:`Expect` is satisfied.

    A script with an ``Expect``, and an empty one, says all that the peer may receive: anything else
    is a complaint. One of actions only accepts whatever comes.
    """

    def __init__(self, steps: Sequence[Step], actor: Actor, *, datagrams: bool = False) -> None:
        self._steps = tuple(steps)
        self._actor = actor
        self._datagrams = datagrams
        self._strict = not self._steps or any(isinstance(step, Expect) for step in self._steps)
        self._next = 0
        self._pending: list[bytes] = []

    def start(self) -> None:
        """Carry out the actions in front of the first ``Expect``."""
        self._run()

    def feed(self, data: bytes) -> None:
        """The module sent ``data``: a piece of the stream, or one datagram."""
        if self._datagrams or not self._pending:
            self._pending.append(data)
        else:
            self._pending[0] += data
        self._run()

    @property
    def done(self) -> bool:
        """Every step has been carried out."""
        return self._next == len(self._steps)

    def wrong(self) -> str | None:
        """What has been received that the script cannot accept, or ``None``."""
        if not self._strict or not self._pending or not self._pending[0]:
            return None
        got = self._pending[0]
        if self.done:
            return f"received {got!r} beyond the end of its script"
        step = self._steps[self._next]
        if not isinstance(step, Expect):
            return None
        possible = got == step.data if self._datagrams else step.data.startswith(got)
        return None if possible else f"must receive {step.data!r}, received {got!r}"

    def complaint(self) -> str | None:
        """Why the script is not satisfied now that nothing more will come, or ``None``."""
        wrong = self.wrong()
        if wrong is not None or self.done:
            return wrong
        return (
            f"stopped before {self._steps[self._next]!r}, having received {b''.join(self._pending)!r} of it"
        )

    def _run(self) -> None:
        while not self.done:
            step = self._steps[self._next]
            if isinstance(step, Expect) and not self._satisfies(step):
                return
            # Counted before it is carried out: an action may feed this script again.
            self._next += 1
            self._act(step)

    def _satisfies(self, step: Expect) -> bool:
        if not self._pending:
            return False
        if self._datagrams:
            if self._pending[0] != step.data:
                return False
            del self._pending[0]
            return True
        if not self._pending[0].startswith(step.data):
            return False
        self._pending[0] = self._pending[0][len(step.data) :]
        return True

    def _act(self, step: Step) -> None:
        match step:
            case Send(data):
                self._actor.send(data)
            case Close():
                self._actor.close()
            case Reset():
                self._actor.reset()
            case AckLimit(total):
                self._actor.ack_limit(total)
            case AckAll():
                self._actor.ack_all()
            case Expect():
                pass
