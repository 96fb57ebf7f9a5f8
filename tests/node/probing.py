"""A program that tries to get out of a jail, for it knows system calls that JavaScript does not: Python with ctypes.

Runs in the jail, and speaks as Node does there; says what came of each attempt: `ok`, or the name of the error.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import json
import os
import resource
import socket
import struct
from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

LIBC = ctypes.CDLL(None, use_errno=True)
Attempts: TypeAlias = dict[str, Callable[[], object]]
X86 = os.uname().machine == "x86_64"
NEWUSER, NEWNS = 0x10000000, 0x20000


def call(number: int, *arguments: Any) -> None:
    """A system call by its number; as any other function that fails, an OSError."""
    if LIBC.syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), "")


def on(x86: int, arm: int, *arguments: Any) -> Callable[[], None]:
    return lambda: call(x86 if X86 else arm, *arguments)


def write(path: str) -> None:
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))


def connect(family: int, address: tuple[str, int] | str) -> None:
    with socket.socket(family, socket.SOCK_STREAM) as made:
        made.connect(address)


def on_processes(told: dict[str, Any]) -> Attempts:
    """Making and reaching processes. `told` has the pids and the paths of the world outside."""
    parent, host = told["jailer"], told["host"]
    return {
        "fork": os.fork,
        "vfork": on(58, 220, 17),
        "clone in a user namespace": on(56, 220, NEWUSER | 17, 0, 0, 0, 0),
        "clone3": on(435, 435, b"\0" * 88, 88),
        "unshare users": on(272, 97, NEWUSER),
        "unshare mounts": on(272, 97, NEWNS),
        "setns": on(308, 268, 3, 0),
        "kill everything": lambda: os.kill(-1, 9),
        "kill the group": lambda: os.kill(0, 9),
        "kill the jailer": lambda: os.kill(parent, 0),
        "kill the host": lambda: os.kill(host, 0),
        "kill the parent": lambda: os.kill(os.getppid() or parent, 0),
        "queue a signal": on(129, 138, parent, 9, b"\0" * 128),
        "pidfd_open": on(434, 434, host, 0),
        "pidfd_send_signal": on(424, 424, 3, 9, 0, 0),
        "limit the host": lambda: resource.prlimit(host, resource.RLIMIT_NOFILE, (1, 1)),
        "raise a limit": lambda: resource.setrlimit(resource.RLIMIT_CORE, (2, 2)),
        "a signal by a descriptor": lambda: fcntl.fcntl(3, fcntl.F_SETOWN, host),
        "a signal by its own name": lambda: fcntl.fcntl(3, 15, struct.pack("ii", 1, parent)),
        "another signal": lambda: fcntl.fcntl(3, 10, 9),
        "a signal by a control": lambda: fcntl.ioctl(3, 0x8901, struct.pack("i", host)),
        "a signal by a socket's control": lambda: fcntl.ioctl(3, 0x8902, struct.pack("i", host)),
        "a lease": lambda: fcntl.fcntl(0, fcntl.F_SETLEASE, fcntl.F_RDLCK),
        "ptrace the host": on(101, 117, 16, host, 0, 0),
        "ptrace seize the jailer": on(101, 117, 0x4206, parent, 0, 0),
        "process_vm_readv": on(310, 270, host, b"\0" * 16, 1, b"\0" * 16, 1, 0),
        "process_madvise": on(440, 440, 3, b"\0" * 16, 1, 21, 0),
    }


def on_files(told: dict[str, Any]) -> Attempts:
    """Reading and changing files."""
    parent, host, secret = told["jailer"], told["host"], told["secret"]
    return {
        "the host's memory": lambda: os.open(f"/proc/{host}/mem", os.O_RDONLY),
        "the host's environment": lambda: os.open(f"/proc/{host}/environ", os.O_RDONLY),
        "the jailer's environment": lambda: os.open(f"/proc/{parent}/environ", os.O_RDONLY),
        "its own environment": lambda: os.open("/proc/self/environ", os.O_RDONLY),
        "the host's descriptors": lambda: os.open(f"/proc/{host}/fd/0", os.O_RDONLY),
        "passwords": lambda: os.open("/etc/passwd", os.O_RDONLY),
        "the shadow": lambda: os.open("/etc/shadow", os.O_RDONLY),
        "a secret file": lambda: os.open(secret, os.O_RDONLY),
        "our sources": lambda: os.open(told["source"], os.O_RDONLY),
        "the root's list": lambda: _refuse_listing(told["walls"]),
        "a file in /tmp": lambda: write("/tmp/hookd-was-here"),
        "a file in /dev/shm": lambda: write("/dev/shm/hookd-was-here"),
        "a file here": lambda: write("hookd-was-here"),
        "a folder": lambda: os.mkdir("/hookd-was-here"),  # noqa: PTH102 - the call itself is tried
        "a link": lambda: os.symlink("/etc", "/hookd-was-here"),  # noqa: PTH211 - the call itself is tried
        "remove the secret": lambda: os.unlink(secret),  # noqa: PTH108 - the call itself is tried
        "rename the secret": lambda: os.rename(secret, secret + "x"),  # noqa: PTH104 - the call itself is tried
        "chmod the secret": lambda: os.chmod(secret, 0o777),  # noqa: PTH101 - the call itself is tried
        "truncate the secret": lambda: os.truncate(secret, 0),
        "touch the secret": lambda: os.utime(secret),
        "chmod by a descriptor": lambda: os.fchmod(0, 0o777),
    }


def on_mounts_and_sockets(told: dict[str, Any]) -> Attempts:
    """A view of its own, and ways to talk."""
    return {
        "chroot": lambda: os.chroot("/"),
        "mount": on(165, 40, b"none", b"/", b"tmpfs", 0, 0),
        "umount": on(166, 39, b"/", 2),
        "pivot_root": on(155, 41, b".", b"."),
        "open_tree": on(428, 428, -100, b"/", 1),
        "fsopen": on(430, 430, b"tmpfs", 0),
        "memfd": lambda: os.memfd_create("x"),
        "a file by its handle": on(304, 265, -100, b"\0" * 64, 0),
        "IPv4": lambda: connect(socket.AF_INET, ("127.0.0.1", 9)),
        "IPv6": lambda: connect(socket.AF_INET6, ("::1", 9)),
        "UDP": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
        "raw": lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1),
        "netlink": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0),
        "packet": lambda: socket.socket(17, socket.SOCK_RAW, 0),
        "vsock": lambda: socket.socket(40, socket.SOCK_STREAM, 0),
        "AF_ALG": lambda: socket.socket(38, socket.SOCK_SEQPACKET, 0),
        "an abstract Unix socket": lambda: connect(socket.AF_UNIX, told["abstract"]),
        "a socket pair": socket.socketpair,
    }


def on_the_kernel() -> Attempts:
    """What has had holes, and what only root may."""
    return {
        "io_uring": on(425, 425, 8, b"\0" * 120),
        "bpf": on(321, 280, 5, b"\0" * 128, 128),
        "perf events": on(298, 241, b"\0" * 128, 0, -1, -1, 0),
        "userfaultfd": on(323, 282, 0),
        "keyctl": on(250, 219, 0, -1, 0, 0, 0),
        "add_key": on(248, 217, b"user", b"x", b"y", 1, -1),
        "request_key": on(249, 218, b"user", b"x", 0, -1),
        "kernel modules": on(175, 105, b"", 0, b""),
        "kexec": on(246, 104, 0, 0, 0, 0),
        "reboot": on(169, 142, 0xFEE1DEAD, 672274793, 0, 0),
        "the kernel's log": on(103, 116, 3, 0, 0),
        "the clock": on(227, 112, 0, b"\0" * 16),
        "the host's name": lambda: socket.sethostname("x"),
        "message queues": on(68, 186, 1, 0o1600),
        "shared memory": on(29, 194, 1, 4096, 0o1600),
        "semaphores": on(64, 190, 1, 1, 0o1600),
        "become root": lambda: os.setuid(0),
        "become another": lambda: os.setresuid(1, 1, 1),
        "seccomp off": on(157, 167, 22, 0, 0, 0, 0),
        "dumpable": on(157, 167, 4, 1, 0, 0, 0),
        "personality": on(135, 92, 0x0040000),
    }


def _refuse_listing(walls: list[str]) -> None:
    """Where there is a root of its own, it has nothing but what Node needs; elsewhere it can not be listed."""
    if set(os.listdir("/")) & {"etc", "home", "root", "proc", "sys", "dev", "var", "run"} or "namespaces" not in walls:  # noqa: PTH208 - likewise
        return
    raise PermissionError(errno.EACCES, "only its own")


def tried(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, str(error))
    except ValueError as error:
        return str(error)
    return "ok"


def frame(said: object) -> bytes:
    body = json.dumps(said, separators=(",", ":")).encode()
    return struct.pack("<I", len(body)) + body


def main() -> None:
    os.write(3, frame({"ready": True}))
    (size,) = struct.unpack("<I", os.read(3, 4))
    told = json.loads(os.read(3, size))
    attempts = on_processes(told) | on_files(told) | on_mounts_and_sockets(told) | on_the_kernel()
    said = {name: tried(attempt) for name, attempt in attempts.items()}
    state = {
        "attempts": said,
        "uid": os.getuid(),
        "core": resource.getrlimit(resource.RLIMIT_CORE),
        "host": os.uname().nodename,
        "open": [number for number in range(4, 1024) if tried(partial(os.fstat, number)) == "ok"],
        "environment": dict(os.environ),
    }
    os.write(3, frame(state))
    os.read(3, 1)


main()
