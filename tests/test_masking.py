"""A hook's secrets, in whatever form it shows them, are not in what is kept of its run."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import astuple, replace
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from runtime.masking import CUT, MASK, MOST_NAMES, MOST_TRIED, SHORTEST, SHORTEST_LINE, Mask
from runtime.model import Answer, ConsoleLine, DroppedClaim, Failure, Outcome, Refusal
from runtime.sandbox.pool import open_sandbox
from runtime.settings import LimitSettings, SandboxSettings

CALM = settings(deadline=None)  # other work may share the machine
KEY = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq/hkiG9w0BAQEFAASCBKcwgg\nSjAgEAA+\nx==\n-----END PRIVATE KEY-----\n"
# Neither the mask's letters nor its brackets: what it makes together with its neighbours is no secret.
UNICODE = st.characters(exclude_categories=["Cs"], exclude_characters=MASK)
NEAR = st.sampled_from("abAB\\'\"\n\t\x1b \u00e9\U0001f511/+!(*?.^$|")
VALUES = st.text(NEAR, max_size=12) | st.text(UNICODE, max_size=12)


def mask(*values: str) -> Mask:
    return Mask({f"S{index}": value for index, value in enumerate(values)})


def shown(value: str, quote: str = "'") -> str:
    """A string as Node's inspect writes it, between these quotes."""
    pairs = {"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\x1b": "\\x1B", quote: f"\\{quote}"}
    return "".join(pairs.get(letter, letter) for letter in value)


ODD = 'p@ss "word"\\it\'s\t\x1b\n(1)*'


@pytest.mark.parametrize(
    "form",
    [
        ODD,
        json.dumps(ODD)[1:-1],
        json.dumps({"nested": [ODD]}),
        shown(ODD),
        shown(ODD, "`"),
        quote(ODD, safe=""),
        quote(ODD, safe="!'()*"),
        quote(ODD, safe="!'()*;,/?:@&=+$#"),
        b64encode(ODD.encode()).decode(),
        urlsafe_b64encode(ODD.encode()).decode(),
        quote_plus(ODD, safe="*"),
        ODD.encode().hex(),
        ODD.encode().hex().upper(),
        f"<Buffer {ODD.encode().hex(' ')}>",
    ],
)
def test_every_likely_form_is_masked(form: str):
    """Raw, in JSON, as the console escapes it, as in URLs and forms, in base64, as its bytes: nothing of it is left."""
    masked = mask(ODD).text(f"before {form} after")

    assert masked.startswith("before ")
    assert masked.endswith(" after")
    assert MASK in masked
    assert "ss" not in masked
    assert len(masked) < len(f"before {MASK} after") + 17, "JSON's braces, at most"


@pytest.mark.parametrize(
    "secret", ["k3y!", "correct horse battery", "\u00fc\u00f1\u00ef\u00e7\u00f6d\u00e9 \U0001f511"]
)
@pytest.mark.parametrize("name", ["", "i", "id", "abc", "client-17"])
def test_what_is_masked_within_base64(name: str, secret: str):
    """A Basic header has `id:secret`: the secret's own digits are masked, wherever they begin."""
    header = b64encode(f"{name}:{secret}".encode()).decode()
    masked = mask(secret).text(f"Basic {header}")

    assert MASK in masked
    kept = masked.removeprefix("Basic ").replace(MASK, "")
    assert len(kept) <= len(b64encode(f"{name}:".encode())) + 4, "what has other bytes in it too, and padding"


async def test_what_the_guests_console_shows_is_masked(engine_cache: Path):
    """The real console: nested in objects, with each kind of quotes, of several lines, in groups, by %j and templates."""
    secrets = {
        "KEY": KEY,
        "ODD": ODD,
        "A": 'it\'s "so"',
        "B": "it's so",
        "C": '`it\'s` "so"',
        "D": "a\x1b\x85\x7f\x00\\b",
    }
    source = """
    module.exports = function (s, cb) {
      console.log(s); console.log('%s %j %o', s.KEY, s, s); console.log({ deep: [new Map([[s.ODD, s.KEY]])] });
      console.group(); console.group(); console.log(s.KEY); console.log({ s }); console.error(new Error(s.KEY));
      for (const name in s) console.log(s[name], [s[name]], `${s[name]}`, encodeURIComponent(s[name]), btoa('id:' + encodeURIComponent(s[name])));
      cb(s);
    };"""  # fmt: skip
    sandbox = await open_sandbox(SandboxSettings(cache_directory=str(engine_cache), threads=1))
    try:
        program = sandbox.load(await sandbox.make_image(source))
        run = await sandbox.run(program, json.dumps([secrets]).encode(), LimitSettings().limits())
    finally:
        await sandbox.close()
    masked = Mask(secrets)
    seen = "\n".join(line.text for line in masked.console(run.console)) + str(astuple(masked.outcome(run.outcome)))

    assert len(run.console) == 6 + len(secrets)
    assert [part for part in ("MIIE", "hkiG", "SjAg", "PRIVATE", "ss", "it", "so", "x1B") if part in seen] == []


def test_a_host_is_in_small_letters():
    """A secret that was made a host's name, by mistake; a word in capitals is none."""
    assert mask("Open-Sesame_7").text("ENOTFOUND open-sesame_7.example") == f"ENOTFOUND {MASK}.example"
    assert mask("True").text("true") == "true"


def test_the_first_bytes_of_a_long_one():
    """The console shows fifty of a Buffer."""
    shown = f"<Buffer {KEY.encode()[:50].hex(' ')} ... 50 more bytes>"
    assert mask(KEY).text(shown) == f"<Buffer {MASK} ... 50 more bytes>"


def test_regular_expressions_mean_nothing():
    """A secret is text."""
    assert mask("a.c*[x]|(y").text("abcd a.c*[x]|(y ac") == f"abcd {MASK} ac"
    assert mask("\\d+$^").text("1234 \\d+$^") == f"1234 {MASK}"


@pytest.mark.parametrize(
    "secrets, text, expected",
    [
        (["password", "password123"], "is password123.", f"is {MASK}."),
        (["abcdef", "defghi"], "abcdefghi", MASK),
        (["defghi", "abcdef", "cdef"], "abcdefghi", MASK),
        (["abcd"], "abcdabcd", MASK * 2),
        (["aaaa"], "aaaaa", f"{MASK}a"),
        (["abcd", "efgh"], "abcdefgh", MASK * 2),
        (["abcd"], "abc", "abc"),
        (["abcd"], "", ""),
        ([], "abcd", "abcd"),
    ],
)
def test_secrets_that_overlap(secrets: list[str], text: str, expected: str):
    """The longest wins, and what overlaps is masked as one: no end of a secret is left."""
    assert mask(*secrets).text(text) == expected


def test_short_values_are_not_masked():
    """`on` is no secret, and would be everywhere."""
    assert mask("abc", "", "1").text("abc 1 abcd") == "abc 1 abcd"
    assert mask("a" * SHORTEST).text("aaaa") == MASK


def test_short_lines_of_a_long_value_are_not_masked():
    """A secret that is formatted JSON has lines with a brace only."""
    value = '{\n  "type": "service_account",\n  "id": 12\n}'
    masked = mask(value).text('{ "type": "service_account", "id": 12 }')

    assert masked == f"{{ {MASK} {MASK} }}"
    assert mask("ab\n" + "x" * (SHORTEST_LINE - 1)).text("xxxxxxx") == "xxxxxxx"


SECRET = "correct-horse-battery"


@pytest.mark.parametrize("size", range(SHORTEST, len(SECRET)))
def test_the_beginning_of_a_secret_at_a_cut_end_is_masked(size: int):
    """A message that the guest cut at its 4,096 bytes may end within a secret."""
    text = "x" * (4096 - size) + SECRET[:size]

    assert mask(SECRET, "other").text(text) == "x" * (4096 - size) + MASK


@pytest.mark.parametrize(
    "text",
    ["x" * 4000 + SECRET[: SHORTEST - 1], SECRET[:-1], "x" * (CUT - 30) + SECRET[:12], "x" * 4000 + SECRET[:12] + "."],
    ids=["too short", "short text", "just not cut", "goes on"],
)
def test_what_is_no_stump_stays(text: str):
    """Words that begin as a secret does are ordinary words where nothing was cut."""
    assert text == mask(SECRET).text(text)


def test_stumps_of_other_forms_and_beside_other_secrets():
    """The cut may fall into an escaped form; what another secret masks already is no stump's end."""
    odd = 'a"b"c"d"e'
    assert mask(odd).text("x" * 2000 + json.dumps(odd)[1:8]) == "x" * 2000 + MASK
    assert mask("abcdefgh", "abcdefghijklmnop").text("x" * 2000 + "abcdefghijkl") == "x" * 2000 + MASK
    assert mask("aaaaaaaab").text("x" * 2000 + "aaaaaa") == "x" * 2000 + MASK


def test_what_is_made_so_that_looking_takes_long():
    """Then all of a text is masked, line by line, or of its end what may be a stump."""
    many = mask(*("a" * (SHORTEST + number) for number in range(20)))
    lines = tuple(ConsoleLine(level="info", text=text) for text in ("a" * 30_000, "", "b"))
    nearly = mask("a" * 2000 + "b" + "a" * 2000)
    text = "." * 50 + "a" * 4000 + "c"

    assert many.text("a" * 30_000) == MASK
    assert [line.text for line in many.console(lines)] == [MASK, "", MASK]
    assert nearly.text(text).removesuffix(MASK) == "." * 50 + "a" * (MOST_TRIED + 1)


def test_names_of_dropped_claims_are_masked():
    """Each by itself, and the end of one that was cut; more of them than anybody reads are not looked at, and not shown."""
    hidden = mask("hunter2")
    names = ["https://hunter2/", "", "plain", "x" * (CUT - 4) + "hunt"]
    claims = tuple(DroppedClaim(name=name, token="access_token", reason="not_namespaced") for name in names)
    many = claims[2:3] * (MOST_NAMES // len(hidden._forms) // len("plain") + 2)

    assert [claim.name for claim in hidden.dropped(claims)] == [
        f"https://{MASK}/",
        "",
        "plain",
        "x" * (CUT - 4) + MASK,
    ]
    assert [claim.name for claim in hidden.dropped(many)][-3:] == ["plain", MASK, MASK]
    assert mask().dropped(claims) is claims


def test_console_lines_are_masked():
    """Each by itself; levels, order and number stay."""
    lines = tuple(
        ConsoleLine(level=level, text=text)
        for level, text in [("info", "a hunter2"), ("warn", ""), ("error", "hun"), ("debug", "ter2 hunter2hunter2")]
    )
    expected = [("info", f"a {MASK}"), ("warn", ""), ("error", "hun"), ("debug", f"ter2 {MASK}{MASK}")]

    assert [(line.level, line.text) for line in mask("hunter2").console(lines)] == expected
    assert mask("other").console(lines) is lines
    assert mask().console(lines) is lines
    assert mask("hunter2").console(()) == ()


@pytest.mark.parametrize(
    "outcome, expected",
    [
        (
            Refusal(name="hunter2", message="no hunter2", stack="Error: no hunter2\n at x"),
            Refusal(name=MASK, message=f"no {MASK}", stack=f"Error: no {MASK}\n at x"),
        ),
        (
            Failure(code="threw", name="E", message="hunter2", stack=""),
            Failure(code="threw", name="E", message=MASK, stack=""),
        ),
        (
            Refusal(name="E", message="m", properties={"hunter2": [{"a hunter2": "b hunter2"}, 1, True, None]}),
            Refusal(name="E", message="m", properties={MASK: [{f"a {MASK}": f"b {MASK}"}, 1, True, None]}),
        ),
        (Answer({"https://x/hunter2": ["hunter2"]}), Answer({"https://x/hunter2": ["hunter2"]})),
    ],
)
def test_outcomes_are_masked_and_answers_are_not(outcome: Outcome, expected: Outcome):
    """Name, message and stack. What a hook answers is its own affair."""
    assert mask("hunter2").outcome(outcome) == expected


def test_a_number_with_a_secret_in_its_digits_is_masked():
    """A PIN that a hook made a number of; what is `true` is no word of a secret's."""
    outcome = Refusal(name="E", message="m", properties={"pin": 123456, "more": [71234560, 1.5, False]})
    masked = mask("123456").outcome(outcome)

    assert isinstance(masked, Refusal)
    assert masked.properties == {"pin": MASK, "more": [MASK, 1.5, False]}
    assert mask("123456").work(outcome, ()) > mask("123456").work(replace(outcome, properties={}), ())


def test_without_secrets_an_outcome_is_the_same():
    """Nothing is copied where there is nothing to hide."""
    outcome = Refusal(name="E", message="m")

    assert mask().outcome(outcome) is outcome


def test_size_grows_with_the_secrets():
    """What a mask keeps in memory is counted: a long secret has long forms."""
    assert mask().size == 0
    assert mask("x" * 4000).size > 4 * 4000


@CALM
@given(values=st.lists(VALUES, max_size=4), pieces=st.lists(st.integers(0, 3) | VALUES, max_size=8))
@example(values=["aaaa", "aaab"], pieces=["a", 0, 1, "a"])
@example(values=["a\nbbbbbbbbb\n", "bb\n\n"], pieces=[0, 1, 0])
def test_no_secret_is_left(values: list[str], pieces: list[int | str]):
    """Whatever surrounds it, in whatever form: between the masks no secret is found any more."""
    writers: list[Callable[[str], str]] = [
        str,
        lambda text: json.dumps(text, ensure_ascii=False),
        shown,
        lambda text: quote(text, safe="!'()*"),
    ]
    text = "".join(
        piece if isinstance(piece, str) else writers[piece](values[piece % len(values)] if values else "")
        for piece in pieces
    )
    masked = mask(*values)
    result = masked.text(text)
    (line,) = masked.console((ConsoleLine(level="info", text=text),))
    secrets = [value for value in values if len(value) >= SHORTEST]

    assert [(part, value) for part in result.split(MASK) for value in secrets if value in part] == []
    assert result == line.text
    assert secrets or result == text


@CALM
@given(value=st.text(UNICODE, min_size=SHORTEST, max_size=40), cut=st.integers(SHORTEST, 39), before=VALUES)
def test_no_stump_is_left(value: str, cut: int, before: str):
    """However much of a secret a cut text ends with, nothing of it is left that would be recognised."""
    stump = value[:cut]
    masked = mask(value).text("." * CUT + before + stump)

    assert masked.endswith(MASK)
