// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_SERVE_H_
#define STRATA_SERVER_SERVE_H_

#include "absl/status/status.h"
#include "server/flags.h"
#include "server/stop_signal.h"

namespace strata {

// The life of the process: listens for metrics, finds devices and models,
// listens for calls, loads the models one after the other while calls to those
// that are ready are served, and stops at a signal: health says NOT_SERVING, a
// pause for load balancers to see it (SIGTERM only), then calls drain within
// --drain-timeout. A second signal drops what still waits. A device that is
// lost stops it too, and ends the process with 1.
//
// On standard error, once each: `metrics at HOST:PORT`, and, when every model
// is ready or refused, `admin calls at HOST:PORT` where --admin-listen asks for
// them, and `listening on HOST:PORT`.
//
// Returns when all is stopped. An error, in one sentence, where the server
// cannot start; a model that is refused is none.
absl::Status Serve(const ServerFlags& flags, StopSignal& signals);

}  // namespace strata

#endif  // STRATA_SERVER_SERVE_H_
