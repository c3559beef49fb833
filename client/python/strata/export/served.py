# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""What a server takes of a model's outputs, and what it does not.

It refuses a model whose hidden states are of several shapes or of a dtype that
it has not. It reports one dtype for a model, so the exporter refuses several,
too.
"""

import torch

from strata.export.errors import ExportError
from strata.export.outputs import Outputs
from strata.export.signature import Batch

# With the largest ||trace - eager|| / ||eager|| of a piece in a layer. The low
# precisions keep 8 and 11 bits, and their error grows with the layers that a
# state has passed.
TOLERANCES = {
    torch.float32: 1e-5,
    torch.float16: 1e-2,
    torch.bfloat16: 5e-2,
}


def check_hidden_states(who: str, outputs: Outputs, batch: Batch) -> None:
    """Raises ExportError for what a server would refuse of `who`."""
    expected = [*batch.piece_ids.shape, outputs.layers[0].size(2)]
    for i, layer in enumerate(outputs.layers):
        if list(layer.shape) != expected:
            raise ExportError(
                f"the {who}'s hidden states differ in shape: layer {i} is "
                f"{list(layer.shape)}; expected {expected}, of one width in "
                "all layers. Have the module return such layers only, or pick "
                "them with --layers"
            )
    dtypes = list(dict.fromkeys(x.dtype for x in outputs.layers))
    if len(dtypes) > 1 or dtypes[0] not in TOLERANCES:
        raise ExportError(
            f"the {who}'s hidden states are {_names(dtypes)}; expected one of "
            f"{_names(TOLERANCES)}, the same in all layers. Export with "
            "--dtype float32, or have the module cast them"
        )


def _names(dtypes) -> str:
    return ", ".join(str(x) for x in dtypes)
