"""The JUnit file of a run: a test case for each expectation, and one for the program that was run.

The format is that which Jenkins, GitLab and GitHub's actions read (testsuites, testsuite, testcase, failure).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import IO
from xml.etree import ElementTree

from .child import complaint
from .ran import Ran

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""XML 1.0, 2.2."""


def write(file: IO[bytes], runs: Sequence[Ran]) -> None:
    """Write the whole file: a suite for each run."""
    root = ElementTree.Element("testsuites")
    for ran in runs:
        _suite(root, ran)
    ElementTree.indent(root)
    file.write(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n")


def _suite(root: ElementTree.Element, ran: Ran) -> None:
    """One run: named after the scenario; of several, also by its number."""
    plan = ran.plan
    assert plan.scenario is not None
    suite = plan.scenario.name + (f".run{plan.run}" if plan.run else "")
    top = ElementTree.SubElement(root, "testsuite", name=_clean(suite))
    listed = ElementTree.SubElement(top, "properties")
    for name, value in (("dialect", plan.chosen.dialect.name), ("seed", str(plan.seed))):
        ElementTree.SubElement(listed, "property", name=name, value=_clean(value))
    for number, report in enumerate(ran.reports):
        whose = suite if len(ran.reports) == 1 else f"{suite}.modem{number}"
        for outcome in report.outcomes:
            case(top, whose, outcome.id, "" if outcome.met else f"not met: {outcome.detail}", 0.0)
        if report.verdict:
            wrong = "a step of the scenario said so" if report.verdict == "fail" else ""
            case(top, whose, "verdict", wrong, 0.0)
    if plan.command is not None and ran.ended is not None:
        case(top, suite, plan.command.name, complaint(plan.command, ran.ended), ran.ended.seconds)
    top.attrib |= {
        "tests": str(len(top.findall("testcase"))),
        "failures": str(len(top.findall("testcase/failure"))),
        "errors": "0",
        "skipped": "0",
        "time": f"{ran.seconds:.3f}",
    }


def case(suite: ElementTree.Element, classname: str, name: str, wrong: str, seconds: float) -> None:
    """One test case; ``wrong`` is what has failed, or nothing."""
    made = ElementTree.SubElement(
        suite, "testcase", classname=_clean(classname), name=_clean(name), time=f"{seconds:.3f}"
    )
    if wrong:
        ElementTree.SubElement(made, "failure", message=_clean(wrong))


def _clean(text: str) -> str:
    return _NOT_XML.sub("?", text)
