"""Many modems driven from one process: how many commands a second, and how long an answer takes."""

from __future__ import annotations

import argparse
import gc
import glob
import os
import resource
import select
import time

from bench_tools import Failed, Result, Server, open_tty, summary


def do_many(args: argparse.Namespace) -> Result:
    paths: list[str] = []
    for name in args.tty:
        if name.startswith("@"):
            with open(name[1:]) as listing:
                paths += listing.read().split()
        elif any(c in name for c in "*?["):
            paths += sorted(glob.glob(name))
        else:
            paths.append(name)
    server = Server(None, args.pid)
    command = args.command.encode() + b"\r"
    expect = args.expect.encode().decode("unicode_escape").encode("latin-1")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    fds = [open_tty(path, nonblocking=True) for path in paths]
    began: dict[int, float] = dict.fromkeys(fds, 0.0)  # 0.0: no command outstanding
    got: dict[int, bytes] = dict.fromkeys(fds, b"")
    poller = select.epoll()
    for fd in fds:
        poller.register(fd, select.EPOLLIN)
    took: list[float] = []
    late = 0
    gc.disable()
    read, write, clock = os.read, os.write, time.perf_counter
    closed_loop = args.rate <= 0
    server.start()
    begin = clock()
    end = begin + args.seconds
    if closed_loop:
        for fd in fds:
            began[fd] = clock()
            write(fd, command)
    sent = 0
    order = 0
    while True:
        now = clock()
        if now >= end:
            break
        wait = end - now
        if not closed_loop:
            due = int((now - begin) * args.rate)
            while sent < due:
                fd = fds[order % len(fds)]
                order += 1
                sent += 1
                if began[fd]:
                    late += 1  # its last command is still unanswered: counted, not sent
                    continue
                began[fd] = clock()
                write(fd, command)
            wait = max(0.0, begin + (sent + 1) / args.rate - clock())
        for fd, _ in poller.poll(wait, 512):
            data = got[fd] + read(fd, 4096)
            if expect in data:
                data = b""
                stop = clock()
                if began[fd]:  # else the answer to something asked before this run
                    took.append(stop - began[fd])
                began[fd] = 0.0
                if closed_loop and stop < end:
                    began[fd] = stop
                    write(fd, command)
            got[fd] = data
    seconds = clock() - begin
    used = server.stop()
    # Take in what is still outstanding, to leave the ttys clean and to find the silent ones.
    waiting = {fd for fd in fds if began[fd]}
    give_up = clock() + args.timeout
    while waiting and clock() < give_up:
        for fd, _ in poller.poll(max(0.0, give_up - clock()), 512):
            got[fd] += read(fd, 4096)
            if expect in got[fd]:
                waiting.discard(fd)
    result = {
        "ttys": len(fds),
        "rate_asked": args.rate if not closed_loop else None,
        "seconds": round(seconds, 2),
        "commands_per_s": round(len(took) / seconds, 1),
        **summary(took),
        "late": late,
        "silent": len(waiting),
        **used,
    }
    if used:
        result["server_us_per_command"] = round(used["server_cpu_s"] / max(1, len(took)) * 1e6, 1)
    if not took:
        raise Failed("no answer from any tty")
    return result
