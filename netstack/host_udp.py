"""UDP sockets of a module on the host."""

from __future__ import annotations

import socket

from ..emulator.effects import Transport
from ..emulator.events import Accepted, Address, Failure, Received
from .air import Place
from .host_link import Hub, Link

_READ = 65536
_DATAGRAMS = 16
"""Datagrams read before the loop's other work has its turn."""


def receive(sock: socket.socket) -> tuple[bytes, Address] | None:
    """One datagram and its sender; ``None`` if there is none. An ICMP error of an earlier send is skipped."""
    try:
        data, (host, port) = sock.recvfrom(_READ)
    except OSError:  # EAGAIN, or an ICMP error, which the system call has taken off the socket
        return None
    return data, Address(host, port)


def send_datagram(sock: socket.socket, data: bytes, to: Address) -> None:
    """Send, or lose the datagram as UDP may: no route, too long, buffer full, refused earlier."""
    try:
        sock.sendto(data, to)
    except OSError:
        return


def hand_over(hub: Hub, sender: Place | None, data: bytes, to: Address) -> bool:
    """Give a datagram to the module that is at ``to``; whether there is one."""
    receiver = None if sender is None else hub.air.find(Transport.UDP, to)
    if sender is None or receiver is None:
        return False
    receiver.arrive(data, sender.address)
    return True


class UdpLink(Link):
    """A UDP socket of the module, with a destination or without. It hears every sender.

    A destination that the policy refuses loses the datagrams, as a network would.
    """

    __slots__ = ("_asked_as", "_final", "_place", "_reading", "_remote", "_sock")

    def __init__(
        self, hub: Hub, handle: int, sock: socket.socket, remote: Address | None, place: Place | None
    ) -> None:
        super().__init__(hub, handle)
        self._sock = sock
        self._remote = remote
        self._place = place
        if place is not None:
            place.arrive = self._arriving
        self._reading = False
        # the last destination and where it leads
        self._final: tuple[Address, Address | Failure | None] | None = None
        # routed peers: the address that the module asked for, by the real one
        self._asked_as: dict[Address, Address] = {}
        sock.setblocking(False)
        if remote is not None:
            self._target(remote)
        self.resume()

    def send(self, data: bytes, to: Address | None, awaited: bool = False) -> None:
        asked = to or self._remote
        if asked is None:
            raise ValueError(f"handle {self.handle} has no destination, and this datagram names none")
        if hand_over(self.hub, self._place, data, asked):
            return
        final = self._target(asked)
        if isinstance(final, Address):
            send_datagram(self._sock, data, final)

    def pause(self) -> None:
        if self._reading:
            self._reading = False
            self.hub.loop.remove_reader(self._sock)

    def resume(self) -> None:
        if not self._reading:
            self._reading = True
            self.hub.loop.add_reader(self._sock, self._readable)

    def close(self, abort: bool) -> None:
        self.release()

    def release(self) -> None:
        self.pause()
        if self._place is not None:
            self.hub.air.leave(self._place)
        self.hub.links.pop(self.handle, None)
        self._sock.close()

    def _arriving(self, data: bytes, sender: Address) -> None:
        self.hub.loop.call_soon(self._arrived, data, sender)

    def _arrived(self, data: bytes, sender: Address) -> None:
        if self._reading:  # otherwise it has been closed meanwhile, or paused
            self.hub.deliver(Received(self.handle, data, sender))

    def _target(self, asked: Address) -> Address | Failure | None:
        known = self._final
        if known is not None and known[0] == asked:
            return known[1]
        final = self.hub.target(Transport.UDP, asked)
        self._final = (asked, final)
        if isinstance(final, Address) and final != asked:
            self._asked_as[final] = asked
        return final

    def _known_as(self, sender: Address) -> Address:
        return self._asked_as.get(sender) or self.hub.routes.asked_as(Transport.UDP, sender) or sender

    def _readable(self) -> None:
        for _ in range(_DATAGRAMS):
            datagram = receive(self._sock)
            if datagram is None:
                return
            data, sender = datagram
            self.hub.deliver(Received(self.handle, data, self._known_as(sender)))
            if not self._reading:
                return


class UdpListener(Link):
    """A UDP server of the module: each new sender is ``Accepted`` with a handle of its own.

    The handles of the senders share the socket; it is closed with the last of them and the listener.
    Data to a third party is sent with the listener's handle and ``to``.
    """

    __slots__ = ("_listening", "_local", "_peers", "_place", "_reading", "_sock")

    def __init__(
        self, hub: Hub, handle: int, sock: socket.socket, local: Address, place: Place | None
    ) -> None:
        super().__init__(hub, handle)
        self._sock = sock
        self._local = local
        self._place = place
        if place is not None:
            place.arrive = self._arriving
        self._peers: dict[Address, UdpPeer] = {}
        self._listening = True
        self._reading = False
        sock.setblocking(False)
        self.resume()

    def send(self, data: bytes, to: Address | None, awaited: bool = False) -> None:
        if to is None or hand_over(self.hub, self._place, data, to):
            return
        final = self.hub.target(Transport.UDP, to)
        if isinstance(final, Address):
            send_datagram(self._sock, data, final)

    def reply(self, data: bytes, to: Address) -> None:
        """Answer a sender. It came to us, so only the addresses that are always refused are."""
        if hand_over(self.hub, self._place, data, to) or self.hub.air.refusal(to.host) is not None:
            return
        reason = self.hub.policy.refusal(to.host, routed=True)
        if reason is None:
            send_datagram(self._sock, data, to)
        else:
            self.hub.note(f"UDP to {to.host}:{to.port} refused: {reason}")

    def pause(self) -> None:
        if self._reading:
            self._reading = False
            self.hub.loop.remove_reader(self._sock)

    def resume(self) -> None:
        if not self._reading:
            self._reading = True
            self.hub.loop.add_reader(self._sock, self._readable)

    def close(self, abort: bool) -> None:
        self.release()

    def release(self) -> None:
        self._listening = False
        self.hub.links.pop(self.handle, None)
        if self._peers:
            self.resume()  # a paused listener must not keep its senders silent for ever
        else:
            self._close()

    def forget(self, peer: UdpPeer) -> None:
        """``peer`` has been closed; its next datagram makes it a new sender."""
        self._peers.pop(peer.remote, None)
        if not self._listening and not self._peers:
            self._close()

    def _close(self) -> None:
        self.pause()
        if self._place is not None:
            self.hub.air.leave(self._place)
        self._sock.close()

    def _readable(self) -> None:
        for _ in range(_DATAGRAMS):
            datagram = receive(self._sock)
            if datagram is None:
                return
            self._arrived(*datagram)
            if not self._reading:
                return

    def _arriving(self, data: bytes, sender: Address) -> None:
        self.hub.loop.call_soon(self._arrived, data, sender)

    def _arrived(self, data: bytes, sender: Address) -> None:
        if not self._reading:  # paused, or closed since a module sent it
            return
        peer = self._peers.get(sender)
        if peer is None and self._listening:
            peer = UdpPeer(self.hub, self, sender)
            self._peers[sender] = peer
            self.hub.deliver(Accepted(self.handle, peer.handle, self._local, sender))
        if peer is not None:
            peer.received(data)


class UdpPeer(Link):
    """One sender that a UDP listener has accepted."""

    __slots__ = ("_listener", "_open", "_paused", "remote")

    def __init__(self, hub: Hub, listener: UdpListener, remote: Address) -> None:
        super().__init__(hub, hub.number())
        self.remote = remote
        self._listener = listener
        self._open = True
        self._paused = False

    def received(self, data: bytes) -> None:
        """Deliver a datagram of this sender; while paused it is lost."""
        if self._open and not self._paused:
            self.hub.deliver(Received(self.handle, data, self.remote))

    def send(self, data: bytes, to: Address | None, awaited: bool = False) -> None:
        if to is None:
            self._listener.reply(data, self.remote)
        else:
            self._listener.send(data, to)

    def pause(self) -> None:
        self._paused = True

    def resume(self) -> None:
        self._paused = False

    def close(self, abort: bool) -> None:
        self.release()

    def release(self) -> None:
        if self._open:
            self._open = False
            self.hub.links.pop(self.handle, None)
            self._listener.forget(self)
