// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/npy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "client/cli/failure.h"
#include "strata/v1/tensor.pb.h"
#include "tests/client/make_tensor.h"

namespace strata::cli {
namespace {

using testing::HasSubstr;

const std::string kOneAndMinusTen("\x00\x00\x80\x3F\x00\x00\x20\xC1", 8);

TEST(NpyBytes, Float32ByteForByte) {
  const auto bytes =
      NpyBytes(MakeTensor(v1::DATA_TYPE_FLOAT32, {1, 2}, kOneAndMinusTen));
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  const std::string expected =
      std::string("\x93NUMPY\x01\x00\x76\x00", 10) +
      "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }" +
      std::string(58, ' ') + "\n" + kOneAndMinusTen;
  EXPECT_EQ(*bytes, expected);
  EXPECT_EQ((bytes->size() - kOneAndMinusTen.size()) % 64, 0U);
}

TEST(NpyBytes, Float16KeepsItsType) {
  const std::string data("\x00\x3C\x00\xC0", 4);
  const auto bytes = NpyBytes(MakeTensor(v1::DATA_TYPE_FLOAT16, {2}, data));
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  EXPECT_THAT(*bytes, HasSubstr("{'descr': '<f2', 'fortran_order': False, "
                                "'shape': (2,), }"));
  EXPECT_EQ(bytes->substr(bytes->size() - 4), data);
}

TEST(NpyBytes, Bfloat16IsWidened) {
  const auto bytes = NpyBytes(MakeTensor(v1::DATA_TYPE_BFLOAT16, {2},
                                         std::string("\x80\x3F\x20\xC1", 4)));
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  EXPECT_THAT(*bytes, HasSubstr("'descr': '<f4'"));
  EXPECT_EQ(bytes->substr(bytes->size() - 8), kOneAndMinusTen);
}

TEST(NpyBytes, RefusesWhatIsNotATensor) {
  EXPECT_THAT(
      std::string(NpyBytes(MakeTensor(v1::DATA_TYPE_FLOAT32, {3}, "1234"))
                      .status()
                      .message()),
      HasSubstr("shape [3] and 4 bytes a number holds 4 bytes"));
}

// Reads every type back with NumPy itself, where the build knows a Python that
// has it.
TEST(NpyBytes, NumpyReadsThem) {
  const std::string python = STRATA_PYTHON;
  const std::string quiet = " >/dev/null 2>&1";
  if (python.empty() ||
      std::system(absl::StrCat(python, " -c 'import numpy'", quiet).c_str()) !=
          0) {
    GTEST_SKIP() << "no Python with NumPy";
  }
  const auto folder = std::filesystem::path(testing::TempDir());
  const auto check = [&](v1::DataType dtype, const std::string& data,
                         absl::string_view expected) {
    const std::string path = (folder / "strata_npy_test.npy").string();
    std::ofstream(path, std::ios::binary)
        << NpyBytes(MakeTensor(dtype, {2, 1}, data)).value();
    const std::string script =
        absl::StrCat("import numpy as n; a = n.load(\"", path,
                     "\"); assert a.shape == (2, 1); assert str(a.dtype) == \"",
                     expected, "\"; assert a.ravel().tolist() == [1.0, -10.0]");
    const int code =
        std::system(absl::StrCat(python, " -c '", script, "'").c_str());
    std::filesystem::remove(path);
    EXPECT_EQ(code, 0) << script;
  };
  check(v1::DATA_TYPE_FLOAT32, kOneAndMinusTen, "float32");
  check(v1::DATA_TYPE_FLOAT16, std::string("\x00\x3C\x00\xC9", 4), "float16");
  check(v1::DATA_TYPE_BFLOAT16, std::string("\x80\x3F\x20\xC1", 4), "float32");
}

std::string PathOf(absl::string_view output, bool several, int index) {
  const auto paths =
      NpyPaths::Create(output, several, /*out_is_terminal=*/true);
  EXPECT_TRUE(paths.ok()) << paths.status();
  return paths->Of(index);
}

TEST(NpyPaths, OneTextMayGoAnywhere) {
  EXPECT_EQ(NpyPaths::Create("", false, false)->Of(0), "");
  EXPECT_EQ(PathOf("states.npy", false, 0), "states.npy");
  EXPECT_EQ(PathOf("out/", false, 0), "out/0.npy");
}

TEST(NpyPaths, SeveralTextsNeedSeveralFiles) {
  EXPECT_EQ(PathOf("s-%d.npy", true, 0), "s-0.npy");
  EXPECT_EQ(PathOf("s-%d.npy", true, 41), "s-41.npy");
  EXPECT_EQ(PathOf("out/", true, 1), "out/1.npy");
  const std::string folder = testing::TempDir();
  EXPECT_EQ(PathOf(folder, true, 0),
            (std::filesystem::path(folder) / "0.npy").string());
  EXPECT_TRUE(NpyPaths::HoldsSeveral(folder));
  EXPECT_TRUE(NpyPaths::HoldsSeveral("%d"));
  EXPECT_FALSE(NpyPaths::HoldsSeveral("states.npy"));
  EXPECT_FALSE(NpyPaths::HoldsSeveral(""));
}

TEST(NpyPaths, SaysWhatToDo) {
  const auto message = [](absl::string_view output, bool several,
                          bool terminal) {
    const auto status = NpyPaths::Create(output, several, terminal).status();
    EXPECT_EQ(ExitCodeOf(status), kUsage);
    return std::string(status.message());
  };
  EXPECT_EQ(message("", false, true),
            "--format npy does not write to a terminal; add --output PATH or "
            "send standard output to a file");
  EXPECT_EQ(message("", true, false),
            "--format npy writes one file for each text; add --output with %d "
            "in it, as states-%d.npy, or a folder");
  EXPECT_EQ(message("a.npy", true, false),
            "--output a.npy is one file and there are several texts; put %d in "
            "it for the text's index, or name a folder");
}

}  // namespace
}  // namespace strata::cli
