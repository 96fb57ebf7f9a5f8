"""A program of the Node engine: its source, kept as it is."""

from __future__ import annotations

import pytest

from runtime.node.program import image_of, load_program
from runtime.sandbox.wrapping import wrapped


@pytest.mark.parametrize(
    "source, trigger, adapted",
    [
        ("module.exports = 1;\n\u00e9", "", ""),
        ("exports.onExecuteX = 1;", "credentials-exchange", "credentials-exchange"),
        ("x", "webtask", "webtask"),
    ],
)
def test_an_image_is_the_source_as_it_is_evaluated(source: str, trigger: str, adapted: str):
    """With what stands around it, and whose adapter that is."""
    program = load_program(image_of(source, trigger))

    assert program.source == wrapped(source, trigger).decode()
    assert program.adapted == adapted
    assert program.size == len(program.source)


@pytest.mark.parametrize("image", [b"", b"HKM1\x00", b"HKN", b"HKN2\nx", b"HKA1credentials-exchange\nHKM1"])
def test_what_is_no_image_is_refused(image: bytes):
    """Neither another engine's nor half of one."""
    with pytest.raises(ValueError, match="not an image"):
        load_program(image)
