"""Random conversations with a strict host: no byte without a place, no state outside the tables.

The steps of a walk are chosen with weights from a seed, so that links are up most of the time; a walk
that fails is shortened before it is shown. ``VMODEM_PROPERTIES=long`` walks on with new seeds.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable

import pytest
from properties.conversation import MOVES, Conversation
from properties.rig import HOST
from vmodem.emulator.events import CallArrived, CallerHungUp, SmsArrived
from vmodem.netstack.memory import Mode

MODES = [Mode.ACCEPT] * 6 + [Mode.REFUSE, Mode.SILENT, Mode.UNREACHABLE]
SETTINGS = [
    "+CIPHEAD=1",
    "+CIPSRIP=1",
    "+CIPSRIP=0",
    "+CIPSHOWTP=1",
    "+CIPSHOWTP=0",
    "+CIPQSEND=1",
    "+CIPQSEND=0",
    "+CIPMUX=0",
    "+CIPMUX=1",
    "+CIPRXGET=1",
    "+CIPRXGET=0",
    "+CIPUDPMODE=0",
    "+CMEE=1",
    "+CMEE=0",
    "+CIPATS=1,2",
    "+CIPATS=0",
    "+CNMI=2,1",
]
BRING_UP = ["+CSTT", "+CIICR", "+CIICR", "+CIFSR", "+CIPSEND?", "+CIPSERVER?", "O"]
NONSENSE = [
    "+CIPSNED",
    "+CIPSTART",
    "+CIPSTART=9,9",
    "+CIPSEND=0,0",
    "+CIPSEND=9,9",
    "+CIPCLOSE=9",
    '+CIPSTART=7,"TCP"',
    "+CIPSERVER=2",
    "+CIPRXGET=2,9,9,9",
    "+CIPSHUT=1",
    "+CIICR?",
    '+CSTT="',
    "+CIPMUX=2",
    "",
]
ACTS = ["close", "close", "reset", "ignore_fin", "stop", "go", "no acks", "acks"]
TELEPHONE = (CallArrived("123"), CallerHungUp(), SmsArrived("123", "hello"))

Step = tuple[str, tuple[object, ...]]
CHUNKS = [
    b"",
    b"x",
    b"hello",
    b"\r\nOK\r\n",
    b"\r\nCLOSED\r\n",
    b"> ",
    b"+IPD,3:",
    b"\x1a",
    b"\x1b",
    b"x" * 700,
    b"y" * 2000,
    b"z" * 9000,
]


def walk(seed: int, length: int) -> list[Step]:
    """Steps at random, the likelier ones more often; the same for the same seed."""
    r = random.Random(seed)

    def link() -> int:
        return r.choice([0, 0, 0, 1, 1, 2, 3, 4, 5])

    def often(likely: bool) -> bool:
        return r.random() < 0.7 if likely else r.random() < 0.3

    def data() -> bytes:
        return r.choice(CHUNKS) if often(True) else r.randbytes(r.randint(0, 30))

    makers: list[tuple[int, str, Callable[[], tuple[object, ...]]]] = [
        (4, "setting", lambda: (r.choice(SETTINGS),)),
        (1, "echo", lambda: (often(False),)),
        (1, "nonsense", lambda: (r.choice(NONSENSE),)),
        (6, "bring_up", lambda: (r.choice(BRING_UP),)),
        (1, "shut", tuple),
        (2, "recover", tuple),
        (6, "connect", lambda: (link(),)),
        (2, "select", lambda: (r.randint(0, 1),)),
        (
            9,
            "start",
            lambda: (
                link(),
                r.random() < 0.2,
                r.choice(MODES),
                r.choice([HOST] * 6 + ["known", "unknown", "silent"]),
            ),
        ),
        (5, "close", lambda: (link(), often(False))),
        (3, "serve", lambda: (often(True),)),
        (9, "send", lambda: (link(), data(), often(False), r.choice([b"\x1a", b"\x1a", b"\x1b"]))),
        (8, "read", lambda: (link(), r.choice([2, 3]), r.choice([None, 1, 100, 730]))),
        (3, "figures", lambda: (link(),)),
        (4, "status", tuple),
        (1, "look_up", lambda: (r.choice(["known", "unknown", "silent"]),)),
        (14, "peer_sends", lambda: (r.randint(0, 5), data(), often(False), r.choice([None, 1460, 700]))),
        (8, "peer_acts", lambda: (r.randint(0, 5), r.choice(ACTS), often(False))),
        (4, "client_comes", lambda: (often(False),)),
        (4, "datagram", lambda: (data(),)),
        (1, "context_lost", lambda: (r.choice([None, 0, 1]), often(False))),
        (1, "refusal", lambda: (r.random() < 0.5,)),
        (2, "telephone", lambda: (r.choice(TELEPHONE), often(False))),
        (1, "host_stops_reading", tuple),
        (20, "time_passes", lambda: (r.choice([0.0, 0.05, 0.3, 1.0, 1.0, 6.0, 6.0, 80.0]),)),
    ]
    weights = [weight for weight, _, _ in makers]
    steps: list[Step] = [("prepare", (often(True), often(True), often(False)))]
    for _, name, arguments in r.choices(makers, weights, k=length):
        steps.append((name, arguments()))
    return steps


def play(steps: list[Step]) -> Conversation:
    """Take the steps, then the end."""
    conversation = Conversation()
    for name, arguments in steps:
        getattr(conversation, name)(*arguments)
    conversation.teardown()
    return conversation


def fails(steps: list[Step]) -> Exception | None:
    try:
        play(steps)
    except Exception as error:
        return error
    return None


def shortest(steps: list[Step]) -> list[Step]:
    """Steps left out for as long as the rest still fails."""
    size = len(steps) // 2
    while size:
        at = 0
        while at < len(steps):
            fewer = steps[:at] + steps[at + size :]
            if fails(fewer):
                steps = fewer
            else:
                at += size
        size //= 2
    return steps


WALKS, LENGTH = (8_000, 120) if os.environ.get("VMODEM_PROPERTIES") == "long" else (320, 100)


@pytest.mark.parametrize("part", range(4))
def test_random_walks(part: int) -> None:
    first = random.SystemRandom().getrandbits(40) if WALKS > 1000 else 0
    for seed in range(first + part * WALKS // 4, first + (part + 1) * WALKS // 4):
        steps = walk(seed, LENGTH)
        if fails(steps):
            steps = shortest(steps)
            text = "\n".join(f"    {name}{arguments!r}" for name, arguments in steps)
            raise AssertionError(f"seed {seed} fails; as short as can be:\n{text}") from fails(steps)


def test_walks_get_about() -> None:
    """The walks are worth something: most rows of the tables are reached, and what hosts live on happens."""
    reached: set[tuple[str, str, str]] = set()
    output = b""
    for seed in range(80):
        conversation = play(walk(seed, LENGTH))
        reached |= conversation.moves
        output += bytes(conversation.world.output)
    rows = {(name, *move) for name, moves in MOVES.items() for move in moves if move[0] != move[1]}
    assert len(reached) > 0.65 * len(rows), sorted(rows - reached)
    for word in (
        b"SEND OK",
        b"SEND FAIL",
        b"DATA ACCEPT:",
        b"+RECEIVE,",
        b"+IPD,",
        b"+CIPRXGET: 1",
        b"+CIPRXGET: 2,",
    ):
        assert word in output, word
    for word in (b"CONNECT OK", b"CONNECT FAIL", b"\r\nCLOSED", b"REMOTE IP", b"DEACT", b"CLOSE OK"):
        assert output.count(word) > 9, word
