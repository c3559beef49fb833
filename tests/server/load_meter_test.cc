// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/load_meter.h"

#include <bit>
#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/base/error.h"
#include "gmock/gmock.h"
#include "google/protobuf/unknown_field_set.h"
#include "gtest/gtest.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/recording_observer.h"

namespace strata {
namespace {

using google::protobuf::UnknownFieldSet;
using testing::ElementsAre;
using testing::Pair;

double DoubleOf(const google::protobuf::UnknownField& field) {
  return std::bit_cast<double>(field.fixed64());
}

// The report's fields by their numbers in the published proto; of its map the
// one entry under 5.
std::map<int, double> Fields(const std::string& report) {
  UnknownFieldSet set;
  EXPECT_TRUE(set.ParseFromString(report));
  std::map<int, double> fields;
  for (int i = 0; i < set.field_count(); ++i) {
    const auto& field = set.field(i);
    if (field.number() != 5) {
      fields[field.number()] = DoubleOf(field);
      continue;
    }
    UnknownFieldSet entry;
    EXPECT_TRUE(entry.ParseFromString(field.length_delimited()));
    EXPECT_EQ(entry.field(0).length_delimited(), "queue");
    fields[5] = DoubleOf(entry.field(1));
  }
  return fields;
}

class LoadMeterTest : public testing::Test {
 protected:
  void Pass(absl::Duration wall, absl::Duration cpu) {
    clock_.Advance(wall);
    cpu_time_ += cpu;
  }
  void EndRequests(int count, const absl::Status& status) {
    for (int i = 0; i < count; ++i) meter_.OnRequestDone("m", status, 1, {});
  }

  FakeClock clock_;
  absl::Duration cpu_time_ = absl::Seconds(7);
  RecordingObserver observer_;
  LoadMeter meter_{observer_,
                   {.cpus = 4,
                    .devices = 2,
                    .max_requests = 10,
                    .cpu_time = [this] { return cpu_time_; }},
                   clock_};
};

TEST_F(LoadMeterTest, HasNothingToReportInTheFirstSecond) {
  Pass(absl::Milliseconds(999), absl::Seconds(1));
  EXPECT_EQ(meter_.Report(), "");
}

TEST_F(LoadMeterTest, ReportsSharesAndRates) {
  EndRequests(30, absl::OkStatus());
  EndRequests(10, Error(Reason::kServerFull, "x"));
  meter_.OnBatch("m", {}, absl::Milliseconds(500));
  meter_.OnInFlight(5);
  Pass(absl::Seconds(2), absl::Seconds(6));
  // 6 of 8 CPU seconds; the devices were busy for 0.5 of 4.
  EXPECT_THAT(Fields(meter_.Report()),
              ElementsAre(Pair(1, 0.75), Pair(5, 0.5), Pair(6, 20), Pair(7, 5),
                          Pair(9, 0.75)));
}

TEST_F(LoadMeterTest, BusyDevicesCountWhereTheCpusIdle) {
  meter_.OnBatch("m", {}, absl::Milliseconds(1800));
  Pass(absl::Seconds(1), absl::ZeroDuration());
  EXPECT_THAT(Fields(meter_.Report()),
              ElementsAre(Pair(1, 0), Pair(5, 0), Pair(6, 0), Pair(7, 0),
                          Pair(9, 0.9)));
}

TEST_F(LoadMeterTest, AReportIsOfWhatHappenedSinceTheOneBefore) {
  EndRequests(100, absl::OkStatus());
  Pass(absl::Seconds(1), absl::Seconds(4));
  EXPECT_EQ(Fields(meter_.Report())[6], 100);
  EndRequests(1, absl::OkStatus());
  Pass(absl::Milliseconds(500), absl::ZeroDuration());
  EXPECT_EQ(Fields(meter_.Report())[6], 100) << "half a second is too short";
  Pass(absl::Milliseconds(500), absl::ZeroDuration());
  EXPECT_EQ(Fields(meter_.Report())[6], 1);
  EXPECT_EQ(Fields(meter_.Report())[1], 0);
}

// A balancer would send less to whoever hears from a client that errs.
TEST_F(LoadMeterTest, WhatACallerDidWrongIsNoError) {
  for (const Reason reason :
       {Reason::kInvalidField, Reason::kModelNotFound, Reason::kReplyTooLarge,
        Reason::kCallerCancelled}) {
    EndRequests(1, Error(reason, "x"));
  }
  for (const Reason reason : {Reason::kInternalDefect, Reason::kServerStopping,
                              Reason::kDeadlinePassed}) {
    EndRequests(1, Error(reason, "x"));
  }
  Pass(absl::Seconds(1), absl::ZeroDuration());
  EXPECT_EQ(Fields(meter_.Report())[6], 7);
  EXPECT_EQ(Fields(meter_.Report())[7], 3);
}

TEST_F(LoadMeterTest, PassesOnWhatItIsTold) {
  EndRequests(2, absl::OkStatus());
  meter_.OnBatch("m", {.rows = 3}, absl::Seconds(1));
  meter_.OnCompilations("m", 4);
  meter_.OnInFlight(5);
  EXPECT_EQ(observer_.requests().size(), 2U);
  EXPECT_EQ(observer_.batches().at(0).rows, 3);
  EXPECT_EQ(observer_.compilations(), 4);
}

TEST(ProcessCpuTimeTest, Grows) {
  const absl::Duration begin = ProcessCpuTime();
  volatile std::uint64_t sum = 0;
  while (ProcessCpuTime() == begin) sum = sum + 1;
  EXPECT_GT(ProcessCpuTime(), begin);
}

}  // namespace
}  // namespace strata
