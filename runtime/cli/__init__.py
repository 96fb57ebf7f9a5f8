"""The command line. Rule: a command imports what it needs when it runs, so `hookd token` never loads an engine."""


def main() -> None:
    """The command `hookd`."""
    from runtime.cli.commands import run

    run()
