"""How a command fails: a message that says what to do next, and the exit code that scripts go by."""

from __future__ import annotations

EXIT_BROKEN, EXIT_USAGE, EXIT_ADDRESS, EXIT_SERVER, EXIT_NOT_THERE, EXIT_TESTS = 1, 2, 3, 4, 5, 6
EXIT_INTERRUPTED = 130


class CommandFailed(Exception):
    """Ends the command. The message is one or two sentences: what is wrong, and what to do."""

    code = EXIT_BROKEN

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class WrongUsage(CommandFailed):
    """The command line, a file that it names, or the profile is wrong."""

    code = EXIT_USAGE


class ServerRefused(CommandFailed):
    """The server refused, failed, or is not there."""

    code = EXIT_SERVER


class ServerAway(ServerRefused):
    """There was no answer, or the server says that it can not answer now: it may later."""


class Kept(ServerRefused):
    """What somebody wrote is not deployed, and is in a file that the message names."""


class NotThere(CommandFailed):
    """The hook, the version or the secret does not exist."""

    code = EXIT_NOT_THERE


class TestsFailed(CommandFailed):
    """A hook answered otherwise than its cases say."""

    code = EXIT_TESTS
    __test__ = False
