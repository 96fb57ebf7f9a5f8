"""When a hook that breaks again and again is left alone for a while: a circuit breaker, one for each hook.

Only failures count that take time and memory from everybody. Any other end closes it: a hook that can not bear some requests
goes on answering others. Who passes in the moment, is the clock.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final

from runtime.model import Failure, Outcome

COSTLY: Final = frozenset({"cpu_limit", "wall_limit", "memory_limit", "sandbox_crashed"})
"""Failures that count: codes of `model.FAILURES`."""

OPEN: Final = "circuit_open"
"""The failure of a run that was not made."""

MOST_CIRCUITS: Final = 10_000


@dataclass(slots=True)
class Circuit:
    """One hook's. `failures` in a row, and until when it is left alone, in seconds of the caller's clock."""

    failures: int = 0
    until: float = 0.0
    last: str = ""


class Circuits:
    """Each hook's, as long as the hook stays what it is, however often it is made ready anew; those that were asked for last."""

    def __init__(self) -> None:
        self._circuits: OrderedDict[Hashable, tuple[Hashable, Circuit]] = OrderedDict()

    def of(self, hook: Hashable, state: Hashable) -> Circuit:
        """The hook's; a closed one where its state is not the one that it was asked for with before."""
        before, circuit = self._circuits.pop(hook, (state, None))
        if circuit is None or before != state:
            circuit = Circuit()
        self._circuits[hook] = state, circuit
        if len(self._circuits) > MOST_CIRCUITS:
            self._circuits.popitem(last=False)
        return circuit


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """The rule: after `failures` in a row one request tries again every `seconds`. 0 failures: no rule."""

    failures: int
    seconds: float

    def refusal(self, circuit: Circuit, now: float) -> Failure | None:
        """Why a run is not made at this moment, None where it is. Who is let try is the only one for `seconds`."""
        if not self.failures or circuit.failures < self.failures:
            return None
        if circuit.until <= now:
            circuit.until = now + self.seconds
            return None
        return Failure(
            code=OPEN,
            message=f"The hook failed {circuit.failures} times in a row, last with {circuit.last}. It is tried again in "
            f"{circuit.until - now:.1f} s, or when it is changed.",
        )

    def note(self, circuit: Circuit, outcome: Outcome, now: float) -> bool:
        """What came of a run, or of one that was refused. Whether it opened the circuit."""
        if isinstance(outcome, Failure) and outcome.code == OPEN:
            return False
        if not isinstance(outcome, Failure) or outcome.code not in COSTLY:
            circuit.failures = 0
            return False
        circuit.failures += 1
        circuit.last = outcome.code
        circuit.until = now + self.seconds
        return circuit.failures == self.failures
