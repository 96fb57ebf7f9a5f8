"""The process's own log, on standard error: lines for people, or JSON for machines.

A log call may carry `extra={"fields": {...}}`; both formats write these after the message. Every record is one line, so
that nobody who chooses a name or a header can forge a second. Whatever they choose, there is one.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from io import TextIOWrapper
from typing import TextIO

import orjson

from runtime.errors import SettingsError
from runtime.settings import Log

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def configure(log: Log, stream: TextIO | None = None) -> None:
    """Send everything that is logged from here on to *stream* (standard error) as *log* says."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines() if log.format == "json" else TextLines())
    logging.basicConfig(level=_LEVELS[log.level], handlers=[handler], force=True)
    # The loop tells at debug which selector it uses.
    logging.getLogger("asyncio").setLevel(logging.WARNING)
    logging.getLogger("asyncio").addFilter(_is_news)
    logging.getLogger("hookd.executions").setLevel(logging.INFO if log.executions else logging.WARNING)
    _configure_audit(logging.getLogger("hookd.audit"), log)


def _is_news(record: logging.LogRecord) -> bool:
    """Not that uvloop found a TLS connection closed as it was to write: whose it was is told, and says what it means."""
    error = record.exc_info[1] if record.exc_info else None
    return not (isinstance(error, RuntimeError) and str(error).endswith("the handler is closed"))


def _configure_audit(audit: logging.Logger, log: Log) -> None:
    """Whatever `level` says, all of it or nothing. `SettingsError` when its file can not be written."""
    for handler in list(audit.handlers):
        audit.removeHandler(handler)
        handler.close()
    audit.setLevel(logging.INFO if log.audit else logging.CRITICAL)
    audit.propagate = not log.audit_file
    if not log.audit_file:
        return
    try:
        own = _PrivateFile(log.audit_file, encoding="utf-8")
    except OSError as error:
        raise SettingsError(
            f"The file 'log.audit_file', {log.audit_file}, can not be written: {error.strerror}."
        ) from None
    own.setFormatter(JsonLines())
    audit.addHandler(own)


class _PrivateFile(logging.FileHandler):
    """Made for its owner only. Each line is one write at the end, so that processes can share it."""

    def _open(self) -> TextIOWrapper:
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        return open(descriptor, "a", encoding=self.encoding)  # noqa: PTH123 - a descriptor; the handler closes it


class TextLines(logging.Formatter):
    """`2026-11-21T07:05:01.123Z INFO hookd.executions execution tenant=demo decision=allow ...`."""

    def format(self, record: logging.LogRecord) -> str:
        """One line; a traceback follows, indented."""
        fields = "".join(f" {name}={_text(value)}" for name, value in _fields(record).items())
        message = _one_line(record.getMessage())
        line = f"{_time(record)} {record.levelname} {record.name} {message}{fields}"
        if record.exc_info:
            line += "\n    " + self.formatException(record.exc_info).replace("\n", "\n    ")
        return line


class JsonLines(logging.Formatter):
    """`{"time": ..., "level": "info", "logger": ..., "message": ..., ...}`, one object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """One JSON object, a traceback in its `exception`."""
        line: dict[str, object] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return _json(line)


def _fields(record: logging.LogRecord) -> dict[str, object]:
    fields = getattr(record, "fields", None)
    return fields if isinstance(fields, dict) else {}


def _time(record: logging.LogRecord) -> str:
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(record.created))}.{int(record.msecs):03d}Z"


def _one_line(text: str) -> str:
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _text(value: object) -> str:
    """Bare when it reads as one word, else quoted as JSON."""
    text = str(value)
    return text if text.isprintable() and not set(text) & set(' "=') and text else _json(text)


def _json(value: object) -> str:
    try:
        return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:
        # Halves of surrogate pairs, and integers of over 64 bits. Whoever chose them would have no line otherwise.
        return json.dumps(value, default=str)
