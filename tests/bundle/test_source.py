"""What a version's image is made of, and which error its author reads when there can be none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runtime.bundle.source import SourceImages
from runtime.manifest import make_version
from runtime.model import Answer
from runtime.sandbox.base import SourceRejected
from tests.bundle.conftest import version

# What is wrong with it, as its author sees it: message, line and column.
REJECTED = {
    # JavaScript: the engine's own words
    "let x = ;": ("SyntaxError: unexpected token in expression: ';'", 1, 9),
    "\nconst a = 1; const a = 2;": ("SyntaxError: invalid redefinition of lexical identifier", 2, 22),
    "module.exports = (client, cb) => {\n  cb(null, { scope: [] );\n};": ("SyntaxError: Unexpected token ')'", 2, 24),
    "module.exports = function (client, cb) {": ("SyntaxError: Unexpected end of input", 1, 0),
    "\nhello world": ("SyntaxError: expecting ';'", 2, 7),
    "let a = '": ("SyntaxError: unexpected end of string", 1, 9),
    # TypeScript: the place in the source with its types
    "let x: number = ;": ("SyntaxError: Unexpected token ';'", 1, 17),
    "interface A { a: string }\nmodule.exports = (a: A => {};": ('SyntaxError: Unexpected token, expected ","', 2, 24),
    "module.exports = function (client: any) {": ("SyntaxError: Unexpected end of input", 1, 42),
    "module.exports = function (client: any) {}}": ("SyntaxError: Unexpected token '}'", 1, 43),
    "let x: number = 1;\nlet x = 2;": ("SyntaxError: invalid redefinition of lexical identifier", 2, 7),
    "module.exports = (a: number) => {\n  await a;\n};": ("SyntaxError: expecting ';'", 2, 9),
    # TypeScript that is not only JavaScript with types
    "\nnamespace A { export const x = 1; }": (
        "Namespaces are not supported (but 'declare namespace' is)",
        2,
        1,
    ),
    "namespace A { class B { f(): void { this.x = 1; } } }": (
        "Namespaces are not supported (but 'declare namespace' is)",
        1,
        1,
    ),
    "class A {\n  @logged run() {}\n}": ("Decorators are not supported", 2, 3),
    "import type A = require('a');": (
        "'import type ... = require()' is not supported (but 'import type ... from' is)",
        1,
        1,
    ),
    # What loads, and then does not
    "const a: number = 1;\nthrow new TypeError('no ' + a);": ("TypeError: no 1", 2, 29),
    "\nimport { get } from 'lodash';\nexport default () => get({}, 'a');": (
        "Error: Cannot find module 'lodash'. npm modules have to be in the hook's dependencies.",
        2,
        34,
    ),
    "export const a: number = 1;": ("Error: module.exports is not a function.", 0, 0),
}


@pytest.mark.asyncio(loop_scope="module")
async def test_javascript_is_never_changed(run_source):
    """What the engine can parse is loaded as it is, also where TypeScript would read it otherwise."""
    source = "const f = 1, a = 2, b = 3; module.exports = (cb) => cb(null, f<a>(b)); // two comparisons"

    assert await run_source(source) == Answer(False)


def test_the_build_is_the_engines_and_the_compilers(images, sandbox):
    """An image is made anew when either of them is another."""
    assert len(bytes.fromhex(images.build_id)) == 32
    assert images.build_id != sandbox.build_id


@pytest.mark.parametrize("source", REJECTED)
@pytest.mark.asyncio(loop_scope="module")
async def test_the_error_is_the_one_that_fits(images, source):
    """Of the two parsers, that one is right which got further."""
    with pytest.raises(SourceRejected) as caught:
        await images.image_of(version(source))

    assert REJECTED[source] == (caught.value.message, caught.value.line, caught.value.column)


@pytest.mark.asyncio(loop_scope="module")
async def test_an_error_at_load_is_not_taken_for_a_wrong_syntax(images, sandbox, monkeypatch):
    """A script that throws while it loads is not tried again as TypeScript."""
    made = []
    make_image = sandbox.make_image

    async def noted(source, **named):
        made.append(source)
        return await make_image(source, **named)

    monkeypatch.setattr(sandbox, "make_image", noted)
    with pytest.raises(SourceRejected, match="own"):
        await images.image_of(version("throw new SyntaxError('own')"))

    assert made == ["throw new SyntaxError('own')"]


@pytest.mark.asyncio(loop_scope="module")
async def test_what_a_disk_has_changed_is_not_evaluated(sandbox, caplog):
    """Neither another script under the version's id nor other modules under theirs."""

    async def stored(_: str) -> bytes:
        return b"damaged"

    images = SourceImages(sandbox, bundles=stored)
    changed = replace(version("module.exports = (cb) => cb(null, 1)"), script="module.exports = (cb) => cb(null, 2)")
    with pytest.raises(SourceRejected, match="Its script is not what was deployed: deploy it again"):
        await images.image_of(changed)
    with pytest.raises(SourceRejected, match="Its modules are no longer there: deploy it again"):
        await images.image_of(make_version("credentials-exchange", "require('a')", {}, "0" * 64))
    assert caplog.messages == ["the modules 000000000000 are damaged: not a bundle"]
