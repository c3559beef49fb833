// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_TESTS_CORE_ENGINE_ENGINE_FIXTURE_H_
#define STRATA_TESTS_CORE_ENGINE_ENGINE_FIXTURE_H_

#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "core/engine/call.h"
#include "core/engine/engine.h"
#include "core/model/registry.h"
#include "gtest/gtest.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/puppet_model.h"
#include "tests/fakes/puppet_runner.h"
#include "tests/fakes/recording_observer.h"

namespace strata {

// An engine of the model "puppet", whose forwards `strings_` holds.
class EngineTest : public testing::Test {
 protected:
  using Reply = absl::StatusOr<EncodeReply>;

  EngineTest() { AddModel("puppet", strings_); }

  // Held forwards would keep the engine from ending.
  ~EngineTest() override { strings_->ReleaseAll(); }

  void AddModel(const std::string& name,
                std::shared_ptr<PuppetStrings> strings) {
    auto model = MakePuppetModel(name, std::move(strings));
    registry_.SetLoading(model->id);
    ASSERT_TRUE(registry_.SetReady(std::move(model)).ok());
  }

  void Start(EngineOptions options = {}) {
    auto engine =
        Engine::Create(std::move(options), registry_, clock_, observer_);
    ASSERT_TRUE(engine.ok()) << engine.status();
    engine_ = *std::move(engine);
  }

  std::future<Reply> Send(EncodeCall call) {
    auto promise = std::make_shared<std::promise<Reply>>();
    auto reply = promise->get_future();
    engine_->Encode(std::move(call), [promise](Reply reply) {
      promise->set_value(std::move(reply));
    });
    return reply;
  }

  static EncodeCall Texts(std::vector<std::string> texts) {
    EncodeCall call;
    for (std::string& text : texts) {
      call.inputs.emplace_back(TextInput{.text = std::move(text), .spans = {}});
    }
    return call;
  }

  static EncodeCall Pieces(std::vector<std::int64_t> ids) {
    EncodeCall call;
    call.inputs.emplace_back(PieceInput{.ids = std::move(ids)});
    return call;
  }

  FakeClock clock_;
  RecordingObserver observer_;
  ModelRegistry registry_;
  std::shared_ptr<PuppetStrings> strings_ = std::make_shared<PuppetStrings>();
  std::unique_ptr<Engine> engine_;
};

}  // namespace strata

#endif  // STRATA_TESTS_CORE_ENGINE_ENGINE_FIXTURE_H_
