// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/colour.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace strata::cli {
namespace {

class ColourTest : public testing::Test {
 protected:
  ColourTest() {
    setenv("TERM", "xterm", 1);
    unsetenv("NO_COLOR");
  }
  ~ColourTest() override { unsetenv("NO_COLOR"); }
};

TEST_F(ColourTest, AutoIsForTerminals) {
  EXPECT_TRUE(UsesColours(ColourChoice::kAuto, /*is_terminal=*/true));
  EXPECT_FALSE(UsesColours(ColourChoice::kAuto, /*is_terminal=*/false));
}

TEST_F(ColourTest, AutoMindsTheEnvironment) {
  setenv("NO_COLOR", "1", 1);
  EXPECT_FALSE(UsesColours(ColourChoice::kAuto, /*is_terminal=*/true));
  // no-color.org: an empty one is none.
  setenv("NO_COLOR", "", 1);
  EXPECT_TRUE(UsesColours(ColourChoice::kAuto, /*is_terminal=*/true));
  setenv("TERM", "dumb", 1);
  EXPECT_FALSE(UsesColours(ColourChoice::kAuto, /*is_terminal=*/true));
  unsetenv("TERM");
  EXPECT_FALSE(UsesColours(ColourChoice::kAuto, /*is_terminal=*/true));
}

TEST_F(ColourTest, TheCommandLineWins) {
  setenv("NO_COLOR", "1", 1);
  EXPECT_TRUE(UsesColours(ColourChoice::kAlways, /*is_terminal=*/false));
  unsetenv("NO_COLOR");
  EXPECT_FALSE(UsesColours(ColourChoice::kNever, /*is_terminal=*/true));
}

TEST_F(ColourTest, Sequences) {
  EXPECT_EQ(Coloured("x", Colour::kRed, true), "\x1b[31mx\x1b[0m");
  EXPECT_EQ(Coloured("x", Colour::kBold, true), "\x1b[1mx\x1b[0m");
  EXPECT_EQ(Coloured("x", Colour::kPlain, true), "x");
  EXPECT_EQ(Coloured("x", Colour::kRed, false), "x");
}

TEST_F(ColourTest, States) {
  // As ModelService, health and the metrics name them.
  EXPECT_EQ(StateColour("READY"), Colour::kGreen);
  EXPECT_EQ(StateColour("ready"), Colour::kGreen);
  EXPECT_EQ(StateColour("SERVING"), Colour::kGreen);
  EXPECT_EQ(StateColour("LOADING"), Colour::kYellow);
  EXPECT_EQ(StateColour("draining"), Colour::kYellow);
  EXPECT_EQ(StateColour("REFUSED"), Colour::kRed);
  EXPECT_EQ(StateColour("refused"), Colour::kRed);
  EXPECT_EQ(StateColour("NOT_SERVING"), Colour::kRed);
}

}  // namespace
}  // namespace strata::cli
