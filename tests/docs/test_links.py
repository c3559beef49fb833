# Copyright 2026 The Strata Authors
# SPDX-License-Identifier: Apache-2.0
"""Links from page to page lead somewhere, and so do their anchors."""

import re

import pages
import pytest

# Not images, nor what stands in `code`.
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"`[^`\n]*`")
_HEADING = re.compile(r"^#+ (.*?)$", re.MULTILINE)


def anchors(page: str) -> set[str]:
    """Those of its headings, as a repository's host makes them."""
    made: list[str] = []
    for heading in _HEADING.findall(pages.prose(page)):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        words = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        same = made.count(words)
        made.append(words)
        if same:
            made.append(f"{words}-{same}")
    return set(made)


@pytest.mark.parametrize("page", pages.markdown())
def test_its_links_lead_somewhere(page):
    wrong = []
    text = re.sub(r"\[`([^`\n]*)`\]", r"[\1]", pages.prose(page))
    for link in _LINK.findall(_CODE.sub("", text)):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        path = (pages.ROOT / page).parent / name if name else pages.ROOT / page
        if not path.exists():
            wrong.append(f"{link}: there is no {name}")
        elif anchor and path.suffix == ".md":
            target = str(path.resolve().relative_to(pages.ROOT))
            if anchor not in anchors(target):
                wrong.append(f"{link}: {target} has no such heading")
    assert not wrong


def test_headings_become_anchors(tmp_path, monkeypatch):
    page = "# A\n## A version's `strata.json`\n## A\n```sh\n# not one\n```\n"
    (tmp_path / "page.md").write_text(page)
    monkeypatch.setattr(pages, "ROOT", tmp_path)
    assert anchors("page.md") == {"a", "a-versions-stratajson", "a-1"}


def test_the_pages_are_all_linked():
    """Whoever begins at the README finds every page of docs/."""
    seen: set[str] = set()
    waiting = ["README.md"]
    while waiting:
        page = waiting.pop()
        if page in seen or not (pages.ROOT / page).is_file():
            continue
        seen.add(page)
        for link in _LINK.findall(pages.prose(page)):
            path = (pages.ROOT / page).parent / link.partition("#")[0]
            if link.endswith(".md") or ".md#" in link:
                if path.exists():
                    found = path.resolve().relative_to(pages.ROOT)
                    waiting.append(str(found))
    assert {x for x in pages.guides() if x.startswith("docs/")} <= seen
