"""The JUnit file of a run: a test case for each expectation, and one for the program that was run.

The format is that which Jenkins, GitLab and GitHub's actions read (testsuites, testsuite, testcase, failure).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import IO
from xml.etree import ElementTree

from .child import Command, Ended, complaint
from .scenario.report import Report

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""XML 1.0, 2.2."""


def write(
    file: IO[bytes],
    suite: str,
    reports: Sequence[Report],
    ran: tuple[Command, Ended] | None,
    seconds: float,
    properties: Mapping[str, str],
) -> None:
    """Write the whole file. ``suite``: the scenario's name."""
    root = ElementTree.Element("testsuites")
    top = ElementTree.SubElement(root, "testsuite", name=_clean(suite))
    listed = ElementTree.SubElement(top, "properties")
    for name, value in properties.items():
        ElementTree.SubElement(listed, "property", name=name, value=_clean(value))
    for number, report in enumerate(reports):
        whose = suite if len(reports) == 1 else f"{suite}.modem{number}"
        for outcome in report.outcomes:
            case(top, whose, outcome.id, "" if outcome.met else f"not met: {outcome.detail}", 0.0)
        if report.verdict:
            wrong = "a step of the scenario said so" if report.verdict == "fail" else ""
            case(top, whose, "verdict", wrong, 0.0)
    if ran is not None:
        command, ended = ran
        case(top, suite, command.name, complaint(command, ended), ended.seconds)
    failures = len(top.findall("testcase/failure"))
    top.attrib |= {
        "tests": str(len(top.findall("testcase"))),
        "failures": str(failures),
        "errors": "0",
        "skipped": "0",
        "time": f"{seconds:.3f}",
    }
    ElementTree.indent(root)
    file.write(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n")


def case(suite: ElementTree.Element, classname: str, name: str, wrong: str, seconds: float) -> None:
    """One test case; ``wrong`` is what has failed, or nothing."""
    made = ElementTree.SubElement(
        suite, "testcase", classname=_clean(classname), name=_clean(name), time=f"{seconds:.3f}"
    )
    if wrong:
        ElementTree.SubElement(made, "failure", message=_clean(wrong))


def _clean(text: str) -> str:
    return _NOT_XML.sub("?", text)
