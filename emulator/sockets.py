"""What the TCP/IP toolkit has beside connections: contexts, and listeners.

A base of :class:`~.stack.Stack`; no words here either.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING

from .effects import CloseSocket, GiveUpAddress, Listen, SocketAssigned, TakeAddress, Transport
from .events import Address, Event, ListenFailed, Listening
from .links import Context, Listener
from .machine import Position
from .questions import Questions
from .states import CONTEXT, SERVER, ContextState, Happening

if TYPE_CHECKING:
    from .module import Module


class Sockets(Questions):
    """The contexts of one module, and their listeners."""

    def __init__(self, module: Module) -> None:
        super().__init__(module)
        limits = module.dialect.limits
        watch = module.state_watch
        first = limits.first_context
        numbers = range(first, first + limits.contexts)
        self.contexts = [Context(i, Position(CONTEXT, self._context_changed(i))) for i in numbers]
        self.banks = self.contexts[: limits.banks]
        """The contexts that have links and a listener; one of them serves all where links are shared."""
        if limits.listeners:
            pool = range(limits.listeners)
            self.listeners = [Listener(Position(SERVER, watch(i)), self.contexts[0]) for i in pool]
        else:
            self.listeners = [Listener(Position(SERVER, module.state_changed), bank) for bank in self.banks]
        self._listeners: dict[int, Listener] = {}

    @property
    def socket_handlers(self) -> dict[type[Event], Callable[..., None]]:
        """What hears each event of a listener or a question."""
        return {
            **self.question_handlers,
            Listening: self._listening,
            ListenFailed: self._listen_failed,
        }

    def _context_changed(self, number: int) -> Callable[[str, Enum, Enum], None]:
        """Tells whoever watches, and the network: an active context's address can be reached."""
        told = self._module.state_watch(number)

        def changed(machine: str, before: Enum, after: Enum) -> None:
            told(machine, before, after)
            address = self.contexts[number - self.contexts[0].number].address
            if after is ContextState.ACTIVE:
                self._module.ask(TakeAddress(address))
            elif before is ContextState.ACTIVE:
                self._module.ask(GiveUpAddress(address))

        return changed

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
        self._module.ask(SocketAssigned(listener.handle, None, context.number, transport, Address("", port)))
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
