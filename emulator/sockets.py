"""What the TCP/IP toolkit asks of the network beside connections: names, and listeners.

The base of :class:`~.stack.Stack`; no words here either.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .effects import CloseSocket, Listen, Resolve, Transport
from .events import Event, Failure, ListenFailed, Listening, Resolved, ResolveFailed
from .jobs import Pause, Steps, Until
from .links import Context, Listener, Lookup, is_dotted_quad
from .machine import Position
from .states import CONTEXT, SERVER, Happening

if TYPE_CHECKING:
    from .module import Module


class Sockets:
    """The contexts of one module, their listeners, and the names being looked up."""

    def __init__(self, module: Module) -> None:
        self._module = module
        limits = module.dialect.limits
        watch = module.state_watch
        first = limits.first_context
        numbers = range(first, first + limits.contexts)
        self.contexts = [Context(i, Position(CONTEXT, watch(i))) for i in numbers]
        self.banks = self.contexts[: limits.banks]
        """The contexts that have links and a listener; one of them serves all where links are shared."""
        if limits.listeners:
            pool = range(limits.listeners)
            self.listeners = [Listener(Position(SERVER, watch(i)), self.contexts[0]) for i in pool]
        else:
            self.listeners = [Listener(Position(SERVER, module.state_changed), bank) for bank in self.banks]
        self.dns_servers: tuple[str, ...] = ()
        self._listeners: dict[int, Listener] = {}
        self._lookups: dict[int, Lookup] = {}
        self._serial = 0
        self.socket_handlers: dict[type[Event], Callable[..., None]] = {
            Listening: self._listening,
            ListenFailed: self._listen_failed,
            Resolved: self._resolved,
            ResolveFailed: self._resolved,
        }

    def _new_number(self) -> int:
        self._serial += 1
        return self._serial

    # ---- names -----------------------------------------------------------------------------------

    def resolve(self, name: str) -> Steps:
        """Steps: the IPv4 addresses of ``name`` as a tuple, or the :class:`Failure`."""
        if is_dotted_quad(name):
            return (".".join([str(int(part)) for part in name.split(".")]),)
        lookup = Lookup()
        query = self._new_number()
        self._lookups[query] = lookup
        yield Pause("dns")
        self._module.ask(Resolve(query, name, self.dns_servers))
        yield Until(lambda: lookup.answer is not None, "dns limit")
        self._lookups.pop(query, None)
        answer = lookup.answer
        if isinstance(answer, Resolved):
            return answer.addresses
        return Failure.TIMED_OUT if answer is None else answer.failure

    def _resolved(self, event: Resolved | ResolveFailed) -> None:
        lookup = self._lookups.pop(event.query, None)
        if lookup is not None:
            lookup.answer = event

    def forget_names(self) -> None:
        """Power off: nobody waits for an answer any more, and no server is known."""
        self._lookups.clear()
        self.dns_servers = ()

    # ---- listening -------------------------------------------------------------------------------

    @property
    def listener(self) -> Listener:
        """The listener of a module that has one for all its contexts."""
        return self.listeners[0]

    def listener_of(self, context: Context) -> Listener:
        """The listener that serves ``context``, where each bank has one."""
        return self.listeners[self.contexts.index(context) if len(self.listeners) > 1 else 0]

    def listen(self, listener: Listener, context: Context, transport: Transport, port: int) -> None:
        """Open ``listener``; the answer comes to ``listener_opened`` or ``listener_failed``."""
        listener.position.fire(Happening.LISTEN_STARTED)
        listener.context, listener.transport, listener.port = context, transport, port
        listener.handle = self._new_number()
        self._listeners[listener.handle] = listener
        # A context that is being brought up gets the address that it will have.
        source = context.address or self._module.local_ip(context.number)
        self._module.ask(Listen(listener.handle, transport, port, source))

    def _listening(self, event: Listening) -> None:
        listener = self._listeners.get(event.handle)
        if listener is not None:
            listener.port = event.local.port
            listener.position.fire(Happening.CONNECTED)
            self._module.listener_opened(listener)

    def _listen_failed(self, event: ListenFailed) -> None:
        listener = self._listeners.pop(event.handle, None)
        if listener is not None:
            listener.handle = None
            listener.position.fire(Happening.CONNECT_FAILED)
            self._module.listener_failed(listener, event.failure)

    def stop_listening(self, listener: Listener, *, abort: bool = False) -> None:
        """Close the listener if it is open; accepted links stay."""
        if listener.handle is None:
            return
        del self._listeners[listener.handle]
        listener.position.fire(Happening.LISTEN_STOPPED)
        self._module.ask(CloseSocket(listener.handle, abort))
        listener.handle = None
        listener.position.fire(Happening.CLOSED)
