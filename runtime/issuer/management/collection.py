"""What clients, APIs, client grants and users have in common: list, create, read, change, remove.

Each of them says what is its own by a subclass of `Collection`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, Generic, TypeAlias, TypeVar

from aiohttp import web

from runtime.errors import InsufficientScope, NotFound
from runtime.http.json import empty_response, json_response
from runtime.http.routes import Call, Handler, Route, Scopes
from runtime.issuer.issuer import Issuer
from runtime.issuer.management.listing import wanted_list, wanted_record
from runtime.issuer.records import Record
from runtime.issuer.store import Table

R = TypeVar("R", bound=Record)
Document: TypeAlias = dict[str, object]


class Collection(ABC, Generic[R]):
    """One kind of record at `/api/v2/{path}`.

    `noun` is in the scopes (`read:{noun}`), `title` in messages, `key` the name of the id in the store, `fields` what
    a document has, `filters` the columns that a list can be narrowed by.
    """

    path: ClassVar[str]
    noun: ClassVar[str]
    title: ClassVar[str]
    key: ClassVar[str]
    fields: ClassVar[tuple[str, ...]]
    filters: ClassVar[tuple[str, ...]] = ()

    def __init__(self, issuer: Issuer, table: Table[R]) -> None:
        self.issuer = issuer
        self.table = table

    @abstractmethod
    def document(self, record: R) -> Document:
        """The record as it is answered: never a secret, never a hash."""

    @abstractmethod
    async def create(self, body: object) -> Document:
        """Keep a new record; what is answered once."""

    @abstractmethod
    async def edit(self, record: R, body: object) -> Callable[[R], R]:
        """The change that a body asks for. It runs within the transaction, on the record as it is then."""

    async def find(self, identifier: str) -> R | None:
        """The record that a path names."""
        return await self.table.get(identifier)

    async def check_removable(self, record: R) -> None:
        """Raise what speaks against removing this record; nothing does, by default."""

    def routes(self) -> list[Route]:
        """The five routes."""
        whole, one = f"/api/v2/{self.path}", f"/api/v2/{self.path}/{{id}}"
        return [
            self.route("GET", whole, "read", self._list),
            self.route("POST", whole, "create", self._create),
            self.route("GET", one, "read", self._read),
            self.route("PATCH", one, "update", self._change),
            self.route("DELETE", one, "delete", self._remove),
        ]

    def route(self, method: str, path: str, verb: str, handler: Handler) -> Route:
        """A route for callers of this token server's tenant with the scope `{verb}:{noun}`."""
        access = Scopes(f"{verb}:{self.noun}")
        return Route(method=method, path=path, handler=of_tenant(self.issuer, handler), access=access)

    async def named(self, call: Call) -> R:
        """The record of the path's id, or `NotFound`."""
        record = await self.find(call.path("id"))
        if record is None:
            raise self.missing()
        return record

    async def _list(self, call: Call) -> web.StreamResponse:
        wanted = wanted_list(call.request, self.fields, self.filters)
        records, total = await self.table.page(wanted.where, start=wanted.start, limit=wanted.limit)
        documents = [self.document(record) for record in records]
        return json_response(wanted.answer(self.noun, documents, total))

    async def _create(self, call: Call) -> web.StreamResponse:
        return json_response(await self.create(await call.json()), 201)

    async def _read(self, call: Call) -> web.StreamResponse:
        wanted = wanted_record(call.request, self.fields)
        return json_response(wanted.of(self.document(await self.named(call))))

    async def _change(self, call: Call) -> web.StreamResponse:
        before = await self.named(call)
        edit = await self.edit(before, await call.json())
        after = await self.table.change(str(before.columns[self.key]), edit)
        if after is None:
            raise self.missing()
        return json_response(self.document(after))

    async def _remove(self, call: Call) -> web.StreamResponse:
        record = await self.named(call)
        await self.check_removable(record)
        await self.table.remove(str(record.columns[self.key]))
        return empty_response()

    def missing(self) -> NotFound:
        """The error of an id that names nothing."""
        return NotFound(f"The {self.title} does not exist.")


def of_tenant(issuer: Issuer, handler: Handler) -> Handler:
    """The handler, for callers of the issuer's tenant only: other issuers may be trusted for other tenants."""

    async def answer(call: Call) -> web.StreamResponse:
        if call.caller.tenant != issuer.tenant:
            raise InsufficientScope("The token belongs to another tenant than this token server.")
        return await handler(call)

    return answer
