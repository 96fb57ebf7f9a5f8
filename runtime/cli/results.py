"""What came of cases, as JSON and as JUnit's XML, which CI services read. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

from runtime.cli.comparing import Difference

_NO_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One case of one hook. `error` says why it could not be run; `broke` how the hook broke where it should not have."""

    hook: str
    case: str
    file: Path
    differences: Sequence[Difference] = ()
    error: str = ""
    broke: str = ""
    is_updated: bool = False
    ms: float = 0.0
    cpu_ms: float = 0.0
    console: Sequence[Sequence[str]] = field(default=())

    @property
    def is_passed(self) -> bool:
        """Whether it is as it should be, or is now."""
        return self.is_updated or not (self.differences or self.error)

    def document(self) -> dict[str, object]:
        """As JSON."""
        return {
            "hook": self.hook,
            "case": self.case,
            "file": str(self.file),
            "passed": self.is_passed,
            "updated": self.is_updated,
            "differences": [difference.document() for difference in self.differences],
            "error": self.error or None,
            "hook_error": self.broke or None,
            "duration_ms": round(self.ms, 3),
            "cpu_ms": round(self.cpu_ms, 3),
            "console": self.console,
        }

    def lines(self) -> list[str]:
        """Why it did not pass, for people: each difference, then how the hook broke."""
        lines = [self.error] if self.error else []
        for difference in self.differences:
            lines += [difference.path, *(f"  {line}" for line in difference.lines())]
        return lines + self.broke.splitlines()


def document_of(results: Sequence[Result]) -> dict[str, object]:
    """`{passed, failed, updated, results}`."""
    return {
        "passed": sum(result.is_passed for result in results),
        "failed": sum(not result.is_passed for result in results),
        "updated": sum(result.is_updated for result in results),
        "results": [result.document() for result in results],
    }


def junit_of(results: Sequence[Result]) -> str:
    """A suite for each hook, a test for each case."""
    root = ET.Element("testsuites", _counts(results))
    for hook in dict.fromkeys(result.hook for result in results):
        own = [result for result in results if result.hook == hook]
        suite = ET.SubElement(root, "testsuite", {"name": _fit(hook), **_counts(own)})
        for result in own:
            suite.append(_test(result))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _test(result: Result) -> ET.Element:
    test = ET.Element(
        "testcase",
        {
            "classname": _fit(result.hook),
            "name": _fit(result.case),
            "file": _fit(str(result.file)),
            "time": f"{result.ms / 1000:.6f}",
        },
    )
    if not result.is_passed:
        lines = result.lines()
        kind = "error" if result.error else "failure"
        ET.SubElement(test, kind, {"message": _fit(lines[0])}).text = _fit("\n".join(lines))
    if result.console:
        ET.SubElement(test, "system-out").text = _fit("\n".join(" ".join(line) for line in result.console))
    return test


def _counts(results: Sequence[Result]) -> dict[str, str]:
    return {
        "tests": str(len(results)),
        "failures": str(sum(not result.is_passed and not result.error for result in results)),
        "errors": str(sum(bool(result.error) for result in results)),
        "time": f"{sum(result.ms for result in results) / 1000:.6f}",
    }


def _fit(text: str) -> str:
    """XML has no way to write some characters."""
    return _NO_XML.sub("\ufffd", text)
