// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

package strata

import (
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"

	stratav1 "strata.example/client/go/strata/v1"
)

// EncodingError returns what failed for this input alone while computing, while
// others of its request went well; nil if nothing did.
func EncodingError(encoding *stratav1.Encoding) error {
	return status.FromProto(encoding.GetStatus()).Err()
}

// ErrorReason returns the reason that the server gave with an error: the name of a
// stratav1.ErrorReason without its prefix, as "MODEL_NOT_FOUND". Empty where the
// error does not come from a Strata server, as when it cannot be reached.
func ErrorReason(err error) string {
	if info := detail[*errdetails.ErrorInfo](err); info != nil {
		return info.Reason
	}
	return ""
}

// RetryDelay returns how long the server asks to wait before the call is made
// again, and whether it asks.
func RetryDelay(err error) (time.Duration, bool) {
	if info := detail[*errdetails.RetryInfo](err); info != nil {
		return info.RetryDelay.AsDuration(), true
	}
	return 0, false
}

// detail returns the error's first detail of a type; nil where it has none.
func detail[Detail any](err error) (none Detail) {
	for _, found := range status.Convert(err).Details() {
		if wanted, ok := found.(Detail); ok {
			return wanted
		}
	}
	return none
}
