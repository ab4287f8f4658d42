"""``vmodem ctl``: one request to a running modem's control socket, as words or as JSON."""

from __future__ import annotations

import json
import os
import re
import socket
from collections.abc import Sequence
from typing import Any

from .console import complain, say
from .mistakes import SetupError, UsageError

VARIABLE = "MODEM_CTL"
"""Where the socket is, unless ``--socket`` says so; ``--exec`` sets it."""
REFUSED = 1
PATIENCE = 30.0
QUERIES = ("states", "expectations", "modems")
_PAIR = re.compile(r"([a-z_]+)=(.*)", re.DOTALL)


def control(path: str | None, modem: int | None, words: Sequence[str]) -> int:
    """Send the request, print the answer; 0, or :data:`REFUSED`. Raises ``UsageError``, ``SetupError``."""
    path = path or os.environ.get(VARIABLE)
    if not path:
        raise UsageError(f"where? (give --socket PATH, as vmodem run --ctl has it, or set {VARIABLE})")
    asked = request(words)
    if modem is not None:
        asked["modem"] = modem
    answer = json.loads(_exchange(path, asked))
    if answer.pop("ok"):
        for value in answer.values():
            say(f"{json.dumps(value)}\n")
        return 0
    complain(f"vmodem ctl: {answer['error']}")
    return REFUSED


def request(words: Sequence[str]) -> dict[str, Any]:
    """What the words ask for: ``register searching``, ``signal rssi=5``, ``pdp_deact``, ``states``, or JSON.

    Raises :class:`UsageError`.
    """
    if len(words) == 1 and words[0].lstrip().startswith("{"):
        try:
            asked: dict[str, Any] = json.loads(words[0])
        except ValueError as error:
            raise UsageError(f'no JSON: {error} (write {{"pdp_deact": {{}}}}, or pdp_deact)') from error
        return asked
    verb, *rest = words
    verb = verb.replace("-", "_")
    if verb in QUERIES and not rest:
        return {"query": verb}
    pairs = [_PAIR.fullmatch(word) for word in rest]
    if all(pairs):
        return _typed(verb, {pair[1]: pair[2] for pair in pairs if pair is not None})
    if len(rest) != 1:
        raise UsageError(f"{' '.join(rest)!r} is neither one word nor name=value (quote it)")
    return _typed(verb, rest[0])


def _typed(verb: str, value: Any) -> dict[str, Any]:
    """Numbers where a step has numbers; the server tells what is wrong with what is no step."""
    import msgspec

    from .scenario.actions import Step

    try:
        step = msgspec.convert({verb: value}, Step, strict=False)
    except msgspec.ValidationError:
        return {verb: value}
    asked: dict[str, Any] = msgspec.to_builtins(step)
    return asked if verb in asked else {verb: value}


def _exchange(path: str, asked: dict[str, Any]) -> bytes:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(PATIENCE)
        try:
            connection.connect(path)
            connection.sendall(json.dumps(asked).encode() + b"\n")
            answer = connection.makefile("rb").readline()
        except OSError as error:
            text = error.strerror or str(error)
            raise SetupError(f"cannot reach {path}: {text} (is vmodem run --ctl there?)") from error
    if not answer.endswith(b"\n"):
        raise SetupError(f"{path} gives no answer (has the modem ended?)")
    return answer
