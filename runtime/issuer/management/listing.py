"""Lists of the management API: `page`, `per_page`, `include_totals`, `fields`, `include_fields`, and filters.

Auth0's newer way to page is there too: `take`, and `from` with the `next` of the answer before.

A query parameter that is not known is refused: a filter that is left out unsaid would answer with too much.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from runtime.http.query import FIELD_PARAMETERS, MOST_PER_PAGE, PAGE_PARAMETERS, PER_PAGE, Query

MOST_RECORDS: Final = 100_000_000
MOST_FILTER_CHARS: Final = 600
"""As an API's identifier may have."""

_CHECKPOINT_PARAMETERS: Final = ("take", "from")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What of a record, and which records, a GET asks for. `where` is filter to value, `shown` names members."""

    start: int
    limit: int
    has_totals: bool
    has_next: bool
    shown: frozenset[str]
    where: Mapping[str, str | None]

    def of(self, document: Mapping[str, object]) -> dict[str, object]:
        """The members of a document that were asked for."""
        return {name: value for name, value in document.items() if name in self.shown}

    def answer(self, name: str, documents: Sequence[Mapping[str, object]], total: int) -> object:
        """The list, or with totals an object that has it under its name (contract-full 5.2)."""
        rows = [self.of(document) for document in documents]
        if self.has_next:
            end = self.start + len(rows)
            return {name: rows, "next": str(end)} if rows and end < total else {name: rows}
        return {"total": total, "start": self.start, "limit": self.limit, name: rows} if self.has_totals else rows


def wanted_list(request: web.Request, fields: Sequence[str], filters: Sequence[str]) -> Wanted:
    """The query of a list; `InvalidQuery` names the parameter and the rule. `fields` are all that a record has."""
    query = Query(request.query, (*PAGE_PARAMETERS, *FIELD_PARAMETERS, *_CHECKPOINT_PARAMETERS, *filters))
    has_next = any(name in request.query for name in _CHECKPOINT_PARAMETERS)
    start, limit = query.page()
    if has_next:
        start = query.integer("from", 0, least=0, most=MOST_RECORDS)
        limit = query.integer("take", PER_PAGE, least=0, most=MOST_PER_PAGE)
    where = {name: query.text(name, most=MOST_FILTER_CHARS) for name in filters}
    return Wanted(
        start=start,
        limit=limit,
        has_next=has_next,
        has_totals=query.flag("include_totals") is True,
        shown=query.shown(fields),
        where={name: value for name, value in where.items() if value is not None},
    )


def wanted_record(request: web.Request, fields: Sequence[str]) -> Wanted:
    """The query of a single record: `fields` and `include_fields` only."""
    shown = Query(request.query, FIELD_PARAMETERS).shown(fields)
    return Wanted(start=0, limit=1, has_totals=False, has_next=False, shown=shown, where={})
