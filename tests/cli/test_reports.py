from __future__ import annotations

from runtime.cli.output import Output
from runtime.cli.reports import kilobytes, modules_line, remark, seconds, written_body
from runtime.cli.server import RemoteHook, Written

HOOK = RemoteHook({"id": "1", "name": "a", "script": "long", "enabled": True})
MODULES = (
    {"name": "lodash", "version": "4.17.21", "bytes": 143_391},
    {"name": "ms", "version": "2.1.3", "bytes": 1_632},
)


def test_what_a_write_brought_about_is_said(capsys):
    """Beside the answer; nothing of it for the quiet but the warning."""
    written = Written(hook=HOOK, disabled="b", warning="Look.", modules=MODULES, ms=812.3)
    remark(Output(), written)
    remark(Output(quiet=True), written)

    assert capsys.readouterr() == (
        "",
        (
            "Modules: lodash 4.17.21 (143 kB), ms 2.1.3 (1.6 kB), found in 0.81 s\n"
            "Disabled b, which was enabled before.\nWarning: Look.\nWarning: Look.\n"
        ),
    )


def test_a_program_is_told_all_but_the_script():
    """It has sent it."""
    assert written_body(Written(hook=HOOK), version=3) == {
        "hook": {"id": "1", "name": "a", "enabled": True},
        "version": 3,
        "disabled": None,
        "warning": None,
        "modules": [],
    }


def test_numbers_are_short():
    """Three figures are enough."""
    assert (kilobytes(400), kilobytes(12_345), seconds(0.051), seconds(12.34)) == (
        "0.4 kB",
        "12 kB",
        "0.05 s",
        "12.3 s",
    )
    assert modules_line(()) == ""
