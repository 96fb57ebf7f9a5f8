"""Lists of the management API: `page`, `per_page`, `include_totals`, `fields`, `include_fields`, and filters.

Auth0's newer way to page is there too: `take`, and `from` with the `next` of the answer before.

A query parameter that is not known is refused: a filter that is left out unsaid would answer with too much.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from runtime.errors import InvalidQuery

DEFAULT_PER_PAGE: Final = 50
MOST_PER_PAGE: Final = 100
MOST_PAGE: Final = 1_000_000
MOST_RECORDS: Final = 100_000_000

_FIELD_PARAMETERS: Final = ("fields", "include_fields")
_PAGE_PARAMETERS: Final = ("page", "per_page", "include_totals")
_CHECKPOINT_PARAMETERS: Final = ("take", "from")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What of a record, and which records, a GET asks for. `where` is filter to value; no `fields` means all."""

    start: int
    limit: int
    has_totals: bool
    has_next: bool
    fields: frozenset[str]
    includes_fields: bool
    where: Mapping[str, str | None]

    def of(self, document: Mapping[str, object]) -> dict[str, object]:
        """The members of a document that were asked for."""
        if not self.fields:
            return dict(document)
        return {name: value for name, value in document.items() if (name in self.fields) is self.includes_fields}

    def answer(self, name: str, documents: Sequence[Mapping[str, object]], total: int) -> object:
        """The list, or with totals an object that has it under its name (contract-full 5.2)."""
        rows = [self.of(document) for document in documents]
        if self.has_next:
            end = self.start + len(rows)
            return {name: rows, "next": str(end)} if rows and end < total else {name: rows}
        return {"total": total, "start": self.start, "limit": self.limit, name: rows} if self.has_totals else rows


def wanted_list(request: web.Request, filters: Iterable[str]) -> Wanted:
    """The query of a list; `InvalidQuery` names the parameter and the rule."""
    query = _query(request, (*_FIELD_PARAMETERS, *_PAGE_PARAMETERS, *_CHECKPOINT_PARAMETERS, *filters))
    has_next = any(name in query for name in _CHECKPOINT_PARAMETERS)
    limit = _whole(query, "take" if has_next else "per_page", DEFAULT_PER_PAGE, MOST_PER_PAGE)
    start = _whole(query, "from", 0, MOST_RECORDS) if has_next else _whole(query, "page", 0, MOST_PAGE) * limit
    return Wanted(
        start=start,
        limit=limit,
        has_next=has_next,
        has_totals=_boolean(query, "include_totals", default=False),
        fields=_names(query),
        includes_fields=_boolean(query, "include_fields", default=True),
        where={name: query[name] for name in filters if name in query},
    )


def wanted_record(request: web.Request) -> Wanted:
    """The query of a single record: `fields` and `include_fields` only."""
    query = _query(request, _FIELD_PARAMETERS)
    includes = _boolean(query, "include_fields", default=True)
    return Wanted(
        start=0, limit=1, has_totals=False, has_next=False, fields=_names(query), includes_fields=includes, where={}
    )


def _query(request: web.Request, known: Iterable[str]) -> dict[str, str]:
    names = tuple(known)
    for name in request.query:
        if name not in names:
            raise InvalidQuery(f"There is no query parameter '{name[:100]}' here; there are: {', '.join(names)}.")
        if len(request.query.getall(name)) > 1:
            raise InvalidQuery(f"The query parameter '{name}' is given twice.")
    return dict(request.query)


def _whole(query: Mapping[str, str], name: str, default: int, most: int) -> int:
    text = query.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit()) or len(text) > 9 or int(text) > most:
        raise InvalidQuery(f"The query parameter '{name}' must be a whole number from 0 to {most}, not '{text[:100]}'.")
    return int(text)


def _boolean(query: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = query.get(name, "").lower()
    if text not in ("", "true", "false"):
        raise InvalidQuery(f"The query parameter '{name}' must be true or false, not '{text[:100]}'.")
    return text == "true" if text else default


def _names(query: Mapping[str, str]) -> frozenset[str]:
    return frozenset(filter(None, query.get("fields", "").split(",")))
