"""What keys are called. Pure.

All begin with the prefix, so that an ACL can name them (`~hookd:*`) and installations can share a Redis. In a cluster, what
stands in braces decides where a key lies.

- `PREFIX:{PREFIX}:...`, the catalogue: hooks, versions, bundles, secrets and documents of all tenants, in one slot, and which
  sessions have ended. A write and its
  note in the log of changes, which nodes follow, are one step, and one log is all that there is to follow; a version and its
  modules, which tenants share, go in the step in which the last hook lets go of them. They are small and seldom written: what is
  many is elsewhere.
- `PREFIX:{TENANT}:...`: a tenant's records of executions, and what its Actions cache.
- `PREFIX:image:{VERSION}`: images, large and remade whenever they are missing.
- `PREFIX:answer:{REQUEST}`: what a request was answered that may come again, for a minute.
- `PREFIX:rate:{NAME}`: what is left of a rate limit, until all of it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

from runtime.redis.address import require_prefix


@dataclass(frozen=True, slots=True)
class Keys:
    """Of one installation."""

    prefix: str

    def __post_init__(self) -> None:
        require_prefix(self.prefix, "storage.prefix")

    @property
    def catalogue(self) -> str:
        """What all keys of the catalogue begin with; scripts/catalogue.lua has them."""
        return f"{self.prefix}:{{{self.prefix}}}"

    @property
    def mark(self) -> str:
        """Whose this is, and in which form."""
        return f"{self.catalogue}:format"

    @property
    def running(self) -> str:
        """Which versions hooks have."""
        return f"{self.catalogue}:running"

    @property
    def recorded(self) -> str:
        """Which tenants have records of executions, and when the newest were written."""
        return f"{self.catalogue}:recorded"

    @property
    def changes(self) -> str:
        """Where hooks were changed."""
        return f"{self.catalogue}:changes"

    @property
    def talk(self) -> str:
        """What processes ask each other."""
        return f"{self.catalogue}:talk"

    @property
    def processes(self) -> str:
        """Which processes there are."""
        return f"{self.catalogue}:processes"

    @property
    def stored(self) -> str:
        """Which records of executions were stored, in that order."""
        return f"{self.catalogue}:stored"

    @property
    def secrets(self) -> str:
        """What the keys of hooks' secrets begin with; tenant and id follow."""
        return f"{self.catalogue}:secrets:"

    @property
    def proof(self) -> str:
        """The proof of the master key."""
        return f"{self.catalogue}:proof"

    @property
    def hooks(self) -> str:
        """What the keys of tenants' hooks begin with; the tenant follows."""
        return f"{self.catalogue}:hooks:"

    @property
    def unfinished(self) -> str:
        """What is being moved in here."""
        return f"{self.catalogue}:unfinished"

    def bundle(self, bundle_id: str) -> str:
        """A bundle's."""
        return f"{self.catalogue}:bundle:{bundle_id}"

    def logouts(self, token: str) -> str:
        """The sessions of a token that have ended; it is named by a hash."""
        return f"{self.catalogue}:logouts:{token}"

    def image(self, version_id: str) -> str:
        """An image's."""
        return f"{self.prefix}:image:{{{version_id}}}"

    def answer(self, request: str) -> str:
        """The answer to a request, or who makes it."""
        return f"{self.prefix}:answer:{{{request}}}"

    def rate(self, name: str) -> str:
        """The token bucket of this name."""
        return f"{self.prefix}:rate:{{{in_key(name)}}}"

    def cache(self, tenant: str, trigger: str) -> str:
        """What a tenant's Actions of a trigger keep."""
        return f"{self._of(tenant)}:cache:{trigger}"

    def executions(self, tenant: str) -> tuple[str, str, str]:
        """A tenant's records, their index, and their size."""
        of = self._of(tenant)
        return f"{of}:executions", f"{of}:executions.index", f"{of}:executions.bytes"

    def _of(self, tenant: str) -> str:
        return f"{self.prefix}:{{{in_key(tenant)}}}"


def in_key(tenant: str) -> str:
    """A tenant, or another name, as a part of a key: without a colon or a brace, and never empty, for `{}` is no hash tag."""
    return quote(tenant, safe="") or "%"


def from_key(part: str) -> str:
    """The tenant that is named so in a key."""
    return "" if part == "%" else unquote(part)


def in_pattern(key: str) -> str:
    """A key as Redis's patterns have it."""
    return re.sub(r"([*?\[\]\\^-])", r"\\\1", key)
