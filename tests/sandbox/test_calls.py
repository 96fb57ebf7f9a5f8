"""The native library: its clock runs while a call does and rests when none does, and no endless hook gets past it."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from wasmtime import _bindings as c

from runtime.errors import SettingsError
from runtime.model import Limits
from runtime.sandbox import calls, guest
from runtime.sandbox.artefact import library_name
from runtime.sandbox.engine import Engine
from runtime.sandbox.invocation import Invocation, Stopped, Time, time_of
from runtime.sandbox.wrapping import wrapped
from tests.sandbox.artefacts import write_manifest
from tests.sandbox.clocks import Told
from tests.sandbox.conftest import LIMITS
from tests.waiting import wait_until

INCREMENT = calls.WASMTIME.index("wasmtime_engine_increment_epoch")
ENDLESS = "module.exports = () => { for (;;); };"


class Counted:
    """A clock whose ticks are counted instead of given to an engine."""

    def __init__(self, *, tick_us: int = 200, idle_ticks: int = 5) -> None:
        self.ticks = 0
        self.host = calls.make_host(0, 0, 0, memory=0, reserve=0, memory_size=0, in_place=(0, 0))
        self._tick = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(self._count)
        self.host.functions[INCREMENT] = ctypes.cast(self._tick, ctypes.c_void_p).value
        self.clock = calls.Clock(self.host, tick_us=tick_us, idle_ticks=idle_ticks)

    def run(self, running: int) -> None:
        """So many calls run. As who makes one does: the bell is rung, for the clock may rest already."""
        self.host.running = running
        os.write(self.host.bell_write, b"x")

    def _count(self, _engine: int) -> None:
        self.ticks += 1


@pytest.fixture
def counted() -> Iterator[Counted]:
    counted = Counted()
    yield counted
    counted.clock.close()


@pytest.fixture
def engine(engine_cache: Path) -> Iterator[Engine]:
    engine = Engine(engine_cache, concurrency=4)
    yield engine
    engine.close()


def test_nothing_ticks_while_nothing_runs(counted: Counted):
    """It rests after a while, and a machine that does nothing is woken by nothing."""
    wait_until(lambda: counted.host.resting)
    assert counted.ticks == 0


def test_it_ticks_while_a_call_runs(counted: Counted):
    """However many run, until the last has ended; then it rests again."""
    counted.run(2)
    wait_until(lambda: counted.ticks >= 3)
    counted.host.running = 1
    before = counted.ticks
    wait_until(lambda: counted.ticks >= before + 3)
    counted.host.running = 0
    wait_until(lambda: counted.host.resting)


@pytest.mark.parametrize("resting", [True, False], ids=["while it rests", "while it ticks"])
def test_closing_ends_its_thread(resting: bool):
    """At once, also where it waits to be woken; a second time is nothing."""
    counted = Counted()
    if resting:
        wait_until(lambda: counted.host.resting)
    else:
        counted.run(1)
        wait_until(lambda: counted.ticks)
    counted.clock.close()
    counted.clock.close()
    assert "hookd-clock" not in {thread.name for thread in threading.enumerate()}


def test_a_bell_that_nobody_hears_does_not_stop_who_rings_it(counted: Counted):
    """The pipe may be full: to ring is not to wait."""
    ringer = ctypes.PyDLL(None).write
    for _ in range(70_000):
        ringer(counted.host.bell_write, b"x", ctypes.c_size_t(1))
    assert ringer(counted.host.bell_write, b"x" * 4096, ctypes.c_size_t(4096)) == -1


def loaded(engine: Engine, source: str) -> Invocation:
    """A sandbox with this hook in it."""
    invocation = Invocation(engine)
    guest.load(engine, invocation, wrapped(source), LIMITS)
    return invocation


def ended(engine: Engine, invocation: Invocation, *, hold: bool, time: Time) -> str:
    """The code of what stops the hook, which is called once."""
    try:
        frame = guest.request(LIMITS, payload=b"[]")
        guest.ask(engine, invocation, engine.invoke, frame, LIMITS, pages=0, time=time, hold=hold)
    except Stopped as stopped:
        return stopped.code
    finally:
        invocation.close()
    return "it ended"


def endless(engine: Engine, *, hold: bool) -> str:
    """The code of what stops an endless hook."""
    return ended(engine, loaded(engine, ENDLESS), hold=hold, time=time_of(6))


@pytest.mark.parametrize("hold", [True, False], ids=["the GIL kept", "the GIL let go"])
def test_an_endless_hook_is_stopped(engine: Engine, hold: bool):
    """Also while nobody else can take the GIL: the clock has no need of it."""
    assert endless(engine, hold=hold) == "cpu_limit"


@pytest.mark.parametrize("hold", [True, False], ids=["the GIL kept", "the GIL let go"])
def test_what_the_processor_was_elsewhere_is_not_its_time(engine: Engine, hold: bool):
    """It is looked at again and again, until the thread itself has had its time."""
    invocation = loaded(engine, ENDLESS)
    told = Told(engine, cpu=lambda looks: 1.999 + 0.001 * (looks > 10), wall=lambda looks: 5.0 + looks)
    assert ended(engine, invocation, hold=hold, time=time_of(1, 40_000)) == "cpu_limit"
    assert told.looks[engine._host.cpu_clock] == 12


def test_a_time_that_is_up_is_no_cpu_time(engine: Engine):
    """Where the processor never comes back."""
    invocation = loaded(engine, ENDLESS)
    Told(engine, cpu=lambda _: 1.0, wall=lambda looks: 0.1 * looks)
    assert ended(engine, invocation, hold=False, time=time_of(1, 500)) == "wall_limit"


def test_an_endless_hook_is_stopped_whenever_it_begins(engine: Engine):
    """Also at the moment at which the clock goes to rest: calls are made at all times around it."""
    engine._clock.close()
    engine._host.closing = 0
    engine._clock = calls.Clock(engine._host, tick_us=100, idle_ticks=3)
    pause = threading.Event()
    stopped = []
    for round_ in range(200):
        pause.wait(round_ * 5e-6)
        stopped.append(endless(engine, hold=round_ % 2 == 0))
    assert set(stopped) == {"cpu_limit"}


def test_short_calls_elsewhere_do_not_save_an_endless_hook(engine: Engine):
    """The event loop is busy with others' hooks all the while."""
    over = threading.Event()
    limits = Limits(**{name: getattr(LIMITS, name) for name in Limits.__slots__} | {"cpu_ms": 10_000})

    def many_short_ones() -> None:
        while not over.is_set():
            invocation = Invocation(engine)
            guest.load(engine, invocation, wrapped("module.exports = (cb) => cb();"), limits)
            invocation.close()

    other = threading.Thread(target=many_short_ones)
    other.start()
    try:
        assert {endless(engine, hold=False) for _ in range(5)} == {"cpu_limit"}
    finally:
        over.set()
        other.join()


def test_types_of_the_c_api_are_as_the_library_has_them(monkeypatch: pytest.MonkeyPatch):
    """A wasmtime with other types is refused at the start, not found out by a crash."""
    monkeypatch.setattr(c, "wasmtime_instance_t", ctypes.c_uint64)
    with pytest.raises(RuntimeError, match="types of other sizes"):
        calls.make_host(0, 0, 0, memory=0, reserve=0, memory_size=0, in_place=(0, 0))


def test_what_does_not_fit_is_not_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """It is not even loaded: who imports this has no library, and no host."""
    hold, release, fault = calls._libraries(tmp_path)
    assert {name: getattr(library, name) for library in (hold, release) for name, _, _ in calls.FUNCTIONS} == (
        dict.fromkeys(name for name, _, _ in calls.FUNCTIONS)
    )
    monkeypatch.setattr(calls, "FAULT", fault)
    with pytest.raises(SettingsError, match="The guest is not built"):
        calls.make_host(0, 0, 0, memory=0, reserve=0, memory_size=0, in_place=(0, 0))


def test_what_can_not_be_loaded_says_so(tmp_path: Path):
    """As an overlay of another system has it: whole, but none that this one loads."""
    (tmp_path / library_name()).write_bytes(b"no library")
    write_manifest(tmp_path)
    _, _, fault = calls._libraries(tmp_path)
    assert fault.startswith(f"The guest's {library_name()} can not be loaded: ")


def test_each_field_lies_where_the_source_has_it(tmp_path: Path):
    """The compiler says what is where in calls.c, of this system; the types here say the same."""
    asserts = [
        f'_Static_assert({said} == {expected}, "{said}");'
        for name, kind in (("host", calls.Host), ("sandbox", calls.Sandbox))
        for said, expected in layout(name, kind).items()
    ]
    source = tmp_path / "layout.c"
    source.write_text("\n".join([f'#include "{Path(calls.__file__).with_name("calls.c")}"', *asserts]))
    zig = [sys.executable, "-m", "ziglang", "cc", "-c", str(source), "-o", str(tmp_path / "layout.o")]
    done = subprocess.run(zig, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def layout(name: str, kind: type[ctypes.Structure]) -> dict[str, int]:
    """C's words for the size of a type and the place of each of its fields, to what Python says of it."""
    renamed = {"functions": "f"}
    said = {f"sizeof(struct {name})": ctypes.sizeof(kind)}
    for field, _ in kind._fields_:  # type: ignore[misc]
        said[f"offsetof(struct {name}, {renamed.get(field, field)})"] = getattr(kind, field).offset
    return said
