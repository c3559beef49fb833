// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/line_source.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cli/byte_source.h"
#include "client/cli/line_reader.h"
#include "core/base/mutex.h"

namespace strata::cli {
namespace {

// Of the texts of a batch: a request stays well below what a server takes.
constexpr std::size_t kMostBatchBytes = std::size_t{16} << 20U;

}  // namespace

LineSource::LineSource(std::unique_ptr<ByteSource> bytes, std::size_t batch)
    : bytes_(std::move(bytes)),
      batch_(batch),
      waits_for_full_(bytes_->size().has_value()),
      reader_([this] { ReadAll(); }) {}

LineSource::LineSource(std::vector<std::string> texts, std::size_t batch)
    : batch_(batch), waits_for_full_(false), ended_(true) {
  for (std::string& text : texts) {
    text_bytes_ += text.size();
    lines_.push_back({.index = static_cast<std::int64_t>(lines_.size()),
                      .text = std::move(text)});
  }
}

LineSource::~LineSource() { Stop(); }

absl::StatusOr<std::vector<Line>> LineSource::Take() {
  std::vector<Line> taken;
  {
    const MutexLock lock(mutex_);
    while (!ended_ && (waits_for_full_ ? !full() : lines_.empty())) {
      changed_.Wait(mutex_);
    }
    if (lines_.empty() && !status_.ok()) return status_;
    std::size_t bytes = 0;
    while (!lines_.empty() && taken.size() < batch_) {
      bytes += lines_.front().text.size();
      if (!taken.empty() && bytes > kMostBatchBytes) break;
      text_bytes_ -= lines_.front().text.size();
      taken.push_back(std::move(lines_.front()));
      lines_.pop_front();
    }
  }
  changed_.NotifyAll();
  return taken;
}

bool LineSource::HasSeveral() {
  const MutexLock lock(mutex_);
  while (!ended_ && lines_.size() < 2) changed_.Wait(mutex_);
  return lines_.size() > 1;
}

void LineSource::Stop() {
  {
    const MutexLock lock(mutex_);
    ended_ = true;
    status_ = absl::OkStatus();
    lines_.clear();
    text_bytes_ = 0;
  }
  // After it, for what an interrupted read leaves is no whole line.
  if (bytes_ != nullptr) bytes_->Interrupt();
  changed_.NotifyAll();
}

bool LineSource::full() const {
  // Two for HasSeveral, whatever the batch.
  return lines_.size() >= std::max<std::size_t>(batch_, 2) ||
         text_bytes_ >= kMostBatchBytes;
}

bool LineSource::AwaitRoom() {
  const MutexLock lock(mutex_);
  while (!ended_ && full()) changed_.Wait(mutex_);
  return !ended_;
}

void LineSource::Append(std::vector<Line> lines) {
  {
    const MutexLock lock(mutex_);
    if (ended_) return;  // Stop was called: they are not wanted.
    for (Line& line : lines) {
      text_bytes_ += line.text.size();
      lines_.push_back(std::move(line));
    }
  }
  changed_.NotifyAll();
}

void LineSource::ReadAll() {
  LineReader reader(*bytes_);
  absl::StatusOr<bool> more = true;
  while (more.ok() && *more && AwaitRoom()) {
    std::vector<Line> lines;
    more = reader.ReadMore(lines);
    Append(std::move(lines));
  }
  {
    const MutexLock lock(mutex_);
    if (!ended_) status_ = std::move(more).status();
    ended_ = true;
  }
  changed_.NotifyAll();
}

}  // namespace strata::cli
