# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""The command line on a terminal: colours, and how far it is."""

import os
import pty
import subprocess

import pytest

ENCODE = ["encode", "-", "--model=minilm", "--pooling=mean", "--format=jsonl"]
BOLD, RED, GREEN = b"\x1b[1m", b"\x1b[31m", b"\x1b[32m"
# To the line's begin, and what follows is blank.
BLANK = b"\r\x1b[K"


class Terminal:
    """A pseudo-terminal: `inner` is for a process, the rest for its user."""

    def __init__(self):
        self._outer, self.inner = pty.openpty()
        self._seen = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.hang_up()
        os.close(self._outer)

    def hang_up(self):
        """Closes the process's side, as far as the tests have it."""
        if self.inner is not None:
            os.close(self.inner)
            self.inner = None

    def read(self, until=None) -> bytes:
        """All that has been shown, up to `until` or the end."""
        while until is None or until not in self._seen:
            try:
                part = os.read(self._outer, 4096)
            except OSError:  # Nobody holds the other side any more.
                part = b""
            if not part:
                break
            self._seen += part
        return self._seen


@pytest.fixture
def terminal():
    with Terminal() as opened:
        yield opened


def environment(server, **changes) -> dict[str, str]:
    plain = {k: v for k, v in os.environ.items() if k != "NO_COLOR"}
    return plain | {"STRATA_SERVER": server.address, "TERM": "xterm"} | changes


@pytest.fixture
def shown(bin_dir, server, terminal):
    """shown(*arguments, **environment): what a terminal shows of it."""

    def call(*arguments, code=0, **changes):
        process = subprocess.Popen(
            [bin_dir / "strata", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=terminal.inner,
            stderr=terminal.inner,
            env=environment(server, **changes),
        )
        terminal.hang_up()
        text = terminal.read()
        assert process.wait(timeout=120) == code, text
        return text

    return call


def test_a_terminal_has_colours(shown):
    text = shown("models")
    assert BOLD + b"model" in text and GREEN + b"READY" in text


def test_health_is_green(shown):
    assert shown("health") == GREEN + b"SERVING\x1b[0m\r\n"


def test_errors_are_red(shown):
    assert shown("health", "nope", code=1).startswith(RED + b"strata:")


def test_what_failed_is_red(shown):
    text = shown(
        "encode", "--model=minilm", "--keep-going", "a", "b " * 600, code=4
    )
    assert RED + b"failed" in text and BOLD + b"text" in text


@pytest.mark.parametrize(
    "off", [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {"option": "never"}]
)
def test_unless_they_are_not_wanted(shown, off):
    off = dict(off)
    option = off.pop("option", "auto")
    assert b"\x1b" not in shown("models", f"--color={option}", **off)


def test_the_option_wins(shown):
    assert GREEN in shown("models", "--color=always", NO_COLOR="1")


@pytest.mark.parametrize(("option", "colours"), [("auto", 0), ("always", 1)])
def test_a_pipe_has_none_unless_told_to(bin_dir, server, option, colours):
    text = subprocess.run(
        [bin_dir / "strata", "models", f"--color={option}"],
        env=environment(server),
        capture_output=True,
        check=True,
        timeout=120,
    ).stdout
    assert (b"\x1b" in text) == bool(colours)


def start(bin_dir, server, terminal, *arguments, **changes):
    """`encode` with its errors on the terminal, and pipes otherwise."""
    process = subprocess.Popen(
        [bin_dir / "strata", *ENCODE, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=terminal.inner,
        env=environment(server, **changes),
    )
    terminal.hang_up()
    process.stdin.write(b"One line.\n")
    process.stdin.flush()
    assert process.stdout.readline().startswith(b'{"index":0,')
    return process


def test_progress_comes_and_goes(bin_dir, server, terminal):
    process = start(bin_dir, server, terminal)
    # It lasts until this is seen.
    text = terminal.read(until=b"texts/s")
    assert BLANK + b"1 text, " in text
    process.stdin.close()
    assert terminal.read().endswith(BLANK)
    assert process.wait(timeout=120) == 0


def test_an_error_stands_in_a_line_of_its_own(bin_dir, server, terminal):
    process = start(bin_dir, server, terminal)
    terminal.read(until=b"texts/s")
    process.stdin.write(b"caf\xe9\n")
    process.stdin.close()
    text = terminal.read()
    assert process.wait(timeout=120) == 2
    error = text[text.rindex(BLANK) + len(BLANK) :]
    assert error.startswith(RED + b"strata:\x1b[0m line 2 is not valid UTF-8")
    assert error.endswith(b"\n") and error.count(b"\n") == 1


@pytest.mark.parametrize("quiet", [["--quiet"], []])
def test_progress_may_be_unwanted(bin_dir, server, terminal, quiet):
    term = "xterm" if quiet else "dumb"
    process = start(bin_dir, server, terminal, *quiet, TERM=term)
    process.stdin.close()
    assert terminal.read() == b""
    assert process.wait(timeout=120) == 0
