# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""What of a model's output is taken for its logits."""

import pytest
import torch

from strata.export.errors import ExportError
from strata.export.outputs import OutputForm, choose_logits, read_outputs

LAYER = torch.zeros(2, 3, 4)
CACHE = ((torch.zeros(2, 1, 3, 4),) * 2,)


def after_layers(*widths):
    """Outputs with tensors of `widths` after the layers; 0: a cache."""
    beside = (CACHE if n == 0 else torch.ones(2, 3, n) for n in widths)
    return ((LAYER, LAYER), *beside)


# As tests/core/model/output_form_test.cc has it for the server.
@pytest.mark.parametrize(
    ("widths", "chosen"),
    [
        ((), None),
        ((0,), None),
        ((0, 9), 1),
        ((16,), 0),
        ((2, 9), 1),
        ((12, 0, 9), 2),
        ((12, 16, 9), 2),
        ((9, 12), 0),
        ((4, 12), 1),
    ],
)
def test_logits_are_as_wide_as_the_vocabulary(widths, chosen):
    output = after_layers(*widths)
    assert choose_logits(read_outputs(output), 9) == chosen
    logits = read_outputs(output, OutputForm(logits=chosen)).logits
    assert chosen is None or logits.size(2) == widths[chosen]


@pytest.mark.parametrize(
    ("widths", "message"),
    [
        ((4,), "a tensor of width 4 after the layers, in a vocabulary of 9"),
        (
            (4, 0, 8),
            "tensors of widths 4, 8 after the layers, in a vocabulary of 9",
        ),
        (
            (9, 9),
            "tensors of widths 9, 9 after the layers, in a vocabulary of 9, of "
            "which several could be its logits",
        ),
        (
            (12, 16),
            "tensors of widths 12, 16 after the layers, in a vocabulary of 9, "
            "of which several could be its logits",
        ),
    ],
)
def test_logits_that_are_none_or_several(widths, message):
    with pytest.raises(ExportError) as error:
        choose_logits(read_outputs(after_layers(*widths)), 9)
    assert str(error.value) == message


def test_logits_have_the_layers_rows_and_places():
    for other in (torch.ones(1, 3, 9), torch.ones(2, 1, 9), torch.ones(2, 9)):
        assert choose_logits(read_outputs(((LAYER,), other)), 9) is None
