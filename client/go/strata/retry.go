// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

package strata

import (
	"context"
	"math/rand/v2"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// RetryPolicy says when a failed unary call is made again, within the deadline of
// its context. gRPC has retries of its own, but they do not read the time that the
// server names, and give up on requests over 256 KiB.
type RetryPolicy struct {
	// MaxAttempts is how many calls are made in all, the first included. 1:
	// never retry.
	MaxAttempts int
	// InitialBackoff is the wait before the second call where the server names
	// none; it doubles for each further one, up to MaxBackoff.
	InitialBackoff, MaxBackoff time.Duration
}

// DefaultRetryPolicy makes four calls at most.
var DefaultRetryPolicy = RetryPolicy{4, 100 * time.Millisecond, 5 * time.Second}

// wait returns how long to wait before the next call, and whether to make it.
//
// Only what can pass by itself is tried again: UNAVAILABLE, and RESOURCE_EXHAUSTED
// with a time (without it the request is too large, and always will be). The
// server's time is never shortened; waits are spread by chance, so that many
// clients do not come again all at once.
func (p RetryPolicy) wait(err error, attempts int) (time.Duration, bool) {
	if attempts >= p.MaxAttempts {
		return 0, false
	}
	code := status.Code(err)
	if delay, named := RetryDelay(err); named &&
		(code == codes.ResourceExhausted || code == codes.Unavailable) {
		return time.Duration(float64(delay) * (1 + 0.2*rand.Float64())), true
	}
	backoff := p.InitialBackoff
	for i := 1; i < attempts && backoff < p.MaxBackoff; i++ {
		backoff *= 2
	}
	backoff = min(backoff, p.MaxBackoff)
	return time.Duration(float64(backoff) * (1 - 0.5*rand.Float64())), code == codes.Unavailable
}

// intercept is a grpc.UnaryClientInterceptor.
func (p RetryPolicy) intercept(ctx context.Context, method string, request, reply any,
	connection *grpc.ClientConn, call grpc.UnaryInvoker, options ...grpc.CallOption) error {
	for attempts := 1; ; attempts++ {
		err := call(ctx, method, request, reply, connection, options...)
		if err == nil {
			return nil
		}
		delay, again := p.wait(err, attempts)
		deadline, bounded := ctx.Deadline()
		if !again || bounded && time.Until(deadline) <= delay {
			return err
		}
		select {
		case <-time.After(delay):
		case <-ctx.Done():
			return err
		}
	}
}
