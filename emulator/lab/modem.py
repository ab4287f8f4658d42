"""A modem in a test's hands: its ports, what it said, and everything that can be done to it.

Every call is allowed from any thread, and what it does has been done when it returns.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar

from ...netstack.air import Air
from ...netstack.routes import Route
from ..background import SHARED, HostedModem, Lab
from ..console import complain
from ..events import Event
from ..hosting import Act
from ..leaping import leap
from ..log_file import LogFile
from ..observer import together
from ..scenario import values
from ..scenario.director import Director
from ..scenario.expectations import Outcome, Verdict
from ..scenario.model import Scenario
from ..transcript import JsonLog
from . import words
from .dialogue import Dialogue, Transcript
from .expected import Expected
from .network import Network
from .peer import TcpPeer, UdpPeer
from .settings import ENDPOINTS, Settings
from .words import Seconds, duration

T = TypeVar("T")
SHOWN = 40
"""Lines of the dialogue in a failure's report."""
LAST_BYTES = 0.02
"""Seconds that the kernel may take to hand on what a client wrote before it closed a pseudo terminal."""
NOTHING = Scenario(version=1, name="test")


class LabModem:
    """One modem of one test. It runs from construction to :meth:`finish`."""

    def __init__(
        self, settings: Settings, number: int = 0, air: Air | None = None, folder: Path | None = None
    ) -> None:
        """Number ``number`` of the test's modems; those with the same ``air`` reach each other.

        ``folder``: where the log and the transcript go. Raises ``UsageError`` for settings that make no
        sense, ``EndpointError`` for a port that cannot be had, ``OSError`` for the folder.
        """
        self.number = number
        self.network = Network(self)
        self._settings = settings
        self._dialogue = Dialogue()
        self._cleanup = ExitStack()
        self._folder = folder
        self._chosen = settings.checked(number)
        self._said = 0
        self._outcomes: tuple[Outcome, ...] | None = None
        self._last_states: tuple[str, ...] = ()
        self._peers: list[TcpPeer | UdpPeer] = []
        self.dialect = self._chosen.dialect.name
        """Which module it is."""
        log = None if folder is None else JsonLog(LogFile(folder / f"modem-{number}.jsonl", complain))
        clock = settings.clock
        lab = Lab(self._act, clock, beside=ENDPOINTS[settings.endpoint] is not None)
        try:
            self._hosted = SHARED.start(
                self._chosen, ENDPOINTS[settings.endpoint], together(self._dialogue, log), air=air, lab=lab
            )
        except BaseException:
            if log is not None:
                log.close()
            raise
        self.port = self._hosted.port
        """What a driver opens: a pseudo terminal's path, or a URL for pyserial."""
        self.url = self._hosted.url
        """The same module inside the process, for ``serial.serial_for_url``."""

    def _act(self, now: float) -> Act:
        settings = self._settings
        seed = settings.seed + self.number
        scenario = settings.scenario or NOTHING
        self._director = Director(scenario, seed, now, self._chosen.dialect, self._dialogue)
        return Act(self._director, str(seed), self._over)

    def _over(self, why: str) -> None:
        """A scenario's end does not end a test."""
        self._dialogue.note(self.now, f"the scenario is over: {why}")

    # ---- to look at ------------------------------------------------------------------------------

    @property
    def hosted(self) -> HostedModem:
        """The modem behind it, for what has no verb here."""
        return self._hosted

    @property
    def now(self) -> float:
        """Seconds of the modem's time since it was switched on."""
        return self._hosted.clock.now()

    @property
    def states(self) -> tuple[str, ...]:
        """What the module's own documents call the state that it is in (``IP INITIAL``)."""
        return self._last_states if self._outcomes is not None else self._hosted.states

    @property
    def machines(self) -> dict[str, str]:
        """Where every machine of the module stands that has moved or been told of: ``power``, ``sim``,
        ``registration``, ``link 0`` ...
        """
        return self._look(lambda: dict(self._director.states.known))

    @property
    def transcript(self) -> Transcript:
        """What was said so far."""
        return self._look(self._dialogue.transcript)

    def _look(self, function: Callable[[], T]) -> T:
        """In the modem's thread while there is one."""
        return function() if self._outcomes is not None else self._hosted.call(function)

    def describe(self, lines: int = SHOWN) -> str:
        """The end of the dialogue, the states, and the expectations: what a failure's report shows."""
        said = self.transcript
        parts = [f"modem {self.number}, {self.dialect} at {self.port}"]
        if len(said) > lines:
            parts.append(f"... {len(said) - lines} lines before")
        parts += map(str, said.last(lines))
        machines = (f"{machine}: {state}" for machine, state in sorted(self.machines.items()))
        parts.append(f"states: {', '.join((*self.states, *machines))}")
        parts += [f"expectation {line}" for line in self._expectation_lines()]
        return "\n".join(parts)

    def _expectation_lines(self) -> Iterator[str]:
        if self._outcomes is not None:
            for outcome in self._outcomes:
                yield f"{outcome.id}: {'met' if outcome.met else 'FAILED'}: {outcome.detail}"
            return
        for watched in self._hosted.call(lambda: self._director.expectations):
            detail = watched.detail or f"happened {watched.count} times so far"
            yield f"{watched.expectation.id}: {watched.verdict.value}: {detail}"

    # ---- to expect -------------------------------------------------------------------------------

    def expect(
        self,
        command: str | None = None,
        *,
        within: Seconds | None = None,
        times: int | dict[str, int] | None = None,
        **what: Any,
    ) -> Expected:
        """Expect that from now on this happens; at the end of the test it must have.

        ``command``: a pattern for what the host asks (``AT+CIPSEND*``); or ``op="socket.send"``,
        ``state={"link": "CONNECTED"}``, ``urc=``, ``client=`` ..., as in a scenario's ``expect``.
        ``within``: seconds of the modem's time. ``after``: a rule of the scenario, or a mark, from which
        it counts (one that has been reached: from now). Raises ``ValueError``.
        """
        return self._expect({"command": command, "within": _within(within), "times": times, **what})

    def expect_never(
        self, command: str | None = None, *, within: Seconds | None = None, **what: Any
    ) -> Expected:
        """Expect that this does not happen, as :meth:`expect`."""
        told: dict[str, Any] = {key: what.pop(key) for key in ("id", "after", "until") if key in what}
        return self._expect({"never": {"command": command, **what}, "within": _within(within), **told})

    def _expect(self, what: dict[str, Any]) -> Expected:
        self._said += 1
        name = what.pop("id", None) or f"{_named(what)} ({self._said})"
        names = self._hosted.call(lambda: self._director.names)
        wanted = words.expectation({"id": name, **what}, "expect", names)

        def begin(now: float) -> Expected:
            expected = Expected(self, self._director.expect(now, wanted))
            self._dialogue.wait_for(expected)
            return expected

        return self._hosted.call(lambda: self._hosted.driver.direct(begin))

    def assert_seen(self, command: str | None = None, *, times: int | None = None, **what: Any) -> None:
        """This has happened (so many ``times``, or at least once); what it is: see :meth:`expect`."""
        count = self._count(command, what)
        good = count == times if times is not None else count > 0
        wanted = f"{times} times" if times is not None else "at least once"
        assert good, f"{self._asked(command, what)} was seen {count} times, not {wanted}\n{self.describe()}"

    def assert_never(self, command: str | None = None, **what: Any) -> None:
        """This has not happened so far."""
        count = self._count(command, what)
        assert not count, f"{self._asked(command, what)} was seen {count} times\n{self.describe()}"
        assert not self._dialogue.forgot, "so much has happened that nobody remembers all (use expect_never)"

    def _count(self, command: str | None, what: dict[str, Any]) -> int:
        if "bytes" in what:
            raise ValueError("bytes are counted while they are expected (use modem.expect before)")
        names = self._look(lambda: self._director.names)
        wanted = words.expectation({"id": "seen", "command": command, **what}, "assert", names)
        return self._look(lambda: self._dialogue.count(wanted))

    @staticmethod
    def _asked(command: str | None, what: dict[str, Any]) -> str:
        return _named({"command": command, **what})

    # ---- to do -----------------------------------------------------------------------------------

    def do(self, *steps: dict[str, Any], **step: Any) -> None:
        """Do what a scenario's rule can do: ``modem.do(pdp_deact={})``, or several, with ``{"wait": "2s"}``
        between them. Raises ``ValueError`` for a step that does not exist.
        """
        given = [*steps, *({name: value} for name, value in words.plain(step).items())]
        checked = words.steps(given, "do")
        self._hosted.call(lambda: self._hosted.driver.direct(lambda now: self._director.take(now, checked)))

    def fail_next(
        self,
        command: str | None = None,
        result: str | int = "error",
        *,
        op: str | None = None,
        times: int = 1,
        reply: str | None = None,
    ) -> None:
        """The next ``times`` commands of this pattern (or operation) fail: with ``result``, such as
        ``connect_fail`` or one of the module's own error numbers, or with ``reply`` as it stands.
        """
        self.do(fail={"command": command, "op": op, "result": str(result), "times": times, "reply": reply})

    def deactivate_pdp(self, context: int | None = None) -> None:
        """The network takes a PDP context away, or all."""
        self.do(pdp_deact={"context": context})

    def urc(self, text: str, *, at_once: bool = False) -> None:
        """The module says this unasked."""
        self.do(urc={"text": text, "at_once": at_once})

    def sim(self, action: str) -> None:
        """``insert`` or ``remove`` the card."""
        self.do(sim=action)

    def power(self, action: str, **how: Any) -> None:
        """``off``, ``on``, ``reset``, ``crash``, ``brownout``; see the step ``power``."""
        self.do(power={"action": action, **how})

    def register(self, to: str, **where: Any) -> None:
        """See :meth:`Network.register`."""
        self.network.register(to, **where)

    def signal(self, rssi: int, ber: int = 0) -> None:
        """See :meth:`Network.signal`."""
        self.network.signal(rssi, ber)

    def send_sms(self, from_: str, text: str) -> None:
        """A short message arrives."""
        self.do(sms={"from_": from_, "text": text})

    def ring(self, from_: str, *, for_: Seconds | None = None, times: int | None = None) -> None:
        """Somebody calls, and gives up after ``for_`` seconds or so many rings."""
        self.do(ring={"from_": from_, "for_": _within(for_), "times": times})

    def external(self, name: str) -> None:
        """The signal that a scenario's rules know under this name."""
        self._hosted.call(lambda: self._hosted.driver.direct(lambda now: self._director.external(now, name)))

    def inject(self, event: Event) -> None:
        """Let an event of the engine's happen."""
        self._hosted.inject(event)

    # ---- time ------------------------------------------------------------------------------------

    def skip(self, time_: Seconds) -> None:
        """So much of the modem's time passes at once; all that is due in it happens, in order.

        Real sockets need their real time all the same.
        """
        leap(self._hosted, values.seconds(duration(time_)))

    def let_pass(self, seconds: float, until: threading.Event) -> None:
        """Wait for ``until``, at most ``seconds``: of the modem's time, where that stands still."""
        if self._settings.standing:
            leap(self._hosted, seconds, lambda: until.wait(0.005))
        else:
            until.wait(seconds)

    # ---- peers -----------------------------------------------------------------------------------

    def peer(self, where: str) -> Any:
        """A real peer on loopback to which ``where`` leads: ``tcp://203.0.113.5:8500``, ``udp://name:53``.

        Returns a :class:`~.peer.TcpPeer` or :class:`~.peer.UdpPeer`; it is closed with the modem. Raises
        ``ValueError``.
        """
        scheme = where.partition("://")[0].lower()
        kinds: dict[str, type[TcpPeer] | type[UdpPeer]] = {"tcp": TcpPeer, "udp": UdpPeer}
        if scheme not in kinds:
            raise ValueError(f"the peer {where!r} is neither tcp:// nor udp:// (write one of them)")
        Route.entry(where, "refuse")
        peer = kinds[scheme](where)
        self._peers.append(peer)
        host, port = peer.address
        route = Route.entry(where, f"{scheme}://{host}:{port}")
        self._hosted.call(lambda: self._chosen.routes.add(route))
        return peer

    # ---- the end ---------------------------------------------------------------------------------

    def finish(self) -> tuple[Outcome, ...]:
        """Stop, and judge what was expected; what has failed is in what it returns, once.

        Raises what has failed in a peer's story, or inside the modem.
        """
        if self._outcomes is not None:
            return ()
        hosted = self._hosted
        with ExitStack() as end:
            end.callback(self._write_transcript)
            end.callback(hosted.stop)
            for peer in self._peers:
                end.callback(peer.close)
            self._hear_the_last()
            self._last_states = hosted.states
            report = hosted.call(lambda: self._director.finish(hosted.clock.now()))
            self._outcomes = report.outcomes
            if report.verdict == "fail":
                self._outcomes += (Outcome("verdict", False, "a step of the scenario said fail"),)
        return self._outcomes

    def _hear_the_last(self) -> None:
        """What the driver wrote before it closed the port may still be under way, and be what is expected."""
        look = self._hosted.call
        if any(each.verdict is Verdict.OPEN for each in look(lambda: self._director.expectations)):
            if ENDPOINTS[self._settings.endpoint] is not None:
                time.sleep(LAST_BYTES)
            look(lambda: None)  # the loop has gone round once behind this
            look(lambda: None)

    def _write_transcript(self) -> None:
        if self._folder is not None:
            text = f"{self._dialogue.transcript()}\n"
            (self._folder / f"modem-{self.number}.txt").write_text(text, encoding="ascii", errors="replace")


def _within(time_: Seconds | None) -> str | None:
    return None if time_ is None else duration(time_)


def _named(what: dict[str, Any]) -> str:
    """An expectation's name: what it is about, as said."""
    said = {k: v for k, v in what.items() if v is not None and k not in ("within", "times")}
    text = " ".join(str(v) if k == "command" else f"{k} {v}" for k, v in said.items())
    return text[:60] or "nothing"
