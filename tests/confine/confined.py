"""A process that confines itself, and then tries what it should not be able to do any more. Says what came of it, as JSON.

`{"write": folders, "read": files and folders, "execute": programs, "user": uid or 0, "port": 0, "ring": whether io_uring is
in use before, "threads": how many there are before, "outside": a folder, "other": the id of another process}` comes as argument.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from runtime.confine.kernel import capabilities
from runtime.confine.places import Places
from runtime.confine.process import confine, refuse_rings

LIBC = ctypes.CDLL(None, use_errno=True)
X86 = os.uname().machine == "x86_64"
Attempts: TypeAlias = dict[str, Callable[[], object]]


def on(x86: int, arm: int, *arguments: Any) -> Callable[[], None]:
    """A system call by its numbers; as any other function that fails, an OSError."""

    def call() -> None:
        if LIBC.syscall(x86 if X86 else arm, *arguments) < 0:
            raise OSError(ctypes.get_errno(), "")

    return call


def tried(attempt: Callable[[], object]) -> str:
    """`ok`, or the name of the error."""
    try:
        attempt()
    except ImportError:
        return "ImportError"
    except subprocess.CalledProcessError as error:
        return str(error)
    except OSError as error:
        return errno.errorcode[error.errno or errno.EIO]
    return "ok"


def start(*command: str) -> Callable[[], object]:
    return lambda: subprocess.run(command, check=True, capture_output=True)


def on_the_kernel(other: int) -> Attempts:
    return {
        "ptrace": on(101, 117, 16, other, 0, 0),
        "process_vm_readv": on(310, 270, other, b"\0" * 16, 1, b"\0" * 16, 1, 0),
        "kcmp": on(312, 272, other, other, 0, 0, 0),
        "personality": on(135, 92, 0x0040000),
        "mount": on(165, 40, b"none", b"/", b"tmpfs", 0, 0),
        "pivot_root": on(155, 41, b".", b"."),
        "chroot": lambda: os.chroot("/"),
        "unshare": on(272, 97, 0x10000000),
        "setns": on(308, 268, 3, 0),
        "clone in a user namespace": on(56, 220, 0x10000000 | 17, 0, 0, 0, 0),
        "open_tree": on(428, 428, -100, b"/", 1),
        "fsopen": on(430, 430, b"tmpfs", 0),
        "a file by its handle": on(304, 265, -100, b"\0" * 64, 0),
        "bpf": on(321, 280, 5, b"\0" * 128, 128),
        "perf events": on(298, 241, b"\0" * 128, 0, -1, -1, 0),
        "userfaultfd": on(323, 282, 0),
        "keyctl": on(250, 219, 0, -1, 0, 0, 0),
        "kernel modules": on(175, 105, b"", 0, b""),
        "kexec": on(246, 104, 0, 0, 0, 0),
        "reboot": on(169, 142, 0xFEE1DEAD, 672274793, 0, 0),
        "swapon": on(167, 224, b"/", 0),
    }


def missing() -> Attempts:
    return {
        "io_uring": on(425, 425, 8, b"\0" * 120),
        "clone3": on(435, 435, b"\0" * 88, 88),
        "what nobody knows": on(1000, 1000),
    }


def sockets(abstract: str) -> Attempts:
    def connect() -> None:
        with socket.socket(socket.AF_UNIX) as made:
            made.connect(abstract)

    return {
        "packet": lambda: socket.socket(17, socket.SOCK_RAW, 0),
        "vsock": lambda: socket.socket(40, socket.SOCK_STREAM, 0),
        "AF_ALG": lambda: socket.socket(38, socket.SOCK_SEQPACKET, 0),
        "an abstract Unix socket": connect,
    }


def outside(folder: Path, other: int) -> Attempts:
    """Files and processes that are not its own."""
    return {
        "read": (folder / "file").read_bytes,
        "list": lambda: os.listdir(folder),  # noqa: PTH208 - the call itself is tried
        "write": lambda: (folder / "file").write_bytes(b"x"),
        "make": (folder / "new").touch,
        "make a folder": (folder / "folder").mkdir,
        "remove": (folder / "file").unlink,
        "take away": lambda: os.rename(folder / "file", "file"),  # noqa: PTH104 - the call itself is tried
        "link": lambda: os.link(folder / "file", "file"),
        "list the root": lambda: os.listdir("/"),  # noqa: PTH208 - likewise
        "write to Python": lambda: Path(os.__file__).open("ab"),
        "environment": Path(f"/proc/{other}/environ").read_bytes,
        "memory": lambda: os.open(f"/proc/{other}/mem", os.O_RDONLY),
        "signal": lambda: os.kill(other, 0),
        "change root's mind": lambda: os.setuid(0 if os.getuid() else 1),
    }


def inside(folder: Path) -> Attempts:
    """What it still does."""

    def write() -> None:
        (folder / "sub").mkdir()
        (folder / "sub/file").write_text("x")
        (folder / "sub/file").rename(folder / "file")
        (folder / "sub/link").symlink_to("file")
        os.truncate(folder / "file", 0)
        (folder / "sub/link").unlink()
        (folder / "sub").rmdir()

    return {
        "its own files": write,
        "a late import": lambda: __import__("wave"),
        "names": lambda: socket.getaddrinfo("localhost", 80),
        "the name servers": Path("/etc/resolv.conf").read_bytes,
        "randomness": lambda: Path("/dev/urandom").open("rb").read(8),
        "nothing": lambda: Path("/dev/null").write_text("x"),
        "a socket": socket.socket,
        "its own processes": lambda: Path("/proc/self/status").read_text(),
        "a memory file": lambda: os.memfd_create("x"),
    }


def threads() -> list[list[str]]:
    """No new privileges, and the kind of seccomp, of each thread."""
    texts = [Path(f"/proc/self/task/{name}/status").read_text() for name in os.listdir("/proc/self/task")]  # noqa: PTH208 - likewise
    wanted = ("NoNewPrivs", "Seccomp", "CapPrm")
    return [[line.split()[1] for line in text.splitlines() if line.split(":")[0] in wanted] for text in texts]


def main() -> None:
    told = json.loads(sys.argv[1])
    over = threading.Event()
    waiting = [threading.Thread(target=over.wait, daemon=True) for _ in range(told.get("threads", 0))]
    for thread in waiting:
        thread.start()
    if told.get("user"):
        os.setresgid(*[told["user"]] * 3)
        os.setresuid(*[told["user"]] * 3)
    if not told.get("ring"):
        refuse_rings()
    ring = tried(on(425, 425, 8, b"\0" * 120)) if told.get("ring") else ""
    places = Places(**{name: tuple(map(Path, told.get(name, ()))) for name in ("read", "write", "execute")})
    given = confine(places, port=told.get("port", 0))
    later = threading.Thread(target=over.wait, daemon=True)
    later.start()
    said = {
        "ring": ring,
        "up": given.up,
        "missing": given.missing,
        "threads": threads(),
        "capabilities": capabilities().effective,
    }
    if "outside" in told:
        os.chdir(told["write"][0])
        groups = {
            "kernel": on_the_kernel(told["other"]),
            "missing calls": missing(),
            "sockets": sockets(told["abstract"]),
            "outside": outside(Path(told["outside"]), told["other"]),
            # Who became another user may not be able to read this Python.
            "inside": {} if told.get("user") else inside(Path(told["write"][0])),
            "programs": {"wanted": start(told["program"]), "another": start("/bin/ls")},
        }
        said |= {name: {what: tried(attempt) for what, attempt in group.items()} for name, group in groups.items()}
    over.set()
    sys.stdout.write(json.dumps(said))


if __name__ == "__main__":
    main()
