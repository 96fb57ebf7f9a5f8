from __future__ import annotations

import pytest
from multidict import CIMultiDict

from runtime.http.trace import traceparent

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.mark.parametrize(
    "given, read",
    [
        (f"00-{TRACE}-{PARENT}-01", f"00-{TRACE}-{PARENT}-01"),
        (f"00-{TRACE}-{PARENT}-00", f"00-{TRACE}-{PARENT}-00"),
        (f"cc-{TRACE}-{PARENT}-01-what-the-future-will-be-like", f"cc-{TRACE}-{PARENT}-01"),
        (f"00-{TRACE}-{PARENT}-01-x", ""),
        (f"ff-{TRACE}-{PARENT}-01", ""),
        (f"00-{'0' * 32}-{PARENT}-01", ""),
        (f"00-{TRACE}-{'0' * 16}-01", ""),
        (f"00-{TRACE.upper()}-{PARENT}-01", ""),
        (f"00-{TRACE}-{PARENT}", ""),
        (f"00-{TRACE}-{PARENT}-01\n", ""),
        (f" 00-{TRACE}-{PARENT}-01", ""),
        ("", ""),
    ],
)
def test_the_callers_trace(given: str, read: str):
    """As W3C Trace Context 3.2 has it; whatever is none is passed over, for a request must not fail for it."""
    assert traceparent(CIMultiDict({"TraceParent": given})) == read


def test_no_header_is_no_trace():
    """Nothing is made up."""
    assert traceparent(CIMultiDict()) == ""
