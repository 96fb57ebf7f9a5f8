"""`make attacks`: writes README.md of this folder from the catalogue."""

from __future__ import annotations

from tests.sandbox.hostile.classes import README, catalogued, otherwise, rendered

README.write_text(rendered(catalogued(), otherwise()), encoding="utf-8")
