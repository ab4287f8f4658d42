"""Whatever is sent, in whatever pieces and however the ends stall: the capture carries what both ends saw."""

from __future__ import annotations

from capture_reader import air, line, records, streams
from capturing import Capturing
from hypothesis import given
from hypothesis import strategies as st
from properties.rig import HOST, PORT, bring_up, connect, sim800
from scapy.layers.inet import TCP
from vmodem.emulator.events import OutputBlocked, OutputReady
from vmodem.emulator.world import World, fragments
from vmodem.netstack.memory import MemoryConnection

DATA = st.one_of(
    st.binary(min_size=1, max_size=40),
    st.integers(1, 255).map(lambda value: bytes([value]) * 1461),
    st.integers(0, 255).map(lambda value: bytes([value, 255 - value]) * 5000),
).filter(lambda data: b"+++" not in data)
STEPS = st.one_of(
    st.tuples(st.just("module sends"), DATA),
    st.tuples(st.just("peer sends"), DATA),
    st.tuples(
        st.sampled_from(["peer stops", "peer goes on", "no acks", "acks", "host stops", "host goes on"])
    ),
    st.tuples(st.just("time"), st.floats(0, 2)),
)


def step(world: World, peer: MemoryConnection, what: str, *more: bytes | float) -> None:
    """One of :data:`STEPS`."""
    match (what, *more):
        case ("module sends", bytes(data)):
            world.send(data)
        case ("peer sends", bytes(data)):
            peer.send(data, 3000)
        case ("time", float(seconds)):
            world.advance(seconds)
        case ("peer stops",):
            peer.stop_reading()
        case ("peer goes on",):
            peer.start_reading()
        case ("no acks",):
            peer.ack_limit(len(peer.received))
        case ("acks",):
            peer.ack_all()
        case ("host stops",):
            world.event(OutputBlocked())
        case ("host goes on",):
            world.event(OutputReady())


@given(
    steps=st.lists(STEPS, max_size=25),
    end=st.sampled_from(["open", "peer FIN", "peer RST", "module"]),
    seed=st.integers(0, 9),
)
def test_the_streams_are_those_of_both_ends(steps: list[tuple[str, bytes]], end: str, seed: int) -> None:
    world = sim800(writer=fragments(seed))
    capture = world.observer = Capturing()
    bring_up(world, "+CIPMODE=1")
    peer = connect(world)
    before = len(world.output)
    sent = b"".join(data for what, *rest in steps for data in rest if what == "module sends")
    answered = b"".join(data for what, *rest in steps for data in rest if what == "peer sends")
    for what in steps:
        step(world, peer, *what)
    if end == "peer RST":
        peer.reset()
    else:
        peer.start_reading()
        peer.ack_all()
        world.event(OutputReady())
        world.advance(2)
    if end == "peer FIN":
        peer.close()
    elif end == "module":
        world.advance(2)
        world.send(b"+++")
        world.advance(2)
        world.ask("AT+CIPCLOSE")
    world.event(OutputReady())
    world.advance(10)

    found = records(capture.data)
    carried = streams(found)
    there = next(stream for ends, stream in carried.items() if ends[2:] == (HOST, PORT))
    back = next(stream for ends, stream in carried.items() if ends[:2] == (HOST, PORT))
    assert line(found, outbound=True) == bytes(world.output)
    assert sent in line(found, outbound=False)
    if end == "peer RST":
        assert there.startswith(bytes(peer.received))
        assert sent.startswith(there)
        assert answered.startswith(back)
    else:
        assert there == peer.received == sent
        assert back == answered
        assert answered in bytes(world.output[before:])
    fins = [outbound for outbound, packet in air(found) if TCP in packet and "F" in packet[TCP].flags]
    resets = [outbound for outbound, packet in air(found) if TCP in packet and "R" in packet[TCP].flags]
    assert (sorted(fins), resets) == {
        "open": ([], []),
        "peer FIN": ([False, True], []),
        "peer RST": ([], [False]),
        "module": ([False, True], []),
    }[end]
