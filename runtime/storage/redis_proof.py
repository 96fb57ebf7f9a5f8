"""The proof of the master key, a key of its own, and some secrets that do as well where there is none."""

from __future__ import annotations

from typing import Final

from runtime.errors import Unavailable
from runtime.redis.server import Server
from runtime.storage.redis_hooks import pairs
from runtime.storage.redis_keys import Keys, from_key, in_pattern
from runtime.storage.redis_part import Part, script
from runtime.storage.resealing import ENOUGH
from runtime.storage.sealing import PROOF, secret_context

_REPLACE: Final = script("proof")
_SCANNED: Final = 1_000
"""Keys that are looked at with one call."""


class Proof(Part):
    """See the calls of the same names in `Resealing`."""

    async def get_proof(self) -> bytes | None:
        """See `Resealing.get_proof`."""
        return await _proof_in(self._server, self._keys)

    async def replace_proof(self, old: bytes | None, new: bytes | None) -> None:
        """See `Resealing.replace_proof`."""
        await self._server.run(_REPLACE, [self._keys.proof], old or b"", new or b"")

    async def some_secrets(self) -> dict[str, bytes]:
        """See `Resealing.some_secrets`."""
        return await _secrets_in(self._server, self._keys)


async def sealed_in(server: Server, keys: Keys) -> dict[str, bytes]:
    """What tells the right master key: the proof, or some secrets, by their contexts."""
    proof = await _proof_in(server, keys)
    return await _secrets_in(server, keys) if proof is None else {PROOF: proof}


async def _proof_in(server: Server, keys: Keys) -> bytes | None:
    proof: bytes | None = await server.command("GET", keys.proof)
    return proof


async def _secrets_in(server: Server, keys: Keys) -> dict[str, bytes]:
    found, begin = dict[str, bytes](), keys.secrets
    for name in await _hooks_in(server, keys):
        tenant, _, hook_id = name.removeprefix(begin).rpartition(":")
        fields = await server.command("HGETALL", name)
        flat = [item for pair in fields.items() for item in pair] if isinstance(fields, dict) else fields
        found |= {secret_context(from_key(tenant), hook_id, one): value for one, value in pairs(flat)}
        if len(found) >= ENOUGH:
            break
    return found


async def _hooks_in(server: Server, keys: Keys) -> set[str]:
    """The keys of some hooks' secrets: Redis walks all keys that lie where the catalogue does, until there are enough."""
    found, cursor = set[str](), "0"
    while len(found) < ENOUGH:
        try:
            following, names = await server.ask(
                keys.catalogue, "SCAN", cursor, "MATCH", f"{in_pattern(keys.secrets)}*", "COUNT", _SCANNED
            )
        except Unavailable as error:
            if "NOPERM" in error.debug or "permission" in error.debug:  # an ACL may not let us look
                return set()
            raise
        found.update(name.decode() for name in names)
        cursor = following.decode() if isinstance(following, bytes) else str(following)
        if cursor == "0":
            break
    return found
