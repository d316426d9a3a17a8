"""Reads Swift sources just closely enough for script/house and script/mutate."""

import re

_OPENING = re.compile(r'//|/\*|(#*)("""|")')


def code(text):
    """The text with comments and string literals blanked; every character keeps its place."""
    kept, position = [], 0
    while opening := _OPENING.search(text, position):
        kept.append(text[position : opening.start()])
        position = _end_of_literal(text, opening)
        kept.append(re.sub(r"[^\n]", " ", text[opening.start() : position]))
    return "".join(kept) + text[position:]


def _end_of_literal(text, opening):
    if opening[0] == "//":
        end = text.find("\n", opening.end())
        return len(text) if end < 0 else end
    if opening[0] == "/*":
        depth, position = 1, opening.end()
        while depth > 0 and (mark := re.compile(r"/\*|\*/").search(text, position)):
            depth += 1 if mark[0] == "/*" else -1
            position = mark.end()
        return position if depth == 0 else len(text)
    hashes, quotes = opening[1], opening[2]
    mark = re.compile(rf"{quotes}{hashes}|\\{hashes}\(?")
    position = opening.end()
    while found := mark.search(text, position):
        if not found[0].startswith("\\"):
            return found.end()
        if found[0].endswith("("):
            position = _end_of_interpolation(text, found.end())
        else:
            position = found.end() + 1
    return len(text)


def _end_of_interpolation(text, position):
    depth = 1
    sign = re.compile(rf"[()]|{_OPENING.pattern}")
    while depth > 0 and (found := sign.search(text, position)):
        position = found.end()
        if found[0] in "()":
            depth += 1 if found[0] == "(" else -1
        else:
            position = _end_of_literal(text, _OPENING.match(text, found.start()))
    return position if depth == 0 else len(text)


def closing(text, start):
    """The index of the bracket that closes the one at `start`, in text without literals."""
    depth = 0
    for index in range(start, len(text)):
        if text[index] in "([{":
            depth += 1
        elif text[index] in ")]}":
            depth -= 1
            if depth == 0:
                return index
    return len(text) - 1
