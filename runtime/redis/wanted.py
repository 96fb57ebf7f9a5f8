"""What settings say of a Redis: where it is, and how it is spoken to. Reads the file with its password, and nothing else."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from runtime.errors import SettingsError
from runtime.redis.address import Address, Means, parse_address
from runtime.secret_files import is_open_to_others

_LOG: Final = logging.getLogger("hookd.storage")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The settings' values. Messages name them: `url_name` is the URL's name, `others` what the others' names begin with."""

    url: str = field(repr=False)
    password: str = field(repr=False)
    password_file: str
    sentinel_password: str = field(repr=False)
    ca_file: str
    certificate_file: str
    connections: int
    timeout_ms: int
    url_name: str
    others: str

    def address(self) -> Address:
        """Where it is, with the password that stands in the URL or elsewhere. `SettingsError`."""
        address = parse_address(self.url, self.url_name)
        given = [text for text in (address.password, self.password, self.password_file) if text]
        if len(given) > 1:
            raise SettingsError(
                f"Give one of a password in '{self.url_name}', '{self.others}password' and '{self.others}password_file'."
            )
        password = self._read(Path(self.password_file)) if self.password_file else self.password
        return replace(address, password=password) if password else address

    def means(self) -> Means:
        """How it is spoken to."""
        return Means(
            seconds=self.timeout_ms / 1000,
            at_once=self.connections,
            ca_file=self.ca_file,
            certificate_file=self.certificate_file,
            sentinel_password=self.sentinel_password,
        )

    @property
    def reads(self) -> tuple[Path, ...]:
        """Files that are read whenever a connection is made."""
        return tuple(Path(file) for file in (self.ca_file, self.certificate_file) if file)

    def _read(self, path: Path) -> str:
        name = f"{self.others}password_file"
        try:
            text = path.read_text(encoding="utf-8").rstrip("\r\n")
            is_open = is_open_to_others(path)
        except OSError as error:
            raise SettingsError(f"The file '{name}', {path}, can not be read: {error.strerror}.") from None
        except UnicodeDecodeError:
            raise SettingsError(f"The file '{name}', {path}, is not text.") from None
        if not text:
            raise SettingsError(f"The file '{name}', {path}, is empty.")
        if is_open:
            _LOG.warning("others than its owner may read the password in %s: chmod 600 it", path)
        return text
