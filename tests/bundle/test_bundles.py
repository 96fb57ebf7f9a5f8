"""A bundle as bytes, and back."""

from __future__ import annotations

import zlib

import pytest

from runtime.bundle.base import Module
from runtime.bundle.bundles import Bundle, unpack
from runtime.places import pack
from runtime.sandbox.base import Modules

BUNDLE = Bundle(
    script=Modules(code="module.exports = {}; // \ud800", builtins=("fs",), places=pack(["a.js"], [0, 0, 0, 1])),
    modules=(Module(name="a", version="1.0.0", bytes=20),),
    missing=("b",),
    lock="{}",
)


def test_a_bundle_comes_back_as_it_was():
    """Under the same name whenever it is packed."""
    name, packed = BUNDLE.pack()

    assert unpack(packed) == BUNDLE
    assert (name, packed) == unpack(packed).pack()


@pytest.mark.parametrize("packed", [b"", b"x", zlib.compress(b"{}"), zlib.compress(b"[]"), zlib.compress(b"nonsense")])
def test_what_is_none_is_a_value_error(packed):
    """Whatever the storage has."""
    with pytest.raises(ValueError, match=r"bundle|Expecting"):
        unpack(packed)
