// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

package strata

import (
	"fmt"

	stratav1 "strata.example/client/go/strata/v1"
)

// reassembly puts the events of one request together to the answer that Encode
// gives.
type reassembly struct {
	encodings []*stratav1.Encoding
	// next is, of each input, the output that the next part is of.
	next []int
}

func newReassembly(inputs int) *reassembly {
	return &reassembly{make([]*stratav1.Encoding, inputs), make([]int, inputs)}
}

// addEncoding takes an input's answer, whose tensors have no data yet.
func (r *reassembly) addEncoding(input int, encoding *stratav1.Encoding) error {
	if input < 0 || input >= len(r.encodings) || r.encodings[input] != nil {
		return fmt.Errorf("strata: got an answer to input %d of %d, which is none or has one",
			input, len(r.encodings))
	}
	r.encodings[input] = encoding
	return nil
}

// addPart takes a part of a tensor's data; parts come in order.
func (r *reassembly) addPart(input int, part *stratav1.TensorPart) error {
	if input < 0 || input >= len(r.encodings) || r.encodings[input] == nil ||
		int(part.Output) != r.next[input] || r.next[input] >= len(r.encodings[input].Outputs) {
		return fmt.Errorf("strata: got a part of output %d of input %d out of order",
			part.Output, input)
	}
	tensor := r.encodings[input].Outputs[part.Output].Tensor
	if int(part.Offset) != len(tensor.Data) {
		return fmt.Errorf("strata: got byte %d of a tensor where byte %d was expected",
			part.Offset, len(tensor.Data))
	}
	tensor.Data = append(tensor.Data, part.Data...)
	if part.Last {
		r.next[input]++
	}
	return nil
}

// finish takes what comes with 'done', and returns the whole answer.
func (r *reassembly) finish(answer *stratav1.EncodeResponse) (*stratav1.EncodeResponse, error) {
	for input, encoding := range r.encodings {
		if encoding == nil || r.next[input] != len(encoding.Outputs) {
			return nil, fmt.Errorf("strata: the answer to input %d is not complete", input)
		}
	}
	answer.Encodings = r.encodings
	return answer, nil
}
