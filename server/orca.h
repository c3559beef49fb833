// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_SERVER_ORCA_H_
#define STRATA_SERVER_ORCA_H_

#include <string>

namespace strata {

// What balancers are told of a server's load, by the names of
// xds.data.orca.v3.OrcaLoadReport.
struct OrcaLoad {
  // Shares: 1 is all there is.
  double cpu_utilization = 0;
  double application_utilization = 0;
  // utilization["queue"], 0 to 1.
  double queue_utilization = 0;
  // rps_fractional and eps.
  double requests_per_second = 0;
  double errors_per_second = 0;
};

// An OrcaLoadReport's bytes. Written by hand: gRPC 1.51 brings a recorder that
// does not link, and the published proto pulls in a validator for five numbers.
std::string SerializeOrca(const OrcaLoad& load);

}  // namespace strata

#endif  // STRATA_SERVER_ORCA_H_
