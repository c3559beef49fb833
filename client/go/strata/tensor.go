// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

package strata

import (
	"encoding/binary"
	"fmt"
	"math"

	stratav1 "strata.example/client/go/strata/v1"
)

// Tensor is a dense array of numbers, row-major.
type Tensor struct {
	// Shape is [layers, pieces, width] of hidden states, [layers, width] of
	// pooled ones; stratav1.Output describes the others.
	Shape []int
	// Values has as many numbers as Shape says.
	Values []float32
}

// Floats reads a tensor of an answer. It fails where the type is one that it does
// not read (ask for FLOAT32 or BFLOAT16), or data and shape do not fit.
func Floats(tensor *stratav1.Tensor) (Tensor, error) {
	data := tensor.GetData()
	size := 4
	if tensor.GetDtype() == stratav1.DataType_DATA_TYPE_BFLOAT16 {
		size = 2
	} else if tensor.GetDtype() != stratav1.DataType_DATA_TYPE_FLOAT32 {
		return Tensor{}, fmt.Errorf("strata: the tensor is of type %v; ask for FLOAT32 or BFLOAT16",
			tensor.GetDtype())
	}
	shape := make([]int, len(tensor.GetShape()))
	count := 1
	for i, length := range tensor.GetShape() {
		shape[i] = int(length)
		count *= shape[i]
	}
	if len(data) != count*size {
		return Tensor{}, fmt.Errorf("strata: a tensor of shape %v has %d bytes; expected %d",
			shape, len(data), count*size)
	}
	values := make([]float32, count)
	for i := range values {
		if size == 2 { // The upper half of a float32.
			bits := binary.LittleEndian.Uint16(data[2*i:])
			values[i] = math.Float32frombits(uint32(bits) << 16)
		} else {
			values[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
		}
	}
	return Tensor{shape, values}, nil
}
