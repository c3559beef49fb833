// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "core/base/build_id.h"

#include <elf.h>
#include <link.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"

namespace strata {
namespace {

// Sizes inside a note are rounded up to it.
std::size_t Aligned(std::size_t size) { return (size + 3) & ~std::size_t{3}; }

// The note's content, of the notes in `notes`; empty where there is none.
std::string FindBuildId(absl::string_view notes) {
  while (notes.size() >= sizeof(ElfW(Nhdr))) {
    const auto& header = *reinterpret_cast<const ElfW(Nhdr)*>(notes.data());
    const std::size_t content = sizeof(header) + Aligned(header.n_namesz);
    const std::size_t end = content + Aligned(header.n_descsz);
    if (end > notes.size()) break;
    if (header.n_type == NT_GNU_BUILD_ID) {
      return absl::BytesToHexString(notes.substr(content, header.n_descsz));
    }
    notes.remove_prefix(end);
  }
  return "";
}

}  // namespace

std::string BuildId() {
  std::string id;
  dl_iterate_phdr(
      [](dl_phdr_info* object, std::size_t /*size*/, void* result) {
        for (int i = 0; i < object->dlpi_phnum; ++i) {
          const ElfW(Phdr)& part = object->dlpi_phdr[i];
          std::string& id = *static_cast<std::string*>(result);
          if (part.p_type != PT_NOTE || !id.empty()) continue;
          // An address is all that the linker gives.
          const std::uintptr_t address = object->dlpi_addr + part.p_vaddr;
          // NOLINTNEXTLINE(performance-no-int-to-ptr)
          const auto* note = reinterpret_cast<const char*>(address);
          id = FindBuildId({note, part.p_memsz});
        }
        return 1;  // The first is the program itself.
      },
      &id);
  return id;
}

}  // namespace strata
