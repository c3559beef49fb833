// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

// What a fuzz target's main is where no fuzzer is: runs it on each file of the
// folders that it is given, on parts of them and on bytes that are changed, the
// same every time.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size);

namespace {

constexpr int kVariants = 200;

using Input = std::vector<std::uint8_t>;

void Run(const Input& input) {
  LLVMFuzzerTestOneInput(input.data(), input.size());
}

Input Change(Input input, std::mt19937& random) {
  if (input.empty() || random() % 4 == 0) input.push_back(random() & 0xFF);
  for (int i = random() % 4; i >= 0; --i) {
    input[random() % input.size()] = random() & 0xFF;
  }
  if (random() % 4 == 0) input.resize(random() % (input.size() + 1));
  return input;
}

void RunFile(const std::filesystem::path& path, std::mt19937& random) {
  std::ifstream file(path, std::ios::binary);
  const Input input(std::istreambuf_iterator<char>(file), {});
  Run(input);
  for (int i = 0; i < kVariants; ++i) Run(Change(input, random));
}

}  // namespace

int main(int argc, char** argv) {
  std::mt19937 random(1);
  int files = 0;
  for (int i = 1; i < argc; ++i) {
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
      RunFile(entry.path(), random);
      ++files;
    }
  }
  std::printf("%d inputs, %d variants each\n", files, kVariants);
  return files > 0 ? 0 : 1;
}
