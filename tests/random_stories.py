"""Scenarios, hosts and peers at random, made from the scenario model: what a property tries on a module.

Every key of a step, a trigger and a guard has its generator here; a test compares that with the model.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from directed import scenario_of
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from vmodem.emulator.scenario.actions import DECIDING
from vmodem.emulator.scenario.parts import RENAMED, Part
from vmodem.emulator.scenario.text import ScenarioError

Strategy = SearchStrategy[Any]
Keys = dict[str, Any]

DURATIONS = st.sampled_from(["0s", "1ms", "200ms", "1s", "5s", "30s", "2min"])
PERIODS = st.sampled_from(["500ms", "3s", "20s"])
LINKS = st.sampled_from(["any", 0, 1])
PEERS = st.sampled_from(["tcp://203.0.113.5:8500", "*://*:*"])
PERCENTS = st.sampled_from(["0%", "30%", "100%"])
RULES = [f"r{n}" for n in range(6)]
MARKS = ["m0", "m1"]
WORDS = st.sampled_from(["*", "AT+C*", "AT+CBC", "AT+Q*", "*SEND*", "*OPEN*", "AT"])
OPS = st.sampled_from(["socket.open", "socket.send", "socket.close", "pdp.activate", "pdp.deactivate"])
REGISTERED = st.sampled_from(["home", "roaming", "searching", "denied", "unknown", "not_searching"])
STATES = st.sampled_from(
    [{"link": "connected"}, {"pdp": "active"}, {"link 0": "closed"}, {"pdp": "lost"}, {"power": "off"}]
)
LEFT = st.sampled_from(
    [{"link": "connecting"}, {"pdp": "activating"}, {"link": "connected"}, {"ip": "ip initial"}]
)
RAW = st.sampled_from(["\r\nOK\r\n", "\r\nERROR\r\n", "", "\r\n> ", "\r\n+CME ERROR: 3\r\n"])
ON_OFF = st.sampled_from(["on", "off"])


def keys(needed: Keys, **more: Strategy) -> Strategy:
    """A mapping of the keys needed, and any of the others."""
    return st.fixed_dictionaries(
        {k: v if isinstance(v, SearchStrategy) else st.just(v) for k, v in needed.items()}, optional=more
    )


SPAN = DURATIONS | st.just({"between": ["100ms", "2s"]})
CHAINS: dict[str, Strategy] = {
    "latency": DURATIONS,
    "jitter": st.sampled_from(["50ms", "1s"]),
    "bandwidth": st.sampled_from(["800bit/s", "20kbit/s", "1MB/s"]),
    "loss": PERCENTS,
    "reorder": PERCENTS,
    "duplicate": PERCENTS,
    "average_size": st.integers(1, 5),
    "slow_close": DURATIONS,
    "blackhole": st.just(True),
}
CUTTING_CHAINS: dict[str, Strategy] = {
    "limit_data": st.sampled_from([0, 5, "1KiB"]),
    "timeout": DURATIONS,
    "reset_peer": DURATIONS,
}
"""Impairments that end a connection."""


def links(chains: dict[str, Strategy]) -> Strategy:
    """An impairment with one or two of ``chains``."""
    direction = st.sampled_from(["to_net", "to_host", "both"])
    one = st.lists(st.sampled_from(sorted(chains)), min_size=1, max_size=2, unique=True).flatmap(
        lambda names: keys({name: chains[name] for name in names}, direction=direction)
    )
    where = keys({}, link=LINKS) | keys({}, peer=PEERS)
    name = st.sampled_from(["link", "other"])
    return st.builds(lambda a, b, n: {**a, **b, "name": n}, one, where, name)


GARBLES = st.sampled_from(
    [{"flip": 2}, {"drop": True}, {"double": True}, {"insert": True}, {"split": "20ms"}]
)
GARBLE = st.builds(
    lambda kind, more: {**kind, **more},
    GARBLES,
    keys(
        {"direction": st.sampled_from(["to_host", "to_module"])},
        bytes=st.integers(1, 4),
        chunks=st.integers(1, 3),
    ),
)
FAILS = st.builds(
    lambda how, times: {**how, "times": times},
    st.one_of(
        keys({"command": WORDS}, result=st.sampled_from(["error", "no_network", "sim_busy", "3"])),
        keys({"command": WORDS, "reply": RAW}),
        st.sampled_from(
            [
                {"op": "socket.open", "result": "connect_fail"},
                {"op": "socket.open", "result": "dns_fail"},
                {"op": "socket.send", "result": "send_fail"},
                {"op": "pdp.activate", "result": "activate_fail"},
                {"op": "pdp.deactivate", "result": "deactivate_fail"},
            ]
        ),
    ),
    st.integers(1, 3),
)
STEPS: dict[str, Strategy] = {
    "wait": SPAN,
    "mark": st.sampled_from(MARKS),
    "log": st.just("a remark"),
    "verdict": st.sampled_from(["pass", "fail"]),
    "coverage": st.sampled_from(["lost", "back"]),
    "register": REGISTERED | keys({"to": REGISTERED}, lac=st.integers(0, 0xFFFF), ci=st.integers(0, 0xFFFF)),
    "signal": keys(
        {"rssi": st.integers(0, 31) | st.just({"walk": [3, 20], "step": 4})}, ber=st.integers(0, 7)
    ),
    "attach": st.sampled_from(["lost", "back"]),
    "pdp_deact": keys({}, context=st.integers(0, 2)),
    "pdp": st.sampled_from(["refuse", "grant", "no_release", "release"]),
    "sim": st.sampled_from(["insert", "remove"])
    | keys({}, asks=st.sampled_from(["nothing", "pin", "puk"]), pin=st.sampled_from(["1234", "0000"])),
    "power": st.sampled_from(["off", "on", "reset", "crash", "brownout"])
    | keys({"action": st.sampled_from(["crash", "brownout"])}, boot_time=DURATIONS, noise=st.integers(0, 40)),
    "fail": FAILS,
    "delay": SPAN,
    "intercept": st.sampled_from(["ignore", "proceed", "error", "hang"]),
    "reply": RAW,
    "hang": st.just(True),
    "socket": keys(
        {"action": st.sampled_from(["close", "half_close", "reset", "blackhole", "pause", "resume"])},
        link=LINKS,
        window=st.integers(0, 9),
    ),
    "link": links(CHAINS | CUTTING_CHAINS),
    "restore": keys({}, name=st.sampled_from(["link", "other", "coverage", "unknown"])),
    "connects": keys(
        {"answer": st.sampled_from(["refuse", "silence", "unreachable", "normal"])},
        peer=PEERS,
        delay=DURATIONS,
        times=st.integers(1, 2),
    ),
    "dns": keys(
        {"answer": st.sampled_from(["nxdomain", "silence", "normal", ["203.0.113.5"]])},
        name=st.sampled_from(["*", "*.com"]),
        delay=DURATIONS,
        times=st.integers(1, 2),
    ),
    "garble": GARBLE,
    "line": st.sampled_from(["ri", "dcd", "cts", "dsr"]).flatmap(lambda name: keys({name: ON_OFF})),
    "urc": st.just("+ODD: 1") | keys({"text": "+ODD: 2"}, at_once=st.booleans()),
    "sms": st.just({"from": "+4917012345", "text": "hello"}),
    "ring": keys({"from": "+4917012345"}, **{"for": DURATIONS}, ri_line=st.booleans())
    | keys({"from": ""}, times=st.integers(1, 3)),
    "ussd": keys({"text": st.sampled_from(["5.00 EUR", "5,00 \u20ac"])}, to=WORDS, delay=DURATIONS)
    | st.just({"result": "terminated"}),
    "temperature": st.integers(-40, 90),
    "time": st.just({"utc": "2026-11-25T12:00:00Z", "zone": 4}),
}
"""By key of a step: its values."""

GENTLE: dict[str, Strategy] = {
    **STEPS,
    "socket": keys({"action": st.sampled_from(["blackhole", "pause", "resume"])}, link=LINKS),
    "link": links(CHAINS),
    "intercept": st.sampled_from(["proceed", "ignore", "error"]),
}
for _cuts in ("power", "pdp_deact", "sim", "attach", "hang", "garble"):
    del GENTLE[_cuts]
"""Of the steps those that cut no TCP connection, and leave the bytes on the line as they are."""

OCCURRENCES: dict[str, Strategy] = {
    "command": keys({"command": WORDS}, phase=st.sampled_from(["received", "done", "failed"])),
    "op": keys({"op": OPS}, phase=st.sampled_from(["received", "done", "failed"])),
    "state": keys({"state": STATES}),
    "left": keys({"left": LEFT}),
    "bytes": keys(
        {
            "bytes": keys(
                {"count": st.integers(0, 12)}, direction=st.sampled_from(["to_net", "to_host"]), link=LINKS
            )
        }
    ),
    "socket": keys(
        {
            "socket": keys(
                {
                    "event": st.sampled_from(
                        ["opening", "connected", "refused", "data", "peer_closed", "reset", "closed"]
                    )
                },
                link=LINKS,
            )
        }
    ),
    "line": keys({"line": keys({"dtr": ON_OFF}) | keys({"rts": ON_OFF})}),
    "client": keys({"client": st.sampled_from(["opened", "closed"])}),
    "urc": keys({"urc": st.sampled_from(["*", "+CREG: *", "CLOSED"])}),
    "rule": keys({"rule": st.sampled_from(RULES)}),
    "mark": keys({"mark": st.sampled_from(MARKS)}),
    "external": keys({"external": "go"}),
    "overrun": keys({"overrun": "uart"}),
}
"""By key of an occurrence: whole triggers."""
TIMES: dict[str, Strategy] = {
    "start": keys({"start": True}),
    "after": keys({"after": DURATIONS}),
    "every": keys({"every": PERIODS}),
    "any": keys({"any": st.lists(st.one_of(*OCCURRENCES.values()), min_size=1, max_size=2)}),
}
COUNTING = st.sampled_from([{}, {}, {}, {}, {"nth": 2}, {"every_nth": 2}])
GUARDS: dict[str, Strategy] = {
    "state": keys({"state": STATES}),
    "mark": keys({"mark": st.sampled_from(MARKS)}),
    "not_mark": keys({"not_mark": st.sampled_from(MARKS)}),
}


OFTEN = [(OCCURRENCES | TIMES)[name] for name in ("command", "op", "after", "every", "state", "bytes")]
"""What surely comes, and is tried more often therefore."""
RARE = ("delay", "garble", "intercept", "reply")
CHANCE = st.randoms(use_true_random=True)
"""Chooses evenly among kinds, where hypothesis prefers a few. Its seed is drawn: runs can be repeated."""


def _decides(when: Keys) -> bool:
    each = when.get("any", [when])
    return all(
        ("command" in what or "op" in what) and what.get("phase", "received") == "received" for what in each
    )


@st.composite
def _rules(draw: st.DrawFn, number: int, steps: dict[str, Strategy]) -> Keys:
    chance = draw(CHANCE)
    when = {**draw(chance.choice([*(OCCURRENCES | TIMES).values(), *OFTEN, *OFTEN]))}
    if not {"start", "after"} & set(when):
        when |= draw(COUNTING)
    rule: Keys = {"id": f"r{number}", "when": when, "do": []}
    if "nth" not in when:
        rule |= draw(st.sampled_from([{"times": "forever"}, {"times": "forever"}, {"times": 2}, {}]))
    rule |= draw(st.just({}) | st.just({}) | st.just({}) | CHANCES)
    deciding = _decides(when)
    for _ in range(draw(st.integers(1, 5))):
        known = sorted(key for key in steps if deciding or key not in DECIDING)
        # what only some rules can do, and what only some writes meet, is tried more often
        rare = [key for key in RARE if key in known]
        key = chance.choice(known if not rare or chance.random() < 0.7 else rare)
        deciding = deciding and key != "wait"
        rule["do"].append({key: draw(steps[key])})
    return rule


CHANCES = keys({"probability": PERCENTS}) | keys({"if": st.one_of(*GUARDS.values())})
NEVER = ("never comes", "no rule is called", "no step marks")
"""What is wrong with a rule that waits for a rule or mark that is not there."""


@st.composite
def scenarios(draw: st.DrawFn, steps: dict[str, Strategy]) -> str:
    """The text of a scenario of up to six rules; those that nobody would ever bring about are left out."""
    rules = [draw(_rules(number, steps)) for number in range(draw(st.integers(3, 6)))]
    while True:
        text = f"rules: {json.dumps(rules)}\n"
        try:
            scenario_of(text)
        except ScenarioError as error:
            fault = error.faults[0]
            if not any(why in fault.text for why in NEVER):
                raise
            del rules[int(fault.field.removeprefix("rules[").partition("]")[0])]
        else:
            return text


# ---- what the host, the peers and an outsider do -------------------------------------------------


@dataclass(frozen=True, slots=True)
class Move:
    """``line`` asks, ``send`` a chunk, ``wait``, ``peer`` an act of the server, ``dtr`` ..."""

    what: str
    value: object


ROW = ("AT+CBC", "AT+CCLK?", "AT+CIMI")
"""Commands of one line, which are in no other."""
MOVES = st.one_of(
    st.just(Move("line", "row")),
    st.sampled_from(["up", "open", "close", "AT", "AT+CSQ", "AT+CREG?", "AT+CPIN?", "AT+CREG=1"]).map(
        lambda line: Move("line", line)
    ),
    st.just(Move("send", None)),
    st.just(Move("send", None)),
    st.sampled_from([0.0, 0.3, 2.0, 11.0, 70.0]).map(lambda seconds: Move("wait", seconds)),
    st.sampled_from(["send", "send", "send", "close", "reset"]).map(lambda how: Move("peer", how)),
    st.booleans().map(lambda on: Move("dtr", on)),
    st.booleans().map(lambda opened: Move("client", opened)),
    st.just(Move("outside", "go")),
)
GENTLE_MOVES = MOVES.filter(lambda move: move.value not in ("close", "reset"))
"""Those at which nobody ends a connection."""


def lists_of(moves: SearchStrategy[Move]) -> SearchStrategy[list[Move]]:
    """Some moves, one after the other, on a connection that was asked for."""
    row = Move("line", "row")
    begin = [row, Move("line", "up"), row, Move("line", "open"), Move("send", None), Move("peer", "send")]
    return st.lists(moves, min_size=12, max_size=36).map(lambda more: [*begin, *more])


def keys_of(*parts: type[Part]) -> set[str]:
    """The keys that structures of the model have, as a file writes them."""
    return {RENAMED.get(name, name) for part in parts for name in part.__struct_fields__}
