// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/byte_source.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "client/cli/failure.h"

namespace strata::cli {
namespace {

std::string ErrorText(int error) {
  return std::generic_category().message(error);
}

// A descriptor, closed at the end where it was opened here.
class DescriptorBytes final : public ByteSource {
 public:
  DescriptorBytes(int descriptor, bool owned, std::string name)
      : descriptor_(descriptor),
        owned_(owned),
        name_(std::move(name)),
        interrupt_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  ~DescriptorBytes() override {
    close(interrupt_);
    if (owned_) close(descriptor_);
  }
  DescriptorBytes(const DescriptorBytes&) = delete;
  DescriptorBytes& operator=(const DescriptorBytes&) = delete;

  absl::StatusOr<std::size_t> Read(std::span<char> buffer) override {
    for (;;) {
      std::array<pollfd, 2> descriptors = {
          pollfd{.fd = descriptor_, .events = POLLIN, .revents = 0},
          pollfd{.fd = interrupt_, .events = POLLIN, .revents = 0}};
      const int ready = poll(descriptors.data(), descriptors.size(), -1);
      if (ready >= 0 && descriptors[1].revents != 0) return 0;
      const ssize_t count =
          ready < 0 ? -1 : read(descriptor_, buffer.data(), buffer.size());
      if (count >= 0) return static_cast<std::size_t>(count);
      // Others who have this descriptor may have made it one that never waits.
      if (errno == EINTR || errno == EAGAIN) continue;
      return absl::UnknownError(ErrorText(errno));
    }
  }

  void Interrupt() override {
    const std::uint64_t one = 1;
    // Fails only where it has been called very often, and then it is done.
    [[maybe_unused]] const auto written = write(interrupt_, &one, sizeof(one));
  }

  std::string name() const override { return name_; }

  std::optional<std::int64_t> size() const override {
    struct stat facts{};
    if (fstat(descriptor_, &facts) != 0 || !S_ISREG(facts.st_mode)) {
      return std::nullopt;
    }
    // Standard input may have been read from by somebody before.
    const off_t place = lseek(descriptor_, 0, SEEK_CUR);
    return std::max<std::int64_t>(facts.st_size - std::max<off_t>(place, 0), 0);
  }

 private:
  const int descriptor_;
  const bool owned_;
  const std::string name_;
  // Readable once Interrupt was called.
  const int interrupt_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ByteSource>> OpenBytes(const std::string& path,
                                                      int standard_input) {
  if (path == "-") {
    return std::make_unique<DescriptorBytes>(standard_input, /*owned=*/false,
                                             "standard input");
  }
  const std::string name = absl::StrCat("--file ", path);
  // NOLINTNEXTLINE(*-vararg): open is what there is.
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    return UsageError(
        absl::StrCat(name, " cannot be read: ", ErrorText(errno)));
  }
  return std::make_unique<DescriptorBytes>(descriptor, /*owned=*/true, name);
}

}  // namespace strata::cli
