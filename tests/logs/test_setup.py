from __future__ import annotations

import io
import json
import logging
import stat

import pytest
import uvloop

from runtime.errors import SettingsError
from runtime.logs.setup import configure
from runtime.settings import Log
from tests.own_log import own_log


@pytest.fixture(autouse=True)
def put_back():
    """The log as it was."""
    with own_log():
        yield


def written(form: str, level: str = "info") -> io.StringIO:
    """Where the log goes from here on."""
    stream = io.StringIO()
    configure(Log(level=level, format=form), stream)
    return stream


def test_text_lines_carry_fields():
    """A line for people has time, level, logger, message and the fields as name=value."""
    stream = written("text")
    logging.getLogger("hookd.x").info("done %d", 1, extra={"fields": {"hook": "a b", "ms": 1.5, "empty": ""}})
    time, rest = stream.getvalue().split(" ", 1)

    assert rest == 'INFO hookd.x done 1 hook="a b" ms=1.5 empty=""\n'
    assert time.endswith("Z")
    assert len(time) == len("2026-11-21T07:05:01.123Z")


def test_json_lines_are_objects():
    """A line for machines is one JSON object with the fields as members."""
    stream = written("json")
    logging.getLogger("hookd.x").warning("done", extra={"fields": {"hook": "a"}})
    line = json.loads(stream.getvalue())

    assert {"level": "warning", "logger": "hookd.x", "message": "done", "hook": "a"}.items() <= line.items()


@pytest.mark.parametrize("form", ["text", "json"])
def test_nobody_forges_a_line(form):
    """A line break in a message or a field is written as an escape."""
    stream = written(form)
    logging.getLogger("hookd").info("a\nb\x1b[0m", extra={"fields": {"hook": "c\r\nERROR d"}})

    assert stream.getvalue().count("\n") == 1
    assert "\x1b" not in stream.getvalue()


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize(
    "value", ["\ud800", "a \udfff=", "\ude00\ud83d", 2**70, ["\udc00"], {1: "\ud800"}, {"\ud800": 1}]
)
def test_nobody_is_missing(form, value, capsys):
    """Who chooses what UTF-8 or orjson can not write has a line, all the same: one, that a terminal can show."""
    stream = written(form)
    logging.getLogger("hookd").info("by %s", value, extra={"fields": {"subject": value}})

    (line,) = stream.getvalue().splitlines()
    assert "subject" in line
    if form == "json":
        assert json.loads(line)["message"] == f"by {value}"
    else:
        assert line.encode()
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("form", ["text", "json"])
def test_tracebacks_are_kept(form):
    """What broke is in the log, whole, and indented in text so that it can not be taken for lines of its own."""
    stream = written(form)
    try:
        int("oops")
    except ValueError:
        logging.getLogger("hookd").exception("broke")

    assert "ValueError: invalid literal" in stream.getvalue()
    assert all(line.startswith("    ") for line in stream.getvalue().splitlines()[1:])


def test_what_the_loop_says_of_connections_that_are_closed_is_left_out():
    """Of those with TLS uvloop tells when it was to write. What else a loop has to say is there."""
    stream = written("text")
    loop = uvloop.new_event_loop()
    for error in (
        RuntimeError("unable to perform operation on <TCPTransport closed=True>; the handler is closed"),
        RuntimeError("another"),
    ):
        loop.call_exception_handler({"message": "Fatal error on SSL protocol", "exception": error})
    loop.close()

    assert "the handler is closed" not in stream.getvalue()
    assert "RuntimeError: another" in stream.getvalue()


def test_the_level_is_kept():
    """Below the level nothing is written."""
    stream = written("text", "error")
    logging.getLogger("hookd").warning("quiet")

    assert stream.getvalue() == ""


def test_the_audit_log_is_whole_whatever_the_level(tmp_path):
    """All of it, unless it is turned off: no level hides who changed what."""
    for audit, count in ((True, 1), (False, 0)):
        stream = io.StringIO()
        configure(Log(level="error", audit=audit), stream)
        logging.getLogger("hookd.audit").info("change", extra={"fields": {"sent": ["A", "B"]}})
        assert stream.getvalue().count("INFO hookd.audit change sent=") == count


def test_the_audit_log_may_have_a_file(tmp_path):
    """JSON lines behind what is there, for its owner only, and then nothing of it on standard error."""
    file = tmp_path / "audit.log"
    for number in range(2):
        stream = io.StringIO()
        configure(Log(audit_file=str(file)), stream)
        logging.getLogger("hookd.audit").info("change", extra={"fields": {"number": number}})
        assert stream.getvalue() == ""
    lines = [json.loads(line) for line in file.read_text().splitlines()]

    assert [(line["logger"], line["message"], line["number"]) for line in lines] == [
        ("hookd.audit", "change", 0),
        ("hookd.audit", "change", 1),
    ]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(SettingsError, match="audit_file"):
        configure(Log(audit_file=str(tmp_path / "no/such/folder")))
