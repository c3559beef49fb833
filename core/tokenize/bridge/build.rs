// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

//! Generates and compiles the C++ half of the bridge into the static library.

fn main() {
    cxx_build::bridge("src/lib.rs")
        .std("c++20")
        .compile("strata_tokenizers_bridge");
    println!("cargo:rerun-if-changed=src/lib.rs");
}
