// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef STRATA_TESTS_SERVER_SHARED_OBJECT_H_
#define STRATA_TESTS_SERVER_SHARED_OBJECT_H_

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace strata {

// An object of POSIX shared memory, as a client makes one; gone with this.
class SharedObject {
 public:
  explicit SharedObject(std::size_t size, const std::string& name = "object")
      : key_(absl::StrCat("/strata-test-", getpid(), "-", name)),
        file_(shm_open(key_.c_str(), O_RDWR | O_CREAT | O_EXCL, 0600)) {
    EXPECT_GE(file_, 0) << key_;
    Resize(size);
  }
  ~SharedObject() {
    close(file_);
    shm_unlink(key_.c_str());
  }
  SharedObject(const SharedObject&) = delete;
  SharedObject& operator=(const SharedObject&) = delete;

  [[nodiscard]] const std::string& key() const { return key_; }

  void Resize(std::size_t size) const {
    EXPECT_EQ(ftruncate(file_, static_cast<off_t>(size)), 0);
  }
  void Put(off_t offset, const std::string& bytes) const {
    EXPECT_EQ(pwrite(file_, bytes.data(), bytes.size(), offset),
              static_cast<ssize_t>(bytes.size()));
  }
  [[nodiscard]] std::string Get(off_t offset, std::size_t size) const {
    std::string bytes(size, '?');
    EXPECT_EQ(pread(file_, bytes.data(), size, offset),
              static_cast<ssize_t>(size));
    return bytes;
  }

 private:
  const std::string key_;
  const int file_;
};

}  // namespace strata

#endif  // STRATA_TESTS_SERVER_SHARED_OBJECT_H_
