"""TypeScript in the sandbox: what it is in JavaScript, that it keeps its lines, and that it harms nobody."""

from __future__ import annotations

import asyncio
import json

import pytest

from runtime.bundle import typescript
from runtime.bundle.typescript import TypeScript
from runtime.model import Answer, Failure, Refusal
from runtime.sandbox.base import Run, SourceRejected
from runtime.sandbox.pool import WasmSandbox
from runtime.settings import LimitSettings

# Sources, called with "x", and what they answer.
SOURCES = {
    "types": "type T = { a?: string };\nmodule.exports = (a: string, cb: (e: null, v: T) => void): void => cb(null, { a });",
    "generics": "class Box<T extends string> { constructor(readonly value: T) {} map<U>(f: (value: T) => U): U { return f(this.value); } }\n"
    "module.exports = async (a: string) => ({ a: new Box<string>(a).map<string>((v) => v) });",
    "enums": "enum Key { A = 'a', B = 1 << 1, C }\nconst enum N { One = 1 }\nmodule.exports = async (x: any) => ({ [Key.A]: Key[3] === 'C' && N.One === 1 && x });",
    "assertions": "const o = { k: 'x' } as const satisfies object;\nmodule.exports = async (a?: string) => ({ a: (<any>a)!.concat('') as unknown as string === o.k ? a! : 0 });",
    "classes": "abstract class A { protected static n: number = 1; declare gone: string; private readonly #x: string; constructor(x: string, public b = 1) { this.#x = x; } abstract f(): void; get a(): string { return this.#x; } }\n"
    "class B extends A implements Iterable<string> { override f(): void {} *[Symbol.iterator]() { yield this.a; } }\nmodule.exports = async (x: string) => ({ a: [...new B(x)][0] });",
    "overloads": "function f(a: string): string;\nfunction f(a: number): number;\nfunction f(this: void, a: any): any { return a; }\nmodule.exports = async (a: string) => ({ a: f(a) });",
    "export default": "import type { Hook } from './hookd';\nexport interface Unused { a: string }\nexport default async function (a: string) { return { a }; }",
    "export default arrow": "const hook = async (a: string) => ({ a });\nexport { hook as default };",
    "export =": "export = async (a: string) => ({ a });",
    "a module of JavaScript": "const f = (...all) => all.length === 2;\nexport default (a, cb) => cb(null, { a: f(a < 1, 2 > (3)) && a });",
    "no semicolons": "const f = async (a: string) => ({ a })\ntype T = string\n(globalThis as any).kept = f\nmodule.exports = f",
    "declarations": "declare const process: unknown;\ndeclare namespace N { namespace M { const x: number } }\ndeclare global { interface G {} }\nexport default async (a: string) => ({ a });",
    "ES2022": "module.exports = async (a?: { b: string }) => ({ a: (a as any)?.length === 1 ? a ?? 'y' : 1_000 });",
}


@pytest.fixture(scope="module")
def compiler(sandbox: WasmSandbox) -> TypeScript:
    return TypeScript(sandbox)


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.asyncio(loop_scope="module")
async def test_the_language(run_source, name):
    """Whatever only needs its types removed, enums and parameter properties; modules become CommonJS."""
    assert await run_source(SOURCES[name], "x") == Answer({"a": "x"})


@pytest.mark.asyncio(loop_scope="module")
async def test_the_other_styles(run_source):
    """A webtask, an Action, and a source that waits while it loads, which is evaluated in every request."""
    webtask = (
        "export default (ctx: { secrets: object }, cb: (e: null, v: unknown) => void): void => cb(null, ctx.secrets);"
    )
    waits = (
        "let a: string | undefined;\nsetTimeout(() => { a = 'x'; }, 1);\nexport default async () => ({ a: a ?? 'x' });"
    )
    wrong = "export const onExecutePostLogin = async (event: any): Promise<void> => {};"

    assert await run_source(webtask, {"secrets": {"a": "x"}}, trigger="webtask") == Answer({"a": "x"})
    assert await run_source(waits) == Answer({"a": "x"})
    with pytest.raises(SourceRejected, match="exports onExecutePostLogin; at credentials-exchange it must export"):
        await run_source(wrong)


@pytest.mark.asyncio(loop_scope="module")
async def test_lines_and_columns_of_an_error_are_the_sources(run_source):
    """Also behind types of several lines, a literal type with a line break, an enum, and at the end."""
    source = """import type { Hook } from './hookd';
interface Long {
  a: `one
two`;
}
enum Plan { Gold,
  Silver }
type Last = Long | {
  [key: string]: Array<
    string> };
export default function (a: string, cb: (error: Error | null) => void): void {
  const refused: Error = new Error('here'); // line 12
  cb(refused as Error);
}
"""
    outcome = await run_source(source, "x")

    assert isinstance(outcome, Refusal)
    assert outcome.stack.split("\n")[1].strip() == "at <anonymous> (hook.js:12:30)"


@pytest.mark.asyncio(loop_scope="module")
async def test_what_an_error_says_of_javascript_made_of_it(run_source):
    """A throw at run time, in its line."""
    outcome = await run_source("type A = 1\n\nmodule.exports = (a: any) => {\n  a.b.c();\n};", "x")

    assert isinstance(outcome, Failure)
    assert (outcome.code, "(hook.js:4:" in outcome.stack) == ("threw", True)


@pytest.mark.asyncio(loop_scope="module")
async def test_as_large_as_a_script_may_be(compiler):
    """100 kB, well inside of its time."""
    part = "export const a%d = async <T extends { b: number[] }>(a: T, b?: string): Promise<T> => { const c: number = (a as any).b[0]!; return a; };\n"
    source = "".join(part % number for number in range(102_400 // len(part)))
    made = await compiler.javascript_of(source)

    assert len(source) > 100_000
    assert made.count("\n") == source.count("\n") + 1
    assert "Promise<T>" not in made


@pytest.mark.parametrize(
    "nested", ["f(function () { %s })", "[{ a: f(() => %s) }]", "((): any => { if (f) { %s } })()"]
)
@pytest.mark.asyncio(loop_scope="module")
async def test_sources_may_nest(run_source, nested):
    """Callbacks in callbacks, far deeper than anybody writes them."""
    body = "x as any"
    for _ in range(25):
        body = nested % body
    source = f"const f = (x: any): any => x;\nmodule.exports = async (x: string) => {{ {body}; return {{ a: x }}; }};"

    assert await run_source(source, "x") == Answer({"a": "x"})


@pytest.mark.asyncio(loop_scope="module")
async def test_the_compiler_is_made_once(sandbox, monkeypatch):
    """Of any number that ask at once; one who leaves does not take it along."""
    made = []
    make_image = sandbox.make_image

    async def noted(source, **named):
        made.append(len(source))
        return await make_image(source, **named)

    monkeypatch.setattr(sandbox, "make_image", noted)
    compiler = TypeScript(sandbox)
    first = asyncio.create_task(compiler.javascript_of("let a: 1"))
    await asyncio.sleep(0)
    first.cancel()
    second, third = await asyncio.gather(*(compiler.javascript_of(f"let a: {n}") for n in range(2)))

    assert len(made) == 1
    assert second == third


@pytest.mark.parametrize(
    ("source", "code"),
    {
        "let a: any = " + "[" * 20_000: "source_rejected",
        "let a: any = " + "(" * 20_000 + "b" + ")" * 20_000: "source_rejected",
        "let a: any = " + "b<" * 20_000: None,
        "let a: any;" + "(a: b, " * 400: None,
    }.items(),
    ids=["brackets", "parentheses", "type arguments", "arrows?"],
)
@pytest.mark.asyncio(loop_scope="module")
async def test_hostile_sources_are_refused(compiler, source, code):
    """Whatever they are made of, they take their own time at most; the next one is compiled as ever."""
    with pytest.raises(SourceRejected) as caught:
        await compiler.javascript_of(source)

    assert code in (None, caught.value.code)
    assert (await compiler.javascript_of("let a: 1")).startswith("let a   ")


@pytest.mark.asyncio(loop_scope="module")
async def test_no_token_request_waits_for_a_compiler_at_work(sandbox, monkeypatch):
    """A hook that waits is resumed while a source takes all the time it may, of which there is a bound."""
    hook = sandbox.load(await sandbox.make_image("module.exports = (cb) => setTimeout(cb, 1, null, 1);"))
    compiler = TypeScript(sandbox)
    monkeypatch.setattr(compiler, "_script", "module.exports = () => { for (;;); }")
    monkeypatch.setattr(typescript, "LIMITS", LimitSettings(cpu_ms=300).limits())
    endless = asyncio.create_task(compiler.javascript_of("let a: 1"))
    for _ in range(3):
        assert (await sandbox.run(hook, b"[]", LimitSettings().limits())).outcome == Answer(1)
    with pytest.raises(SourceRejected, match="CPU limit of 300 ms") as caught:
        await endless

    assert caught.value.code == "cpu_limit"


@pytest.mark.parametrize("said", [None, 1, [], {}, {"code": 1}, {"message": []}], ids=json.dumps)
def test_an_answer_of_another_shape_is_none(said):
    """The source may have taken the engine over."""
    with pytest.raises(SourceRejected) as caught:
        typescript._code(answered(said))

    assert caught.value.code == "sandbox_crashed"


def test_a_place_of_another_shape_is_none():
    """Likewise."""
    with pytest.raises(SourceRejected) as caught:
        typescript._code(answered({"message": "m", "line": -1, "column": "7"}))

    assert (caught.value.message, caught.value.line, caught.value.column) == ("m", 0, 0)


def answered(value: object) -> Run:
    return Run(outcome=Answer(value), console=(), cpu_ms=0.0, wall_ms=0.0, memory_bytes=0)
