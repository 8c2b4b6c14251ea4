"""Where a test run's time went, said at its end, by file."""

from __future__ import annotations

from collections import defaultdict

import pytest

__all__ = ["pytest_terminal_summary"]

_SHOWN = 15


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The files that took longest, in seconds of the processor that ran them, preparations
    included."""
    seconds: dict[str, float] = defaultdict(float)
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                seconds[report.nodeid.partition("::")[0]] += report.duration
    whole = sum(seconds.values())
    if len(seconds) < _SHOWN:
        return
    terminalreporter.section("where the time went")
    for file, spent in sorted(seconds.items(), key=lambda row: -row[1])[:_SHOWN]:
        terminalreporter.write_line(f"{spent:7.1f} s {spent / whole:5.1%}  {file}")
    terminalreporter.write_line(f"{whole:7.1f} s in {len(seconds)} files")
