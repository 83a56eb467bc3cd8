"""The frame of a command line: whatever is wrong is one line for a person."""

import sys
from typing import Annotated, NoReturn

import typer

from alarm_protocol.runtime.version import installed_version

EXIT_USAGE = 2
_EXIT_ABORTED = 1


def run_app(app: typer.Typer, name: str, *faults: type[Exception]) -> NoReturn:
    """Run a program and end the process with its exit code.

    A wrong command, option or value ends with exit code 2, and so does each of the faults;
    both with one line on standard error that begins with the program's name.

    Args:
        app: The program.
        name: What it is called, whichever way it was started.
        faults: Exceptions whose text is a line for a person.
    """
    try:
        # Commands return nothing; what comes back is the code of `typer.Exit`.
        code = app(prog_name=name, standalone_mode=False)
    except typer.Abort:
        sys.exit(_EXIT_ABORTED)
    except typer.TyperException as error:
        said = _usage(error, name)
        if said:  # without any word the help was shown, and is enough
            sys.stderr.write(f"{name}: {said}\n")
        sys.exit(EXIT_USAGE)
    except faults as error:
        sys.stderr.write(f"{name}: {error}\n")
        sys.exit(EXIT_USAGE)
    sys.exit(code or 0)


def offer_version(app: typer.Typer, name: str) -> None:
    """Give a program the option `--version`, which prints its name and version, and ends it."""

    def show(asked: bool) -> None:
        if asked:
            typer.echo(f"{name} {installed_version()}")
            raise typer.Exit

    @app.callback()
    def _before_any_command(
        *,
        version: Annotated[
            bool,
            typer.Option("--version", callback=show, is_eager=True, help="Print the version."),
        ] = False,
    ) -> None:
        pass


def _usage(error: typer.TyperException, name: str) -> str:
    """Say what is wrong with the command line, in one line, and where to read more."""
    said = " ".join(error.format_message().split()).replace(": Value error, ", ": ")
    if not said:
        return ""
    context = getattr(error, "ctx", None)
    command = name if context is None else context.command_path
    return f"{said[0].lower()}{said[1:].rstrip('.')}; see {command} --help"
