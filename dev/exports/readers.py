"""Readers that are not lavoir's: each gives the names and the rows of a table.

A value is a text, None where there is none, or what the reader makes of it. Each
takes the path and what a person found (see expected.tsv), never what lavoir guessed.
"""
import csv
import gzip
import io
import os


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
            joined.append(" ".join(p.strip() for p in (last, name) if p))
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

    without = about["notes"].get("without", "").replace("+", " ").split(",")
    with open(path, "rb") as f:
        version = f.read(1)[0]
    if version in (0x02, 0x8C):
        fields, records = old_dbf(path, about) if version == 0x02 else dbase7(path, about)
    else:
        table = DBF(path, encoding=about["encoding"] or "cp850", ignore_missing_memofile=True, char_decode_errors="strict", raw=False, recfactory=lambda items: [v for _, v in items])
        fields, records = table.field_names, [[plain_dbf(v, f.type) for f, v in zip(table.fields, r)] for r in table]
    keep = [i for i, n in enumerate(fields) if n not in without and n != "_NullFlags"]
    names = []
    for n in (fields[i] for i in keep):
        names.append("%s_%d" % (n, len(names) + 1) if n in names else n)  # by its place in the table
    return names, [[r[i] for i in keep] for r in records], 0


def old_dbf(path, about):
    """dBase II, which dbfread does not read: eight bytes, 32 descriptions of sixteen bytes, then records."""
    b = open(path, "rb").read()
    count, size, at, fields = int.from_bytes(b[1:3], "little"), int.from_bytes(b[6:8], "little"), 8, []
    while b[at] != 0x0D:
        fields.append((b[at:at + 11].split(b"\0")[0].decode("ascii"), b[at + 12]))
        at += 16
    return cut_dbf(b, 521, count, size, fields, about)


def dbase7(path, about):
    """dBase 7: its columns have descriptions of 48 bytes; + is an integer whose leftmost bit is turned."""
    b = open(path, "rb").read()
    count, start, size = int.from_bytes(b[4:8], "little"), int.from_bytes(b[8:10], "little"), int.from_bytes(b[10:12], "little")
    at, fields, whole = 68, [], set()
    while b[at] != 0x0D:
        if b[at + 32:at + 33] == b"+":
            whole.add(len(fields))
        fields.append((b[at:at + 32].split(b"\0")[0].decode("ascii"), b[at + 33]))
        at += 48
    names, rows = cut_dbf(b, start, count, size, fields, about, whole)
    return names, rows


def cut_dbf(b, start, count, size, fields, about, whole=()):
    rows = []
    for n in range(count):
        record = b[start + n * size:start + (n + 1) * size]
        if record[:1] != b" ":
            continue
        row, at = [], 1
        for i, (_, width) in enumerate(fields):
            cell = record[at:at + width]
            row.append(int.from_bytes(cell, "big") ^ 1 << 31 if i in whole else cell.decode(about["encoding"]).rstrip(" ") or None)
            at += width
        rows.append(row)
    return [n for n, _ in fields], rows


def plain_dbf(value, kind):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return (value if kind == "M" else value.rstrip(" ")) or None
    return value


def sheet_rows(rows, about):
    """Names and rows of a sheet given as lists: blank rows are none."""
    names, end = header_of(rows, about["header"])
    above = rows[int(about["header"][0] or 1) - 1:end]
    first = next((i for i in range(len(names)) if any(i < len(r) and text(r[i]) != "" for r in above)), 0) if about["header"][0] != "0" else 0
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

    book = xlrd.open_workbook(path, logfile=open(os.devnull, "w"))
    sheet = book.sheet_by_index(int(about["notes"].get("sheet", 1)) - 1)
    return sheet_rows([[c if c != "" else None for c in sheet.row_values(i)] for i in range(sheet.nrows)], about)


def read_ods(path, about):
    from odf.opendocument import load
    from odf.table import CoveredTableCell, Table, TableCell, TableRow
    from odf.teletype import extractText
    from odf.text import P

    cell, covered = TableCell().qname, CoveredTableCell().qname
    sheet = load(path).spreadsheet.getElementsByType(Table)[int(about["notes"].get("sheet", 1)) - 1]
    rows = []
    for r in sheet.getElementsByType(TableRow):
        cells = []
        for c in r.childNodes:
            if getattr(c, "qname", None) not in (cell, covered):
                continue
            kind = c.getAttribute("valuetype") if c.qname == cell else None  # what a merged cell covers is not seen
            value = None
            if kind in ("float", "currency", "percentage"):
                value = float(c.getAttribute("value"))
            elif kind == "date":
                value = c.getAttribute("datevalue")
            elif kind == "boolean":
                value = c.getAttribute("booleanvalue")
            elif kind is not None:
                value = "\n".join(extractText(p) for p in c.getElementsByType(P)) or None
            cells += [value] * min(int(c.getAttribute("numbercolumnsrepeated") or 1), 200)
        while cells and cells[-1] is None:
            cells.pop()
        rows += [cells] * (min(int(r.getAttribute("numberrowsrepeated") or 1), 2000) if cells else 1)
    return sheet_rows(rows, about)


class Number(str):
    """A number as the document writes it."""


def read_json(path, about):
    """The record a person named; nested objects are joined by _, arrays of anything but texts are left out."""
    import json

    node = json.load(open(path, encoding="utf-8-sig"), parse_float=Number, parse_int=Number)
    for key in filter(None, about["notes"].get("record", "").split(".")):
        node = node[key]
    records = node if isinstance(node, list) else [node]
    names, flat = [], []

    def walk(value, name, out):
        for key, v in value.items():
            n = name + key
            if isinstance(v, dict):
                walk(v, n + "_", out)
            elif isinstance(v, list) and any(e is not None and (not isinstance(e, str) or isinstance(e, Number)) for e in v):
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
    """Every value that comes at most once in the record a person named, lists of single values, and what comes once around
    the record and before it. Columns are called by their paths; "without" is what a person leaves out."""
    import json
    from lxml import etree

    if path.endswith(".zip"):
        import zipfile
        root = etree.fromstring(zipfile.ZipFile(path).read(about["notes"]["member"]))
    else:
        root = etree.parse(path).getroot()
    for e in list(root.iter(etree.Comment, etree.ProcessingInstruction)):
        if e.getparent() is not None:
            e.getparent().remove(e)
    local = lambda e: etree.QName(e).localname
    own = lambda e: [(etree.QName(a).localname, v) for a, v in e.attrib.items()
                     if not a.startswith("{http://www.w3.org/2001/XMLSchema-instance}") and not a.startswith("{http://www.w3.org/XML/")]
    record = about["notes"]["record"]
    anywhere = record.startswith("//")
    wanted = record.strip("/").split("/")
    lineage = lambda e: [local(a) for a in reversed(list(e.iterancestors()))] + [local(e)]
    records = [e for e in root.iter("{*}" + wanted[-1]) if anywhere or lineage(e) == wanted]
    without = [w for w in about["notes"].get("without", "").split(",") if w]

    most = {}  # how often a path below a record comes in one parent

    def count(e, path):
        seen = {}
        for c in e:
            seen[local(c)] = seen.get(local(c), 0) + 1
        for name, n in seen.items():
            most[path + name] = max(most.get(path + name, 0), n)
        for c in e:
            count(c, path + local(c) + "/")

    leaves, values = {}, {}  # whether a path has no elements below, and how many values it has

    def look(e, path):
        p = path + local(e)
        leaves[p] = leaves.get(p, True) and len(e) == 0
        kinds = values.setdefault(p, set())
        kinds.update("@" + a for a, _ in own(e))
        if (e.text or "").strip():
            kinds.add("")
        for c in e:
            look(c, p + "/")

    def cells(e, path, out, top, repeated=False):
        nested = lambda c: anywhere and local(c) == wanted[-1]
        for a, v in own(e):
            out.setdefault(path + "@" + a, []).append(v)
        if len(e) == 0 and (e.text or "").strip() and not top:
            out.setdefault(path[:-1], []).append(e.text)
        if len(e) == 0 and (e.text or "").strip() and top:
            out.setdefault(".", []).append(e.text)
        for c in e:
            p = path + local(c)
            if nested(c) or p in without:
                continue
            if most[p] > 1 and not (leaves[p] and len(values[p]) == 1 and not repeated):
                continue
            if most[p] > 1:
                lists.update(p + ("/" + k if k else "") for k in values[p])
            cells(c, p + "/", out, False, repeated or most[p] > 1)

    lists = set()
    for r in records:
        count(r, "")
        for c in r:
            look(c, "")
    inside, rows = [], []
    for r in records:
        out = {}
        cells(r, "", out, True)
        rows.append(out)
        for p in out:
            if p not in inside:
                inside.append(p)

    def around(r):
        out = {}
        if anywhere:  # what comes once in the document, before the first record
            once = {}
            for e in root.iter():
                once.setdefault("/" + "/".join(lineage(e)), []).append(e)
            first = list(root.iter()).index(records[0])
            order = {id(e): n for n, e in enumerate(root.iter())}

            def walk(e, path):
                if len(once[path]) > 1 or order[id(e)] >= first:
                    return
                for a, v in own(e):
                    out[path + "/@" + a] = v
                if len(e) == 0 and (e.text or "").strip():
                    out[path] = e.text
                for c in e:
                    walk(c, path + "/" + local(c))
            walk(root, "/" + local(root))
            return out
        branch = r
        while branch.getparent() is not None:
            outer = branch.getparent()
            path = "/" + "/".join(lineage(outer))
            for a, v in own(outer):
                out[path + "/@" + a] = v
            for c in outer:
                if local(c) != local(branch) and once_before(path, local(c), local(branch)):
                    deep(c, path + "/" + local(c), out)
            branch = outer
        return out

    judged = {}

    def once_before(path, name, branch):
        """Whether the element comes at most once in every such parent, and never behind the branch of the records."""
        key = (path, name, branch)
        if key not in judged:
            judged[key] = True
            for outer in root.iter():
                if "/" + "/".join(lineage(outer)) != path:
                    continue
                order = [local(c) for c in outer]
                if order.count(name) > 1 or name in order and branch in order and order.index(name) > order.index(branch):
                    judged[key] = False
        return judged[key]

    single = {}
    for e in root.iter():
        seen = {}
        for c in e:
            seen[local(c)] = seen.get(local(c), 0) + 1
        for name, n in seen.items():
            key = "/" + "/".join(lineage(e)) + "/" + name
            single[key] = max(single.get(key, 0), n)

    def deep(e, path, out):
        for a, v in own(e):
            out[path + "/@" + a] = v
        if len(e) == 0 and (e.text or "").strip():
            out[path] = e.text
        for c in e:
            if single[path + "/" + local(c)] <= 1:
                deep(c, path + "/" + local(c), out)

    if records and records[0] is not root:
        for r, row in zip(records, rows):
            for p, v in around(r).items():
                row[p] = [v]
                if p not in inside:
                    inside.append(p)
    table = []
    for row in rows:
        line = []
        for p in inside:
            found = row.get(p)
            if found is None:
                line.append(None)
            elif p in lists:
                line.append(json.dumps(found, ensure_ascii=False, separators=(",", ":")))
            else:
                line.append(found[0])
        table.append(line)
    about["lists"] = lists
    return inside, table, 0


def read_fixed(path, about):
    """The positions that a person took from the description of the file; lines with nothing at "except" are of another kind."""
    spans = [f.partition(":")[::2] for f in about["notes"]["fields"].split(",")]

    def cut(line, span):
        first, ranged, last = span.partition("-")
        end = int(last) if last else None if ranged else int(first)
        return line[int(first) - 1:end].decode(about["encoding"]).replace("\0", " ").strip(" ") or None

    lines = [l.rstrip(b"\r") for l in open(path, "rb").read().split(b"\n")]
    rows = [[cut(l, s) for _, s in spans] for l in lines if l and cut(l, about["notes"]["except"])]
    return [n for n, _ in spans], rows, 0


def read_parquet(path, about):
    import json
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(path)
    def plain(v):
        if isinstance(v, list):
            return json.dumps([str(e) for e in v], ensure_ascii=False, separators=(",", ":"))
        return {True: "true", False: "false"}[v] if isinstance(v, bool) else v

    columns = [[plain(v) for v in table.column(i).to_pylist()] for i in range(table.num_columns)]
    return table.column_names, [list(r) for r in zip(*columns)], 0


READERS = {"fixed": read_fixed, "parquet": read_parquet, "csv": read_csv, "dbf": read_dbf, "xlsx": read_xlsx, "xls": read_xls, "ods": read_ods, "json": read_json, "xml": read_xml}
