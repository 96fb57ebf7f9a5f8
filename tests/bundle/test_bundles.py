"""A bundle as bytes, and back."""

from __future__ import annotations

import json
import zlib
from dataclasses import replace

import pytest

from runtime.bundle.base import Module
from runtime.bundle.bundles import Bundle, unpack
from runtime.places import pack
from runtime.sandbox.base import Modules

BUNDLE = Bundle(
    script=Modules(code="module.exports = {}; // \ud800", builtins=("fs",), places=pack(["a.js"], [0, 0, 0, 1])),
    modules=(Module(name="a", version="1.0.0", bytes=20, builtins=("fs",), missing=("b", "c")),),
    missing=("b",),
    lock="{}",
)


def test_a_bundle_comes_back_as_it_was():
    """Under the same name whenever it is packed."""
    name, packed = BUNDLE.pack()

    assert unpack(packed, name) == BUNDLE
    assert (name, packed) == unpack(packed).pack()


def test_a_bundle_of_an_earlier_release_is_one():
    """It did not say what each module requires."""
    content = json.loads(zlib.decompress(BUNDLE.pack()[1]))
    content["modules"] = [["a", "1.0.0", 20]]
    old = unpack(zlib.compress(json.dumps(content).encode()))

    assert old == replace(BUNDLE, modules=(Module(name="a", version="1.0.0", bytes=20),))


@pytest.mark.parametrize("packed", [b"", b"x", zlib.compress(b"{}"), zlib.compress(b"[]"), zlib.compress(b"nonsense")])
def test_what_is_none_is_a_value_error(packed):
    """Whatever the storage has."""
    with pytest.raises(ValueError, match=r"bundle|Expecting"):
        unpack(packed)


def test_a_bundle_of_another_name_is_none():
    """It is whole, but it is not what was asked for."""
    with pytest.raises(ValueError, match="not this bundle"):
        unpack(BUNDLE.pack()[1], "0" * 64)
