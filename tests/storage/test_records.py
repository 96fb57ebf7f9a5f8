from __future__ import annotations

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.model import ConsoleLine, DroppedClaim, Execution, Failure, Operation, Refusal
from runtime.storage.records import decode, encode

CALM = settings(deadline=None)  # other work may share the machine
TEXT = st.text(max_size=20)
NUMBER = st.floats(0, 1e12)
EXECUTIONS = st.builds(
    Execution,
    id=TEXT,
    tenant=TEXT,
    trigger=TEXT,
    hook_id=TEXT,
    hook_name=TEXT,
    version_id=TEXT,
    client_id=TEXT,
    at=NUMBER,
    decision=TEXT,
    error=TEXT,
    description=TEXT,
    failure=st.none()
    | st.builds(Failure, code=TEXT, message=TEXT, name=TEXT, stack=TEXT)
    | st.builds(Refusal, name=TEXT, message=TEXT, stack=TEXT, properties=st.dictionaries(TEXT, TEXT)),
    dropped=st.lists(st.builds(DroppedClaim, name=TEXT, token=TEXT, reason=TEXT), max_size=3).map(tuple),
    console=st.lists(st.builds(ConsoleLine, level=TEXT, text=TEXT), max_size=3).map(tuple),
    operations=st.lists(
        st.builds(Operation, kind=TEXT, host=TEXT, status=st.integers(0, 999), ms=NUMBER), max_size=3
    ).map(tuple),
    duration_ms=NUMBER,
    cpu_ms=NUMBER,
    memory_bytes=st.integers(0, 2**40),
    request_id=TEXT,
)


@CALM
@given(EXECUTIONS)
def test_an_execution_comes_back(execution: Execution) -> None:
    """Every field, of the right kind: a refusal is no failure."""
    assert decode(encode(execution)) == execution


@CALM
@given(EXECUTIONS)
def test_a_record_of_another_release_is_read(execution: Execution) -> None:
    """A field that we do not know is left out at every level; one that was not yet there has its default."""
    record = orjson.loads(encode(execution))
    record["later"] = 1
    for inner in (*record["dropped"], *record["console"], *record["operations"], *filter(None, [record["failure"]])):
        inner["later"] = 1
    del record["request_id"]

    assert decode(orjson.dumps(record | {"request_id": execution.request_id})) == execution
    assert decode(orjson.dumps(record)).request_id == ""
