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


def read_dbf(path, about):
    from dbfread import DBF

    table = DBF(path, encoding=about["encoding"] or "cp850", ignore_missing_memofile=True, char_decode_errors="strict", raw=False)
    without = about["notes"].get("without", "").split(",")
    names = [n for n in table.field_names if n not in without and n != "_NullFlags"]
    return names, [[plain_dbf(r[n]) for n in names] for r in table], 0


def plain_dbf(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value.rstrip() or None
    return value


def sheet_rows(rows, about):
    """Names and rows of a sheet given as lists: blank rows are none."""
    names, end = header_of(rows, about["header"])
    first = next((i for i, n in enumerate(rows[int(about["header"][0] or 1) - 1]) if text(n) != ""), 0) if about["header"][0] != "0" else 0
    if about["header"][0] != "0":
        while names and names[-1].startswith("column_") and text(rows[end - 1][len(names) - 1] if len(names) <= len(rows[end - 1]) else "") == "":
            names.pop()
    names = names[first:]
    kept = []
    for r in rows[end:]:
        r = (list(r) + [None] * len(names))[first:first + len(names)]
        if any(text(c) != "" for c in r):
            kept.append(r)
    footer = int(about["notes"].get("skip_footer", 0))
    return names, kept[:-footer] if footer else kept, 0


def read_xlsx(path, about):
    import openpyxl

    book = openpyxl.load_workbook(path, data_only=True)
    sheet = book.worksheets[int(about["notes"].get("sheet", 1)) - 1]
    return sheet_rows([[c.value for c in row] for row in sheet.iter_rows()], about)


def read_xls(path, about):
    import xlrd

    book = xlrd.open_workbook(path)
    sheet = book.sheet_by_index(int(about["notes"].get("sheet", 1)) - 1)
    return sheet_rows([[c if c != "" else None for c in sheet.row_values(i)] for i in range(sheet.nrows)], about)


def read_ods(path, about):
    import zipfile
    import xml.etree.ElementTree as ET

    office = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
    table = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
    body = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
    root = ET.fromstring(zipfile.ZipFile(path).read("content.xml"))
    sheet = list(root.iter(table + "table"))[int(about["notes"].get("sheet", 1)) - 1]
    rows = []
    for r in sheet.iter(table + "table-row"):
        cells = []
        for c in r:
            if c.tag not in (table + "table-cell", table + "covered-table-cell"):
                continue
            kind = c.get(office + "value-type")
            value = None
            if kind in ("float", "currency", "percentage"):
                value = float(c.get(office + "value"))
            elif kind == "date":
                value = c.get(office + "date-value")
            elif kind == "boolean":
                value = c.get(office + "boolean-value")
            elif kind is not None:
                value = "\n".join("".join(p.itertext()) for p in c.iter(body + "p")) or None
            cells += [value] * min(int(c.get(table + "number-columns-repeated", 1)), 200)
        while cells and cells[-1] is None:
            cells.pop()
        rows += [cells] * (min(int(r.get(table + "number-rows-repeated", 1)), 2000) if cells else 1)
    return sheet_rows(rows, about)


def read_json(path, about):
    """The record a person named; nested objects are joined by _, arrays of objects are left out."""
    import json

    node = json.load(open(path, encoding="utf-8-sig"), parse_float=str, parse_int=str)
    for key in filter(None, about["notes"].get("record", "").split(".")):
        node = node[key]
    records = node if isinstance(node, list) else [node]
    names, flat = [], []

    def walk(value, name, out):
        for key, v in value.items():
            n = name + key
            if isinstance(v, dict):
                walk(v, n + "_", out)
            elif isinstance(v, list) and any(isinstance(e, (dict, list)) for e in v):
                continue
            else:
                if isinstance(v, list):
                    v = json.dumps(v, ensure_ascii=False, separators=(",", ":"))
                elif isinstance(v, bool):
                    v = "true" if v else "false"
                out[n] = v
                if n not in names:
                    names.append(n)
    for r in records:
        out = {}
        walk(r, "", out)
        flat.append(out)
    return names, [[o.get(n) for n in names] for o in flat], 0


def read_xml(path, about):
    """The paths that lavoir proposes, followed by lxml."""
    import json
    from lxml import etree

    root = etree.parse(path).getroot()
    local = lambda p: "/".join(s if s in ("", ".", "..") or s.startswith("@") and ":" in s else
                               "@*[local-name()='%s']" % s[1:] if s.startswith("@") else "*[local-name()='%s']" % s for s in p.split("/"))
    names, rows = [n for n, _ in about["fields"]], []
    for r in root.xpath(local(about["record"])):
        row = []
        for name, path in about["fields"]:
            found = [f if isinstance(f, str) else (f.text or "") for f in r.xpath(local(path))]
            if name in about["lists"]:
                row.append(json.dumps([f for f in found], ensure_ascii=False, separators=(",", ":")) if found else None)
            else:
                row.append(found[0] if found else None)
        rows.append(row)
    return names, rows, 0


READERS = {"csv": read_csv, "dbf": read_dbf, "xlsx": read_xlsx, "xls": read_xls, "ods": read_ods, "json": read_json, "xml": read_xml}
