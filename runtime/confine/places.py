"""Where the service's own process has something to do with files once it has started: the machine's part of it.

Rule: rather one folder too many than a file that is missing on some machine. Python's installation and the system's
libraries are read late (imports, sources for tracebacks, certificates, name resolution), and all of them are public.
"""

from __future__ import annotations

import os
import site
import ssl
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_SYSTEM: Final = ("/usr", "/lib", "/lib32", "/lib64", "/nix/store", "/gnu/store")
# Processes of the Node engine and of npm are looked at there, cores and memory are counted. Other processes' memory and
# environment are closed to who is confined (ptrace(2)), and so is writing.
_KERNEL: Final = ("/proc", "/sys/devices/system", "/sys/fs/cgroup", "/sys/kernel/mm")
_DEVICES: Final = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty")
# nscd, which is asked for names, has its cache mapped.
_SHARED: Final = ("/run/nscd", "/var/run/nscd", "/var/cache/nscd", "/var/lib/ca-certificates")
_NAMES: Final = "/etc/resolv.conf"
_OF_ETC: Final = (
    *("hosts", "host.conf", "nsswitch.conf", "gai.conf", "services", "protocols", "networks", "hostname", "machine-id"),
    *("passwd", "group", "localtime", "timezone", "locale.alias", "mime.types", "os-release", "debian_version"),
    *("ld.so.cache", "ld.so.preload", "ld-musl-x86_64.path", "ld-musl-aarch64.path"),
    *("ssl/openssl.cnf", "ssl/certs", "ssl/cert.pem", "ca-certificates", "ca-certificates.conf", "crypto-policies"),
    *("pki/tls/openssl.cnf", "pki/tls/cert.pem", "pki/tls/certs", "pki/ca-trust/extracted"),
)
_LOADERS: Final = ("/lib/ld-*.so*", "/lib64/ld-*.so*", "/usr/lib/ld-*.so*", "/usr/lib64/ld-*.so*", "/lib/*/ld-*.so*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Files and folders, with all below them. What is not there is left out."""

    read: tuple[Path, ...] = ()
    write: tuple[Path, ...] = ()
    """Read, too."""
    clear: tuple[Path, ...] = ()
    """Empty folders may be removed in them."""
    execute: tuple[Path, ...] = ()
    """Read, too. None: no program is ever started."""
    devices: tuple[Path, ...] = field(default=tuple(map(Path, _DEVICES)))


def machine(names: Path = Path(_NAMES)) -> Iterator[Path]:
    """What is read of Python and of the system."""
    yield from map(Path, (*_SYSTEM, *_KERNEL, *_SHARED))
    yield from (names.parent / name for name in _OF_ETC)
    yield name_servers(names)
    yield from _installation()
    paths = ssl.get_default_verify_paths()
    found = (paths.cafile, paths.capath, paths.openssl_cafile, paths.openssl_capath)
    yield from (Path(path) for path in found if path)


def name_servers(file: Path) -> Path:
    """What is to be read so that names are found when the machine moves to another network.

    The file is replaced then by another one of its name, and to another one rights to the first are none: so it takes the
    folder. Only a file that is mounted by itself, as containers have it, stays what it is. Where it is a link into a folder of
    its own (/run/systemd/resolve), it is that folder; else all of /etc, where the files' owners and modes still count.
    """
    try:
        real = file.resolve(strict=True)
        is_mounted = real.stat().st_dev != real.parent.stat().st_dev
    except OSError:
        return file.parent
    return real if is_mounted or os.path.ismount(real) or str(real) in _mounts() else real.parent


def _mounts() -> set[str]:
    try:
        return {line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()}
    except OSError:
        return set()


def loaders() -> Iterator[Path]:
    """What the kernel starts in order to start a program."""
    for pattern in _LOADERS:
        yield from Path("/").glob(pattern[1:])


def _installation() -> Iterator[Path]:
    yield from map(Path, (sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix, *site.getsitepackages()))
    if site.ENABLE_USER_SITE:
        yield Path(site.getusersitepackages())
    yield from (Path(entry) for entry in sys.path if entry and _has_packages(Path(entry)))
    # What is installed in another way, from a checkout for example: its own folder, not all that lies beside it.
    for name, module in list(sys.modules.items()):
        if "." not in name:
            yield from map(Path, _folders(getattr(module, "__path__", ())))


def _folders(found: Iterable[object]) -> list[str]:
    return [path for path in found if isinstance(path, str)]


def _has_packages(folder: Path) -> bool:
    # Not Path's: those raise behind a folder that is closed to this process.
    if not os.path.isdir(folder):  # noqa: PTH112
        return os.path.isfile(folder)  # noqa: PTH113
    with suppress(OSError):
        return any(name.endswith(".dist-info") for name in os.listdir(folder))  # noqa: PTH208
    return False
