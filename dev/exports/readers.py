"""Readers that are not lavoir's: each gives the names and the rows of a table.

A value is a text, None where there is none, or what the reader makes of it. Each
takes the path and what a person found (see expected.tsv), never what lavoir guessed.
"""
import csv
import gzip
import io


def header_of(rows, wanted):
    """Names as expected.tsv says where they stand: 0, n, or n+2 for two rows."""
    first, _, two = wanted.partition("+")
    first = int(first)
    if first == 0:
        width = max((len(r) for r in rows), default=0)
        return ["column_%d" % (i + 1) for i in range(width)], 0
    names = [text(c) for c in rows[first - 1]]
    end = first
    if two:
        below, last, joined = [text(c) for c in rows[first]], "", []
        for above, name in zip(names, below):
            last = above or last
            joined.append(" ".join(p for p in (last, name) if p))
        names, end = joined, first + 1
    out = []
    for i, name in enumerate(names):
        name = name.strip(" \t\r\n\u00a0\u202f") or "column_%d" % (i + 1)
        base, n = name, 2
        while name in out:
            name = "%s_%d" % (base, n)
            n += 1
        out.append(name)
    return out, end


def text(value):
    return "" if value is None else str(value)


def read_csv(path, about):
    raw = open(path, "rb").read()
    if path.endswith(".gz"):
        raw = gzip.decompress(raw)
    encoding = about["encoding"]
    if encoding == "utf-8":
        encoding = "utf-8-sig"
    if raw.startswith(b"\xef\xbb\xbf"):  # some programs put the mark before cp1252 too
        raw = raw[3:]
    body = raw.decode(encoding)
    rows = list(csv.reader(io.StringIO(body, newline=""), delimiter=about["delimiter"], strict=False))
    names, end = header_of(rows, about["header"])
    kept, rejects = [], 0
    for r in rows[end:]:
        if not r or all(c == "" for c in r) or r == rows[max(end - 1, 0)][: len(r)] and "skip_repeated_header" in about["notes"]:
            continue
        if len(r) != len(names):
            rejects += 1
            continue
        kept.append(r)
    footer = int(about["notes"].get("skip_footer", 0))
    if footer:
        kept = kept[:-footer]
    return names, kept, rejects


READERS = {"csv": read_csv}
