"""What a guest's reply, or the way in which it was stopped, means to the developer: outcomes with a message. Pure."""

from __future__ import annotations

import re
from dataclasses import replace

from runtime.model import Answer, ConsoleLine, Failure, Limits, Outcome, Refusal
from runtime.places import Places
from runtime.sandbox import abi
from runtime.sandbox.base import Run, SourceRejected
from runtime.sandbox.wrapping import NO_SUCH_EXPORT

_OURS = re.compile(
    r"^(?: +at apply \(native\)\n)? +at [^\n]{0,200}:0:\d+\)?\n?"
    r"|^ +at (?:ExtensibilityUserError|InvalidRequestError|InvalidScopeError|ServerError) \(node:internal\)\n?",
    re.MULTILINE,
)
# The first frame of a module's. Not to be looked for within lines: their blanks may be many.
_MODULE = re.compile(r"^ +at [^\n]{0,200}?\(?(node_modules/[^\n():]{1,300}:\d{1,9})\)?$", re.MULTILINE)
_MESSAGES = {
    "cpu_limit": "The hook ran longer than its CPU limit of {cpu_ms} ms.",
    "wall_limit": "The hook was not done after its time limit of {wall_ms} ms.",
    "memory_limit": "The hook needs more than its memory limit of {memory_bytes} bytes.",
    "operation_limit": "The hook started more than its limit of {operations} operations.",
    "stack_limit": "The hook's calls were nested too deeply.",
    "output_limit": "The hook's answer is larger than its limit of {output_bytes} bytes.",
    "sandbox_crashed": "The sandbox stopped: {detail}.",
}


def failure(code: str, detail: str = "", *, before: abi.Reply | None = None, memory_bytes: int = 0) -> abi.Reply:
    """A failure that the host found, not the guest. What the console had until then is kept."""
    return abi.Reply(
        "failure",
        console=before.console if before else (),
        console_dropped=before.console_dropped if before else 0,
        memory_bytes=memory_bytes or (before.memory_bytes if before else 0),
        code=code,
        message=detail,
    )


def outcome(reply: abi.Reply, limits: Limits) -> Outcome:
    """The outcome of a reply that is not pending."""
    if reply.kind == "answer":
        return Answer(reply.value, reply.undefined)
    if reply.kind == "refusal":
        properties = abi.properties_of(reply.properties)
        return Refusal(name=reply.name, message=reply.message, stack=users(reply.stack), properties=properties)
    text = _MESSAGES.get(reply.code)
    message = text.format_map({**_named(limits), "detail": reply.message}) if text else reply.message
    stack = users(reply.stack)
    return Failure(code=reply.code, name=reply.name, message=message, stack=stack, refused=reply.refused)


def users(stack: str) -> str:
    """The stack without frames of line 0: they are of what stands around the user's source, or of the prelude."""
    return _OURS.sub("", stack) if ":0:" in stack or "Error (node:internal)" in stack else stack


def console(reply: abi.Reply) -> tuple[ConsoleLine, ...]:
    """The console's lines, and one more that says how many are missing."""
    if not reply.console_dropped:
        return reply.console
    text = f"console_limit: {reply.console_dropped} more lines were not kept."
    return (*reply.console, ConsoleLine(level="warn", text=text))


def _named(limits: Limits) -> dict[str, int]:
    return {name: getattr(limits, name) for name in Limits.__slots__}


def rejection(reply: abi.Reply, *, lines: int) -> SourceRejected:
    """Why a source of so many lines does not load, and where."""
    stack = users(reply.stack)
    line, column = _place(stack)
    if reply.code == "syntax_error" and line > lines:
        return _unended(f"SyntaxError: {reply.message}", lines)
    if reply.name == NO_SUCH_EXPORT:
        return SourceRejected("not_a_function", f"Error: {reply.message}")
    return SourceRejected(reply.code, f"{reply.name}: {reply.message}", line=line, column=column, stack=stack)


def _unended(message: str, lines: int) -> SourceRejected:
    """The parser has gone on into what stands behind the source: it ends too early, or too late."""
    if message == "SyntaxError: Unexpected token '}'":
        # The wrapper's own: one of the source's, who knows which, is too many.
        return SourceRejected("syntax_error", message)
    return SourceRejected("syntax_error", "SyntaxError: Unexpected end of input", line=lines)


def within(error: SourceRejected, places: Places, *, lines: int) -> SourceRejected:
    """A rejection of a source with modules, which has so many lines: where in it, and which of them it came from."""
    stack = places.named(error.stack)
    line, column = _place(stack)
    if error.code == "syntax_error":
        if error.line > lines:
            return _unended(error.message, lines)
        line, column = error.line, error.column
    thrown = _MODULE.search(stack.partition("hook.js:")[0])
    message = f"{error.message.removesuffix('.')} (in {thrown[1]})" if thrown else error.message
    return SourceRejected(error.code, message, line=line, column=column, stack=stack)


def placed(run: Run, places: Places) -> Run:
    """A run of a hook with modules, with their files and lines in its stacks."""
    said = run.outcome
    if not isinstance(said, Answer):
        said = replace(said, stack=places.named(said.stack))
    lines = tuple(ConsoleLine(level=line.level, text=places.named(line.text)) for line in run.console)
    return replace(run, outcome=said, console=lines)


def _place(stack: str) -> tuple[int, int]:
    """Line and column of the first frame that lies in the user's source."""
    _, found, rest = stack.partition("hook.js:")
    numbers = rest.split(")")[0].split("\n")[0].split(":") if found else []
    # The stack is the hook's own text: it may say anything.
    if len(numbers) == 2 and all(text.isdecimal() and len(text) < 8 for text in numbers):
        return int(numbers[0]), int(numbers[1])
    return 0, 0
