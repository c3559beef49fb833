// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

package strata.client;

import io.grpc.StatusRuntimeException;
import strata.v1.EncodeResponse;

/**
 * The answer to one request of a stream.
 *
 * @param index which request it is, from 0 in the order in which they were given
 * @param response what Encode would have answered; null where there is an error
 * @param error what failed for this request alone; null if nothing did
 */
public record Answer(int index, EncodeResponse response, StatusRuntimeException error) {}
