#!/usr/bin/env python3
# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Shows Strata at work: exports models, serves them, asks them, checks them.

`make demo` runs it, and `make serve` runs it with --serve. It exits with 0
only if every answer came and makes sense.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time

from printing import heading, milliseconds, say, shortened, table

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "client" / "python"))

# The client's own default, so that the commands to try need no address.
USUAL_ADDRESS = "127.0.0.1:50051"
USUAL_METRICS_ADDRESS = "127.0.0.1:9464"
FREE_ADDRESS = "127.0.0.1:0"
# The same model traced twice may differ in the last bits.
TOLERANCE = 1e-5

# Two sentences on each topic, which share hardly a word.
TOPICS = {
    "cats": (
        "A kitten is asleep on the windowsill.",
        "The cat naps in the afternoon sun.",
    ),
    "money": (
        "The central bank raised interest rates.",
        "Higher borrowing costs slow the economy.",
    ),
    "space": (
        "The probe entered orbit around Mars.",
        "A rocket will launch the new telescope.",
    ),
    "kitchen": (
        "Simmer the tomato sauce with garlic.",
        "Knead the pizza dough and let it rise.",
    ),
}
SENTENCES = [text for texts in TOPICS.values() for text in texts]
TOPIC_OF = {text: topic for topic, texts in TOPICS.items() for text in texts}

DECODER_TEXTS = [
    "Hidden states are what a model thinks.",
    "Every layer, every piece.",
    "Short.",
]


class DemoError(Exception):
    """Something that the demo promises did not come true."""


def times(encoding) -> list[str]:
    timings = encoding.timings
    stages = (timings.tokenize, timings.queue, timings.compute)
    return [milliseconds(stage) for stage in stages]


def export_models(repository: pathlib.Path) -> None:
    from strata import demo_models

    heading("1. Models are traced once and become folders")
    begin = time.monotonic()
    built = demo_models.build(repository, progress=say)
    if built:
        seconds = time.monotonic() - begin
        say(f"{len(built)} models in {seconds:.0f} s, in {shown(repository)}")
    else:
        say(f"{shown(repository)} holds them already.")


def start_server(
    bin_dir: pathlib.Path,
    repository: pathlib.Path,
    address: str,
    metrics_address: str,
):
    from server_process import ServerProcess

    heading("2. A server examines them by running them")
    begin = time.monotonic()
    started = False

    def on_line(line: str) -> None:
        if " level=info " not in line and started:
            print(line, flush=True)
        elif found := re.search(r"event=model_loading model=(\S+)", line):
            say(f"examining {found[1]} …")

    server = ServerProcess(
        bin_dir / "strata-server",
        repository,
        [
            f"--listen={address}",
            f"--metrics-listen={metrics_address}",
            "--lame-duck=0s",
        ],
        on_line,
    )
    started = True
    seconds = time.monotonic() - begin
    say()
    say(f"listening on {server.address} after {seconds:.1f} s")
    say(f"metrics at http://{server.metrics_address}/metrics")
    say()
    return server


def show_models(client) -> None:
    from strata import demo_models

    models = {x.name: client.model(x.name) for x in client.models()}
    for name in demo_models.MODELS:
        if name not in models or models[name].state != "ready":
            reason = models[name].reason if name in models else "it is missing"
            raise DemoError(f"{name} does not serve: {reason}")
    table(
        ["model", "signature", ">layers", ">width", "dtype", "longest", "on"],
        [
            [
                name,
                signature,
                models[name].layers,
                models[name].width,
                models[name].dtype,
                f"{models[name].max_pieces} pieces",
                ", ".join(models[name].devices),
            ]
            for name, signature in demo_models.MODELS.items()
        ],
    )


def nearest_sentences(vectors) -> list[tuple[str, float]]:
    """For each sentence the nearest other one, and its cosine.

    Raises:
        DemoError: One is on another topic.
    """
    cosines = vectors @ vectors.T
    result = []
    for index, sentence in enumerate(SENTENCES):
        others = [i for i in range(len(SENTENCES)) if i != index]
        best = max(others, key=lambda i: cosines[index, i])
        near = SENTENCES[best]
        if TOPIC_OF[near] != TOPIC_OF[sentence]:
            raise DemoError(
                f'the nearest sentence to "{sentence}" is "{near}", which is '
                f"on {TOPIC_OF[near]}, not on {TOPIC_OF[sentence]}"
            )
        result.append((near, float(cosines[index, best])))
    return result


def show_encoder(client) -> None:
    import numpy as np

    heading("3. MiniLM, a trained encoder: what is near in meaning?")
    say("One vector for each sentence: the mean of its last layer's pieces,")
    say("and for each vector the nearest other one by cosine.")
    say()

    def encode(model: str):
        return client.encode(SENTENCES, model, pooling="mean", normalize=True)

    encode("minilm")  # The first calls are slower: memory is being found.
    answers = encode("minilm")
    vectors = np.concatenate([x.hidden_states for x in answers])
    table(
        ["sentence", ">pieces", "shape", ">compute", "nearest", ">cosine"],
        [
            [
                sentence,
                answer.piece_count,
                list(answer.hidden_states.shape),
                milliseconds(answer.timings.compute),
                shortened(near, 19),
                f"{cosine:.2f}",
            ]
            for sentence, answer, (near, cosine) in zip(
                SENTENCES, answers, nearest_sentences(vectors), strict=True
            )
        ],
    )
    say()
    say("Each sentence's nearest is the other one on its topic: checked.")
    show_batch(answers)
    compare(answers, encode("minilm-dict"))


def show_batch(answers) -> None:
    """Says how many of the answers came from the same forward."""
    batch = answers[0].batch
    if all(answer.batch == batch for answer in answers):
        say(
            f"One forward carried all {len(answers)}: {batch.rows} rows, "
            f"{batch.pieces} pieces and {batch.padded_pieces - batch.pieces} "
            "places of padding."
        )


def compare(ours, theirs) -> None:
    """Holds the other signature's numbers against these."""
    import numpy as np

    worst = 0.0
    for a, b in zip(ours, theirs, strict=True):
        scale = np.linalg.norm(a.hidden_states, axis=-1)
        difference = a.hidden_states - b.hidden_states
        relative = np.linalg.norm(difference, axis=-1) / scale
        worst = max(worst, float(relative.max()))
    if not worst <= TOLERANCE:
        raise DemoError(
            f"{theirs[0].model} differs from {ours[0].model} by {worst:.1e}; "
            f"expected at most {TOLERANCE:.0e}"
        )
    closeness = f"to {worst:.0e} at worst" if worst else "to the last bit"
    say(
        f"{theirs[0].model}, traced with the other signature, gives the same "
        f"numbers: {closeness}."
    )


def show_decoder(client) -> None:
    from strata import demo_models

    heading("4. A Falcon decoder: every layer of every piece")
    say(f"Its weights are RANDOM (seed {demo_models.SEED}), so it needs no")
    say("download: the numbers mean nothing, but are what the model computes.")
    say("Shapes are [layers, pieces, width], the embedding output first.")
    say()
    layers = range(client.model("falcon-random").layers)

    def encode(model: str):
        return client.encode(DECODER_TEXTS, model, layers=layers)

    encode("falcon-random")
    answers = encode("falcon-random")
    table(
        ["text", ">pieces", "shape", ">tokenize", ">queue", ">compute"],
        [
            [
                text,
                answer.piece_count,
                list(answer.hidden_states.shape),
                *times(answer),
            ]
            for text, answer in zip(DECODER_TEXTS, answers, strict=True)
        ],
    )
    for text, answer in zip(DECODER_TEXTS, answers, strict=True):
        if answer.hidden_states.shape[:2] != (len(layers), answer.piece_count):
            raise DemoError(
                f'"{text}" came back as {answer.hidden_states.shape}; expected '
                f"{len(layers)} layers of {answer.piece_count} pieces"
            )
    say()
    show_batch(answers)
    compare(answers, encode("falcon-random-dict"))


def shown(path: pathlib.Path | str) -> str:
    """The path from here where it is below, else as it is."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


def commands(bin_dir: pathlib.Path, server) -> list[tuple[str, str]]:
    """What to try next, each with what it is; they work as they are."""
    at = server.address
    strata = shown(bin_dir / "strata")
    if at != USUAL_ADDRESS:
        strata += f" --server {at}"
    package = shown(ROOT / "client" / "python")
    python = f"PYTHONPATH={package} {shown(sys.executable)}"
    program = (
        "import strata; "
        f'[e] = strata.Client("{at}").encode(["Hello there"], "minilm", '
        "layers=[0, -1]); print(e.hidden_states.shape)"
    )
    request = (
        '{"model": "minilm", "inputs": [{"text": "Hello there"}], '
        '"outputs": [{"pooling": "POOLING_MEAN", "dimensions": 4}]}'
    )
    return [
        (
            "a text of your own",
            f'{strata} encode --model minilm --pieces "A text of your own"',
        ),
        (
            "every layer, as numbers for NumPy",
            f"{strata} encode --model falcon-random --layers all "
            '--format npy --output states.npy "Hello there"',
        ),
        ("what a model is", f"{strata} models minilm"),
        ("from Python", f"{python} -c '{program}'"),
        (
            "with grpcurl",
            f"grpcurl -plaintext -d '{request}' {at} "
            "strata.v1.HiddenStateService/Encode",
        ),
        ("the metrics", f"curl -s http://{server.metrics_address}/metrics"),
    ]


def keep_serving(bin_dir: pathlib.Path, server) -> None:
    heading("5. Your turn: it keeps serving until Ctrl-C")
    for what, command in commands(bin_dir, server):
        say(f"# {what}")
        say(command)
        say()

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    try:
        code = server.wait(timeout=None)
        raise DemoError(f"the server ended by itself with code {code}")
    except KeyboardInterrupt:
        print()


def usual_or_free(address: str) -> str:
    """The usual address, or a free port where that one is taken."""
    host, port = address.split(":")
    with socket.socket() as probe:
        # As the server does, which may take over a port in TIME_WAIT.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, int(port)))
        except OSError:
            return FREE_ADDRESS
    return address


def run(options: argparse.Namespace) -> None:
    import strata

    export_models(options.repository)
    addresses = FREE_ADDRESS, FREE_ADDRESS
    if options.serve:
        addresses = (
            usual_or_free(USUAL_ADDRESS),
            usual_or_free(USUAL_METRICS_ADDRESS),
        )
    with start_server(
        options.bin_dir, options.repository, *addresses
    ) as server:
        with strata.Client(server.address) as client:
            show_models(client)
            show_encoder(client)
            show_decoder(client)
        if options.serve:
            keep_serving(options.bin_dir, server)
        server.stop()
    heading("Done")
    say("The server stopped cleanly.")
    if not options.serve:
        say("`make serve` keeps one running.")
    say()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        epilog="Exits with 0 only if every answer came and makes sense.",
    )
    parser.add_argument(
        "--bin-dir",
        type=pathlib.Path,
        default=ROOT / "build" / "release" / "bin",
        metavar="DIR",
        help="holds strata-server and strata (default: build/release/bin)",
    )
    parser.add_argument(
        "--repository",
        type=pathlib.Path,
        default=ROOT / "build" / "demo-models",
        metavar="DIR",
        help="where the models are exported to (default: build/demo-models)",
    )
    parser.add_argument(
        "--serve", action="store_true", help="keep serving until Ctrl-C"
    )
    options = parser.parse_args()
    subprocess.run(
        [sys.executable, str(ROOT / "deploy" / "generate_python_stubs.py")],
        check=True,
    )

    from server_process import ServerError

    import strata
    from strata.export.errors import ExportError

    try:
        run(options)
    except (DemoError, ExportError, ServerError, strata.StrataError) as error:
        print(f"\ndemo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ndemo: interrupted", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
