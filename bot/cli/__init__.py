"""The `frontdesk` command. Owns how errors reach the shell; the commands are split by subject.

Exit codes: 0 done, 1 done and the answer is no, 2 could not. Errors go to stderr, one a line.
"""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from typing import Any

import typer

from bot.cli import (
    configuration,
    evaluation,
    learning,
    service,
    testing,
    training,
    understanding,
)
from bot.errors import BotError, ConfigError
from crm_store.errors import StoreError
from nlp.errors import BadExamples, NlpError

app = typer.Typer(
    name="frontdesk",
    help="Customer support that chats, in Chinese and English.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
configuration.register(app)
learning.register(app)
service.register(app)
testing.register(app)
training.register(app)
evaluation.register(app)
understanding.register(app)

# Typer carries a copy of click of its own since 0.20-odd and exports few of its errors; the base
# classes of one that it does export are the same in every version.
_USAGE_ERROR: type[Any]
_CLICK_ERROR: type[Any]
_USAGE_ERROR, _CLICK_ERROR = typer.BadParameter.__mro__[1:3]

COULD_NOT = 2
INTERRUPTED = 130
"""What shells report for Ctrl-C: 128 + SIGINT."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line, and exit with its code."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: list[str]) -> int:
    """Run a command; return its exit code. Errors become lines on stderr."""
    try:
        code = app(arguments or ["--help"], prog_name="frontdesk", standalone_mode=False)
    except (ConfigError, BadExamples) as error:
        return _complain(*map(str, error.faults))
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except (BotError, NlpError, StoreError) as error:
        return _complain(f"frontdesk: {error}")
    except _CLICK_ERROR as error:
        return _complain(_usage(error))
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        return _complain(f"frontdesk: {error.strerror or error}{where}")
    except Exception as error:  # noqa: BLE001 - the last edge: nobody is shown a traceback
        frame = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(frame.filename).name}:{frame.lineno}"
        return _complain(f"frontdesk: internal error, {type(error).__name__} at {where}")
    return int(code or 0)


def _usage(error: Any) -> str:  # noqa: ANN401 - see _CLICK_ERROR
    """Return a usage error in one line, with the way to help."""
    message = " ".join(error.format_message().split())
    if isinstance(error, _USAGE_ERROR) and error.ctx is not None:
        return f"frontdesk: {message} (see {error.ctx.command_path} --help)"
    return f"frontdesk: {message}"


def _complain(*lines: str) -> int:
    for line in lines:
        typer.echo(line, err=True)
    return COULD_NOT
