"""What a module received, fetched by the host or pushed by several links; all of it is compared."""

from __future__ import annotations

import argparse
import gc
import os
import re
import select
import socket
import threading
import time

from bench_tools import (
    HOST,
    MIB,
    SEED_DOWN,
    Checker,
    Failed,
    Result,
    Server,
    Source,
    Talker,
    TcpEnd,
    open_tty,
    pattern,
    summary,
)

OK = b"\r\nOK\r\n"
FRAME = re.compile(rb"\r\n\+RECEIVE,(\d),(\d+):\r\n")
LONGEST_HEAD = 64


def do_reads(args: argparse.Namespace) -> Result:
    """Ask until everything that the TCP end sends has been fetched."""
    total = int(args.mib * MIB)
    end = TcpEnd(args.port, receive=0, send=total, echo=False, text=False)
    server = Server(args.spawn, args.pid, tty=args.tty, host=HOST, port=end.port)
    try:
        server.wait_tty(args.tty)
        talker = Talker(open_tty(args.tty), args.timeout)
        commands = args.at_setup.format(host=HOST, port=end.port, tty=args.tty).split(";")
        talker.setup(commands, [args.online.encode() + b"\r\n"])
        end.line(args.timeout)
        end.go()
        time.sleep(0.2)  # its first data waits in the module then
        checker = Checker(pattern(SEED_DOWN))
        head = re.compile(rb"\r\n(?:" + args.head.encode() + rb")?(?:\r\n|OK\r\n)")
        took = []
        gc.disable()
        server.start()
        first = time.monotonic()
        while checker.count < total:
            begin = time.monotonic()
            talker.send(args.read.encode() + b"\r")
            data = _fetched(talker, head)
            checker.feed(data)
            if data:
                took.append(time.monotonic() - begin)
        seconds = time.monotonic() - first
        used = server.stop()
        end.line(args.timeout)
        end.go()
        if used:
            used["server_us_per_read"] = round(used["server_cpu_s"] / len(took) * 1e6, 1)
        return {
            "reads": len(took),
            "mean_read": round(total / len(took)),
            "reads_per_s": round(len(took) / seconds, 1),
            **summary(took),
            **used,
            "content_ok": checker.first_bad is None and checker.count == total,
        }
    finally:
        server.close()
        end.close()


def _fetched(talker: Talker, head: re.Pattern[bytes]) -> bytes:
    """The data of one answer, whose last line is OK; empty if there was none."""
    deadline = time.monotonic() + talker.timeout
    while True:
        pending = talker.pending
        if b"ERROR\r\n" in pending[:LONGEST_HEAD]:
            raise Failed(f"answer {pending[:80]!r}")
        found = head.match(pending)
        if found is not None and found.group(1) is None and pending.startswith(OK):
            talker.pending = pending[len(OK) :]
            return b""
        if found is not None and found.group(1) is not None:
            start, size = found.end(), int(found.group(1))
            rest = pending[start + size : start + size + len(OK)]
            if len(rest) == len(OK):
                if rest != OK:
                    raise Failed(f"no OK behind the data: {rest!r}")
                talker.pending = pending[start + size + len(OK) :]
                return pending[start : start + size]
        elif len(pending) > LONGEST_HEAD and found is None:
            skip = pending.find(b"\r\n+", 1)  # a URC in front
            if skip > 0:
                talker.pending = pending[skip:]
                continue
        if not select.select([talker.fd], [], [], max(0.0, deadline - time.monotonic()))[0]:
            raise Failed(f"timeout in an answer; got {pending[:80]!r}")
        talker.pending += os.read(talker.fd, 65536)


def do_push(args: argparse.Namespace) -> Result:
    """Open the links, let the peer send on all at once, and take the frames apart."""
    each = int(args.mib * MIB / args.links)
    listener = socket.create_server((HOST, 0), backlog=args.links)
    port = listener.getsockname()[1]
    server = Server(args.spawn, args.pid, tty=args.tty, host=HOST, port=port)
    peers: list[socket.socket] = []
    try:
        server.wait_tty(args.tty)
        fd = open_tty(args.tty)
        talker = Talker(fd, args.timeout)
        if args.at_setup:
            talker.setup(args.at_setup.split(";"), [args.online.encode()])
        listener.settimeout(args.timeout)
        for number in range(args.links):
            if args.at_setup:
                talker.send(args.open.format(n=number, host=HOST, port=port).encode() + b"\r")
                talker.wait_for(args.opened.format(n=number).encode() + b"\r\n")
            peers.append(listener.accept()[0])
        twice = pattern(SEED_DOWN)
        senders = [threading.Thread(target=_send, args=(peer, twice, each)) for peer in peers]
        checkers = [Checker(twice) for _ in peers]
        gc.disable()
        server.start()
        begin = time.monotonic()
        for sender in senders:
            sender.start()
        frames = _take(talker, checkers, each * args.links)
        seconds = time.monotonic() - begin
        used = server.stop()
        for sender in senders:
            sender.join(args.timeout)
        if used:
            used["server_us_per_frame"] = round(used["server_cpu_s"] / frames * 1e6, 1)
        return {
            "frames": frames,
            "mean_frame": round(each * args.links / frames),
            "mb_per_s": round(each * args.links / seconds / 1e6, 2),
            **used,
            "content_ok": all(c.first_bad is None and c.count == each for c in checkers),
        }
    finally:
        server.close()
        for peer in peers:
            peer.close()
        listener.close()


def _send(peer: socket.socket, twice: bytes, total: int) -> None:
    source = Source(twice, total, 65536)
    while source.done < total:
        source.done += peer.send(source.next())


def _take(talker: Talker, checkers: list[Checker], total: int) -> int:
    """Read frames until ``total`` bytes of payload have come; how many frames."""
    frames = count = at = 0
    pending = talker.pending
    while count < total:
        found = FRAME.match(pending, at)
        if found is None or len(pending) < found.end() + int(found.group(2)):
            if found is None and len(pending) - at > LONGEST_HEAD:
                raise Failed(f"no frame: {pending[at : at + 80]!r}")
            if not select.select([talker.fd], [], [], talker.timeout)[0]:
                raise Failed(f"timeout behind {count} of {total} bytes")
            pending = pending[at:] + os.read(talker.fd, 65536)
            at = 0
            continue
        stop = found.end() + int(found.group(2))
        number = int(found.group(1))
        if number >= len(checkers):
            raise Failed(f"a frame of link {number}")
        checkers[number].feed(pending[found.end() : stop])
        count += stop - found.end()
        frames += 1
        at = stop
    return frames
