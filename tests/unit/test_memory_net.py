"""The memory netstack keeps the contract that events.py and effects.py state."""

from __future__ import annotations

import pytest
from vmodem.emulator.effects import (
    AskNtp,
    CloseSocket,
    GiveUpAddress,
    Listen,
    OpenSocket,
    PauseReceiving,
    Ping,
    Resolve,
    ResumeReceiving,
    SendData,
    TakeAddress,
    Transport,
)
from vmodem.emulator.events import (
    Accepted,
    Acknowledged,
    Address,
    Closed,
    Connected,
    ConnectFailed,
    ConnectionLost,
    Failure,
    ListenFailed,
    Listening,
    NtpAnswered,
    NtpFailed,
    PeerClosed,
    PingAnswered,
    PingFailed,
    Received,
    Resolved,
    ResolveFailed,
    SendBlocked,
    SendReady,
)
from vmodem.netstack.memory import MemoryNetStack, MisuseError, Mode
from vmodem.netstack.script import AckAll, AckLimit, Close, Expect, Reset, Send, Step

SERVER = Address("116.228.221.51", 8500)
UDP_SERVER = Address("116.228.221.51", 9600)
ME = "10.0.0.2"
TCP, UDP = Transport.TCP, Transport.UDP


@pytest.fixture
def net() -> MemoryNetStack:
    return MemoryNetStack()


def opened(net: MemoryNetStack, handle: int = 1, transport: Transport = TCP, port: int = 0) -> Address:
    """Open a socket that the peer accepts; returns its local address."""
    remote = SERVER if transport is TCP else UDP_SERVER
    net.perform(OpenSocket(handle, transport, remote, port, ME), 0.0)
    (event,) = net.take_events()
    assert isinstance(event, Connected)
    return event.local


# ---- connecting -----------------------------------------------------------------------------------


def test_an_accepting_peer_connects_and_the_local_address_is_the_pdp_address(net: MemoryNetStack) -> None:
    peer = net.tcp(*SERVER)
    net.perform(OpenSocket(1, TCP, SERVER, 4000, ME), 0.0)
    assert net.take_events() == [Connected(1, Address(ME, 4000))]
    assert peer.connection().local == Address(ME, 4000)


@pytest.mark.parametrize(
    ("mode", "failure"), [(Mode.REFUSE, Failure.REFUSED), (Mode.UNREACHABLE, Failure.UNREACHABLE)]
)
def test_a_peer_that_does_not_accept(net: MemoryNetStack, mode: Mode, failure: Failure) -> None:
    net.tcp(*SERVER, mode=mode)
    net.perform(OpenSocket(1, TCP, SERVER, 0, ME), 0.0)
    assert net.take_events() == [ConnectFailed(1, failure)]


def test_a_silent_peer_never_answers_and_giving_up_is_not_answered(net: MemoryNetStack) -> None:
    net.tcp(*SERVER, mode=Mode.SILENT)
    net.perform(OpenSocket(1, TCP, SERVER, 0, ME), 0.0)
    assert net.next_deadline() is None
    net.perform(CloseSocket(1), 75.0)
    assert net.take_events() == []


def test_an_address_without_peer_refuses_unless_told_otherwise() -> None:
    for others, expected in [(Mode.REFUSE, Failure.REFUSED), (Mode.UNREACHABLE, Failure.UNREACHABLE)]:
        net = MemoryNetStack(others=others)
        net.perform(OpenSocket(1, TCP, SERVER, 0, ME), 0.0)
        assert net.take_events() == [ConnectFailed(1, expected)]


def test_modes_change_between_connections(net: MemoryNetStack) -> None:
    peer = net.tcp(*SERVER)
    opened(net, 1)
    peer.refuse()
    net.perform(OpenSocket(2, TCP, SERVER, 0, ME), 0.0)
    assert net.take_events() == [ConnectFailed(2, Failure.REFUSED)]
    peer.accept()
    opened(net, 3)
    assert [c.handle for c in peer.connections] == [1, 3]


def test_a_local_port_is_had_once(net: MemoryNetStack) -> None:
    net.tcp(*SERVER)
    opened(net, 1, port=4000)
    net.perform(OpenSocket(2, TCP, SERVER, 4000, ME), 0.0)
    net.perform(OpenSocket(3, TCP, SERVER, 4000, "10.0.0.3"), 0.0)  # the other PDP address has its own
    assert net.take_events() == [
        ConnectFailed(2, Failure.ADDRESS_IN_USE),
        Connected(3, Address("10.0.0.3", 4000)),
    ]
    net.perform(CloseSocket(1, abort=True), 0.0)
    opened(net, 4, port=4000)


# ---- data -----------------------------------------------------------------------------------------


def test_data_is_acknowledged_at_once_and_collected(net: MemoryNetStack) -> None:
    peer = net.tcp(*SERVER)
    opened(net)
    net.perform(SendData(1, b"abc"), 0.0)
    net.perform(SendData(1, b"de"), 0.0)
    assert net.take_events() == [Acknowledged(1, 3), Acknowledged(1, 5)]
    assert peer.connection().received == b"abcde"


def test_the_acknowledgement_limit(net: MemoryNetStack) -> None:
    peer = net.tcp(*SERVER, script=[AckLimit(4)])
    opened(net)
    for part in (b"abc", b"def", b"ghi"):
        net.perform(SendData(1, part), 0.0)
    assert net.take_events() == [Acknowledged(1, 3), Acknowledged(1, 4)]
    peer.connection().ack_all()
    assert net.take_events() == [Acknowledged(1, 9)]


def test_received_in_one_piece_or_segments(net: MemoryNetStack) -> None:
    peer = net.tcp(*SERVER)
    opened(net)
    peer.connection().send(b"whole")
    peer.connection().send(b"segments", segment=3)
    assert net.take_events() == [Received(1, part, SERVER) for part in (b"whole", b"seg", b"men", b"ts")]


def test_a_script_acts_when_its_expectation_is_met_however_it_is_split(net: MemoryNetStack) -> None:
    script: list[Step] = [Expect(b"hello"), Send(b"world"), Expect(b"!"), Close()]
    peer = net.tcp(*SERVER, script=script)
    opened(net)
    run = peer.connection().run
    assert run is not None
    net.perform(SendData(1, b"hel"), 0.0)
    assert net.take_events() == [Acknowledged(1, 3)]
    assert run.complaint() == "stopped before Expect(data=b'hello'), having received b'hel' of it"
    net.perform(SendData(1, b"lo!"), 0.0)
    assert net.take_events() == [Acknowledged(1, 6), Received(1, b"world", SERVER), PeerClosed(1)]
    assert run.done
    assert run.complaint() is None


@pytest.mark.parametrize(
    ("script", "sent", "complaint"),
    [
        ([Expect(b"hello")], b"help", "must receive b'hello', received b'help'"),
        ([Expect(b"hello")], b"hello?", "received b'?' beyond the end of its script"),
        ([], b"x", "received b'x' beyond the end of its script"),
        ([AckAll()], b"anything", None),
        ([Expect(b"a"), Reset()], b"a", None),
    ],
)
def test_what_a_script_complains_about(
    net: MemoryNetStack, script: list[Step], sent: bytes, complaint: str | None
) -> None:
    peer = net.tcp(*SERVER, script=script)
    opened(net)
    net.perform(SendData(1, sent), 0.0)
    run = peer.connection().run
    assert run is not None
    assert run.wrong() == complaint


def test_a_peer_that_stops_reading_blocks_and_unblocks_the_sender() -> None:
    net = MemoryNetStack(send_limit=8)
    peer = net.tcp(*SERVER)
    opened(net)
    connection = peer.connection()
    connection.stop_reading(window=4)
    net.perform(SendData(1, b"0123456789"), 0.0)
    assert net.take_events() == [Acknowledged(1, 4)]
    net.perform(SendData(1, b"abc"), 0.0)
    assert net.take_events() == [SendBlocked(1)]
    assert connection.waiting == 9
    connection.start_reading()
    assert net.take_events() == [Acknowledged(1, 13), SendReady(1)]
    assert connection.received == b"0123456789abc"


# ---- closing --------------------------------------------------------------------------------------


def test_an_orderly_close_is_answered(net: MemoryNetStack) -> None:
    peer = net.tcp(*SERVER)
    opened(net)
    net.perform(CloseSocket(1), 0.0)
    assert net.take_events() == [Closed(1)]
    assert peer.connection().fin_received
    for effect in (SendData(1, b"x"), CloseSocket(1, abort=True)):
        with pytest.raises(MisuseError, match="closed by the engine"):
            net.perform(effect, 0.0)


def test_a_peer_may_ignore_the_fin_and_answer_late(net: MemoryNetStack) -> None:
    peer = net.tcp(*SERVER)
    opened(net)
    peer.connection().ignore_fin()
    net.perform(CloseSocket(1), 0.0)
    assert net.take_events() == []
    peer.connection().send(b"still here")
    peer.connection().close()
    assert net.take_events() == [Received(1, b"still here", SERVER), Closed(1)]


def test_giving_up_an_orderly_close_is_an_abort(net: MemoryNetStack) -> None:
    peer = net.tcp(*SERVER)
    opened(net)
    peer.connection().vanish()
    net.perform(SendData(1, b"lost"), 0.0)
    net.perform(CloseSocket(1), 0.0)
    net.perform(CloseSocket(1, abort=True), 5.0)
    assert net.take_events() == []
    assert peer.connection().reset_received
    assert not peer.connection().fin_received  # it was still behind the data


def test_the_fin_waits_behind_unsent_data(net: MemoryNetStack) -> None:
    peer = net.tcp(*SERVER)
    opened(net)
    peer.connection().stop_reading()
    net.perform(SendData(1, b"tail"), 0.0)
    net.perform(CloseSocket(1), 0.0)
    assert net.take_events() == []
    peer.connection().start_reading()
    assert net.take_events() == [Acknowledged(1, 4), Closed(1)]


def test_data_comes_before_the_peers_fin_and_closing_after_it_completes(net: MemoryNetStack) -> None:
    peer = net.tcp(*SERVER)
    opened(net)
    peer.connection().send(b"last")
    peer.connection().close()
    assert net.take_events() == [Received(1, b"last", SERVER), PeerClosed(1)]
    net.perform(SendData(1, b"half open"), 0.0)
    net.perform(CloseSocket(1), 0.0)
    assert net.take_events() == [Acknowledged(1, 9), Closed(1)]


def test_an_abort_is_not_answered_and_what_was_under_way_is_not_told(net: MemoryNetStack) -> None:
    peer = net.tcp(*SERVER)
    opened(net)
    peer.connection().send(b"unread")
    net.perform(CloseSocket(1, abort=True), 0.0)
    peer.connection().send(b"into the void")
    assert net.take_events() == []
    assert peer.connection().reset_received


def test_using_a_socket_that_the_peer_just_reset_is_a_race(net: MemoryNetStack) -> None:
    peer = net.tcp(*SERVER)
    opened(net)
    peer.connection().reset()
    net.perform(SendData(1, b"x"), 0.0)  # not told yet
    assert net.take_events() == [ConnectionLost(1, Failure.RESET)]
    for effect in (SendData(1, b"x"), PauseReceiving(1), CloseSocket(1)):
        net.perform(effect, 0.0)
    assert net.take_events() == []


def test_a_peer_cannot_send_after_its_fin(net: MemoryNetStack) -> None:
    peer = net.tcp(*SERVER)
    opened(net)
    peer.connection().close()
    with pytest.raises(ValueError, match="after its own FIN"):
        peer.connection().send(b"x")


# ---- pausing --------------------------------------------------------------------------------------


def test_a_pause_holds_data_and_the_fin_behind_it(net: MemoryNetStack) -> None:
    peer = net.tcp(*SERVER)
    opened(net)
    peer.connection().send(b"one")
    peer.connection().send(b"two")
    assert net.take_event() == Received(1, b"one", SERVER)
    net.perform(PauseReceiving(1), 0.0)
    peer.connection().close()
    net.perform(SendData(1, b"x"), 0.0)
    assert net.take_events() == [Acknowledged(1, 1)]
    net.perform(ResumeReceiving(1), 0.0)
    assert net.take_events() == [Received(1, b"two", SERVER), PeerClosed(1)]


def test_closing_a_paused_socket_completes(net: MemoryNetStack) -> None:
    peer = net.tcp(*SERVER)
    opened(net)
    net.perform(PauseReceiving(1), 0.0)
    peer.connection().send(b"unread")
    peer.connection().close()
    assert net.take_events() == []
    net.perform(CloseSocket(1), 0.0)
    assert net.take_events() == [Closed(1)]


def test_a_paused_udp_socket_keeps_a_few_datagrams_and_drops_the_rest(net: MemoryNetStack) -> None:
    peer = net.udp(*UDP_SERVER)
    opened(net, transport=UDP)
    net.perform(PauseReceiving(1), 0.0)
    for number in range(20):
        peer.send(b"%d" % number)
    assert net.take_events() == []
    net.perform(ResumeReceiving(1), 0.0)
    got = [event.data for event in net.take_events() if isinstance(event, Received)]
    assert got == [b"%d" % number for number in range(8)]


# ---- UDP ------------------------------------------------------------------------------------------


def test_udp_sends_to_its_peer_and_elsewhere_and_hears_everybody(net: MemoryNetStack) -> None:
    peer, other = net.udp(*UDP_SERVER), net.udp("211.136.131.65", 4500)
    local = opened(net, transport=UDP, port=8888)
    net.perform(SendData(1, b"a"), 0.0)
    net.perform(SendData(1, b"b", to=other.address), 0.0)
    net.perform(SendData(1, b"c", to=Address("1.2.3.4", 5)), 0.0)
    assert [(d.data, d.source) for d in peer.received] == [(b"a", local)]
    assert [(d.data, d.source) for d in other.received] == [(b"b", local)]
    assert net.strays == [(Address("1.2.3.4", 5), b"c")]
    other.send(b"answer")
    net.udp("10.78.103.220", 5678).send(b"stranger", to_port=8888)
    net.udp("10.78.103.220", 5678).send(b"nobody there", to_port=1)
    assert net.take_events() == [
        Received(1, b"answer", other.address),
        Received(1, b"stranger", Address("10.78.103.220", 5678)),
    ]


def test_a_udp_peer_that_was_never_written_to_finds_the_socket_opened_for_it(net: MemoryNetStack) -> None:
    peer = net.udp(*UDP_SERVER)
    with pytest.raises(LookupError):
        peer.send(b"too early")
    opened(net, 1, UDP)
    opened(net, 2, UDP)
    peer.send(b"x")
    assert net.take_events() == [Received(2, b"x", UDP_SERVER)]


def test_a_udp_script_expects_whole_datagrams(net: MemoryNetStack) -> None:
    peer = net.udp(*UDP_SERVER)
    peer.play([Expect(b"ping"), Send(b"pong"), Expect(b"bye")])
    opened(net, transport=UDP)
    net.perform(SendData(1, b"ping"), 0.0)
    assert net.take_events() == [Received(1, b"pong", UDP_SERVER)]
    net.perform(SendData(1, b"by"), 0.0)
    assert peer.run is not None
    assert peer.run.wrong() == "must receive b'bye', received b'by'"


def test_a_udp_close_is_not_answered(net: MemoryNetStack) -> None:
    opened(net, transport=UDP, port=7)
    net.perform(CloseSocket(1), 0.0)
    net.udp(*UDP_SERVER).send(b"x", to_port=7)
    assert net.take_events() == []


def test_an_unreachable_udp_destination(net: MemoryNetStack) -> None:
    net.udp(*UDP_SERVER, mode=Mode.UNREACHABLE)
    net.perform(OpenSocket(1, UDP, UDP_SERVER, 0, ME), 0.0)
    assert net.take_events() == [ConnectFailed(1, Failure.UNREACHABLE)]


# ---- listening ------------------------------------------------------------------------------------


def listening(net: MemoryNetStack, transport: Transport = TCP, handle: int = 9) -> None:
    net.perform(Listen(handle, transport, 1234, ME), 0.0)
    assert net.take_events() == [Listening(handle, Address(ME, 1234))]


def test_a_client_connects_and_talks(net: MemoryNetStack) -> None:
    listening(net)
    assert net.listeners(TCP) == [Address(ME, 1234)]
    client = net.connect_client(1234, "10.78.103.220", 2020)
    client.send(b"hello server")
    remote = Address("10.78.103.220", 2020)
    assert net.take_events() == [
        Accepted(9, -1, Address(ME, 1234), remote),
        Received(-1, b"hello server", remote),
    ]
    net.perform(SendData(-1, b"hello client"), 0.0)
    net.perform(CloseSocket(9), 0.0)  # the listener; its client lives on
    client.close()
    assert net.take_events() == [Acknowledged(-1, 12), PeerClosed(-1)]
    assert client.received == b"hello client"


def test_clients_are_numbered_downwards_and_refused_without_a_listener(net: MemoryNetStack) -> None:
    with pytest.raises(ConnectionRefusedError):
        net.connect_client(1234, "10.78.103.220")
    listening(net)
    first, second = net.connect_client(1234, "10.0.0.9"), net.connect_client(1234, "10.0.0.9")
    assert (first.handle, second.handle) == (-1, -2)
    assert first.remote != second.remote


def test_a_client_in_the_queue_of_a_closed_listener_is_reset(net: MemoryNetStack) -> None:
    listening(net)
    client = net.connect_client(1234, "10.0.0.9")
    net.perform(CloseSocket(9), 0.0)
    assert net.take_events() == []
    assert client.reset_received


def test_a_port_in_use_cannot_be_listened_on(net: MemoryNetStack) -> None:
    net.occupy(TCP, 80)
    listening(net)
    net.perform(Listen(10, TCP, 1234, ME), 0.0)
    net.perform(Listen(11, TCP, 80, ME), 0.0)
    assert net.take_events() == [ListenFailed(n, Failure.ADDRESS_IN_USE) for n in (10, 11)]
    net.perform(CloseSocket(9), 0.0)
    listening(net, handle=12)


def test_a_udp_listener_announces_each_sender_once(net: MemoryNetStack) -> None:
    listening(net, UDP)
    one, two = net.udp("10.79.141.26", 4000), net.udp("10.79.141.27", 4000)
    one.send(b"a", to_port=1234)
    two.send(b"b", to_port=1234)
    one.send(b"c", to_port=1234)
    local = Address(ME, 1234)
    assert net.take_events() == [
        Accepted(9, -1, local, one.address),
        Received(-1, b"a", one.address),
        Accepted(9, -2, local, two.address),
        Received(-2, b"b", two.address),
        Received(-1, b"c", one.address),
    ]
    net.perform(SendData(-1, b"answer"), 0.0)
    assert [d.data for d in one.received] == [b"answer"]
    net.perform(CloseSocket(-1), 0.0)
    one.send(b"again", to_port=1234)
    assert net.take_events() == [Accepted(9, -3, local, one.address), Received(-3, b"again", one.address)]


# ---- names ----------------------------------------------------------------------------------------


def test_names(net: MemoryNetStack) -> None:
    net.add_name("www.baidu.com", "119.75.218.77", "119.75.217.56", ttl=600)
    net.add_name("abctest")
    net.perform(Resolve(1, "WWW.Baidu.com"), 0.0)
    net.perform(Resolve(2, "abctest"), 0.0)
    net.perform(Resolve(3, "never.heard.of"), 0.0)
    net.perform(Resolve(4, "10.0.0.1", ("8.8.8.8",)), 0.0)
    assert net.take_events() == [
        Resolved(1, ("119.75.218.77", "119.75.217.56"), 600),
        ResolveFailed(2, Failure.NOT_FOUND),
        ResolveFailed(3, Failure.NOT_FOUND),
        Resolved(4, ("10.0.0.1",)),
    ]
    assert net.queries[-1].servers == ("8.8.8.8",)


def test_a_name_that_nobody_answers_for(net: MemoryNetStack) -> None:
    net.add_silent_name("slow.example")
    net.perform(Resolve(1, "slow.example"), 3.0)
    assert net.take_events() == []
    assert net.next_deadline() == 13.0
    net.handle_timer(13.0)
    assert net.take_events() == [ResolveFailed(1, Failure.TIMED_OUT)]


# ---- time -----------------------------------------------------------------------------------------


def test_latency_delays_everything_that_the_peer_answers(net: MemoryNetStack) -> None:
    peer = net.tcp(*SERVER, latency=0.5, script=[Expect(b"x"), Send(b"y")])
    net.perform(OpenSocket(1, TCP, SERVER, 0, ME), 10.0)
    assert net.take_events() == []
    assert net.next_deadline() == 10.5
    net.handle_timer(10.5)
    assert [type(event) for event in net.take_events()] == [Connected]
    net.perform(SendData(1, b"x"), 11.0)
    assert net.take_events() == []
    net.handle_timer(11.25)
    peer.connection().latency = 0.0
    peer.connection().send(b"z")  # must not overtake
    assert net.take_events() == []
    net.handle_timer(11.5)
    assert net.take_events() == [
        Acknowledged(1, 1),
        Received(1, b"y", SERVER),
        Received(1, b"z", SERVER),
    ]
    assert net.next_deadline() is None


def test_giving_up_before_a_late_answer(net: MemoryNetStack) -> None:
    net.tcp(*SERVER, latency=5.0)
    net.tcp("1.1.1.1", 1, latency=5.0, mode=Mode.REFUSE)
    net.perform(OpenSocket(1, TCP, SERVER, 0, ME), 0.0)
    net.perform(OpenSocket(2, TCP, Address("1.1.1.1", 1), 0, ME), 0.0)
    net.perform(CloseSocket(1), 1.0)
    net.perform(CloseSocket(2), 1.0)
    net.handle_timer(10.0)
    assert net.take_events() == []


def test_time_does_not_run_backwards(net: MemoryNetStack) -> None:
    net.handle_timer(5.0)
    with pytest.raises(ValueError, match="backwards"):
        net.handle_timer(4.0)


# ---- what the engine must not do ------------------------------------------------------------------


def test_the_engines_mistakes_are_raised(net: MemoryNetStack) -> None:
    net.tcp(*SERVER)
    net.perform(OpenSocket(1, TCP, SERVER, 0, ME), 0.0)
    with pytest.raises(MisuseError, match="not open yet"):
        net.perform(SendData(1, b"early"), 0.0)
    net.take_events()
    for effect, message in [
        (OpenSocket(1, TCP, SERVER, 0, ME), "opened twice"),
        (OpenSocket(-1, TCP, SERVER, 0, ME), "positive"),
        (OpenSocket(2, TCP, Address("www.sim.com", 80), 0, ME), "resolve it first"),
        (SendData(3, b"x"), "never opened"),
        (CloseSocket(3), "never opened"),
        (PauseReceiving(3), "never opened"),
    ]:
        with pytest.raises(MisuseError, match=message):
            net.perform(effect, 0.0)
    net.perform(CloseSocket(1), 0.0)
    with pytest.raises(MisuseError, match="closing"):
        net.perform(SendData(1, b"x"), 0.0)
    net.perform(CloseSocket(1, abort=True), 0.0)
    for effect in (SendData(1, b"x"), CloseSocket(1)):
        with pytest.raises(MisuseError, match="closed by the engine"):
            net.perform(effect, 0.0)
    with pytest.raises(MisuseError, match="opened twice"):
        net.perform(OpenSocket(1, TCP, SERVER, 0, ME), 0.0)


def test_a_listener_carries_no_data(net: MemoryNetStack) -> None:
    listening(net)
    for effect in (SendData(9, b"x"), PauseReceiving(9)):
        with pytest.raises(MisuseError, match="listener"):
            net.perform(effect, 0.0)


def test_a_query_number_is_used_once(net: MemoryNetStack) -> None:
    net.perform(Resolve(1, "a"), 0.0)
    with pytest.raises(MisuseError, match="used twice"):
        net.perform(Resolve(1, "b"), 0.0)


# ---- pings, the time, the module's addresses ------------------------------------------------------


def test_a_host_answers_each_ping_in_its_time_and_others_are_silent(net: MemoryNetStack) -> None:
    host = net.host("192.0.2.1", 0.5, None, 2.0, ttl=55)
    for number, address in enumerate(["192.0.2.1"] * 4 + ["192.0.2.9"], start=1):
        net.perform(Ping(number, address, 32, 1.0 if number < 4 else 3.0, ME), 10.0)
    assert net.take_events() == []
    net.handle_timer(10.5)
    assert net.take_events() == [PingAnswered(1, 0.5, 55)]
    net.handle_timer(11.0)
    assert net.take_events() == [PingFailed(2, Failure.TIMED_OUT), PingFailed(3, Failure.TIMED_OUT)]
    net.handle_timer(12.0)
    assert net.take_events() == [PingAnswered(4, 2.0, 55)]
    net.handle_timer(13.0)
    assert net.take_events() == [PingFailed(5, Failure.TIMED_OUT)]
    assert [request.query for request in host.requests] == [1, 2, 3, 4]


def test_an_ntp_servers_clock_goes_on_from_the_first_question(net: MemoryNetStack) -> None:
    server = net.ntp("192.0.2.1", 123, 1000.0, latency=0.5)
    net.perform(AskNtp(1, Address("192.0.2.1", 123), 5.0, ME), 100.0)
    net.perform(AskNtp(2, Address("192.0.2.1", 124), 1.0, ME), 100.0)
    net.handle_timer(110.0)
    assert net.take_events() == [NtpAnswered(1, 1000.5), NtpFailed(2, Failure.TIMED_OUT)]
    net.perform(AskNtp(3, Address("192.0.2.1", 123), 5.0, ME), 110.0)
    server.failure = Failure.REFUSED
    net.perform(AskNtp(4, Address("192.0.2.1", 123), 5.0, ME), 110.0)
    net.handle_timer(111.0)
    assert net.take_events() == [NtpAnswered(3, 1010.5), NtpFailed(4, Failure.REFUSED)]


def test_the_modules_own_addresses(net: MemoryNetStack) -> None:
    net.perform(TakeAddress(ME), 0.0)
    net.perform(Ping(1, ME, 32, 1.0, ME), 0.0)
    assert (net.addresses, net.take_events()) == ((ME,), [PingAnswered(1, 0.0, 64)])
    net.perform(GiveUpAddress(ME), 0.0)
    assert net.addresses == ()
    with pytest.raises(MisuseError, match="has not got"):
        net.perform(GiveUpAddress(ME), 0.0)
