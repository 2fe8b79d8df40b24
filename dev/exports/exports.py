"""The table of all exports: see run."""
import csv
import fnmatch
import json
import os
import re
import shutil
import subprocess
import sys
import time
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

import readers

LAVOIR, DATA, WORK = sys.argv[1:4]
HERE = os.path.dirname(os.path.abspath(__file__))
FOLDERS = "subventions cantine bal csv-detective dbf rh-agents fantoir totem pes actes decp".split()
# What stands beside the exports and is none.
BESIDE = re.compile(r"LICENSE$|_summary\.txt$|_schema_\w+\.txt$|_record_\d\.yml$|(?i:\.(dbt|fpt|dbc|dct|dcx|cdx))$|subventions/schema\.json$")


def files():
    for folder in FOLDERS:
        for root, _, names in os.walk(os.path.join(DATA, folder)):
            for name in names:
                path = os.path.relpath(os.path.join(root, name), DATA)
                if not BESIDE.search(path):
                    yield path


def expectations():
    out = []
    with open(os.path.join(HERE, "expected.tsv"), encoding="utf-8") as f:
        for line in f:
            if line.startswith("#") or not line.strip():
                continue
            cells = line.rstrip("\n").split("\t")
            cells += [""] * (8 - len(cells))
            pattern, verdict, form, encoding, delimiter, header, notes, types = cells[:8]
            if len(line.rstrip("\n").split("\t")) == 7:  # no notes
                notes, types = "", cells[6]
            about = {"verdict": verdict, "why": form, "format": form, "encoding": encoding, "delimiter": delimiter, "header": header or "1",
                     "notes": dict((n.partition("=")[0], n.partition("=")[2]) for n in notes.split()),
                     "types": [t.partition("=")[::2] for t in types.split("|") if t]}
            out.append((pattern, about))
    return out


def differences():
    out = {}
    with open(os.path.join(HERE, "differences.tsv"), encoding="utf-8") as f:
        for line in f:
            if not line.startswith("#") and "\t" in line:
                path, why = line.rstrip("\n").split("\t", 1)
                out[path] = why
    return out


def lavoir(*args, cwd=None):
    return subprocess.run([LAVOIR, *args], cwd=cwd, capture_output=True, text=True, timeout=300)


def same_type(wanted, got):
    m = re.match(r"decimal\(\*, (.*)\)$", wanted)
    if m:
        g = re.match(r"decimal\((\d+), (\d+)\)$", got)
        return bool(g) and m.group(1) in ("*", g.group(2))
    return wanted == got


def expected_type(about, name, empty):
    if empty:
        return "text"
    for pattern, kind in about["types"]:
        if fnmatch.fnmatchcase(name, pattern):
            return kind
    return "text"


def plain(value, kind, about):
    """A value of the independent reader, in the text of lavoir's CSV."""
    if value is None:
        return ""
    if kind.startswith("timestamp"):
        return instant(value, kind)
    if isinstance(value, datetime) and kind.startswith("date"):
        value = value.date()
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, datetime):  # a workbook's number, where no date is declared
        value = (value - datetime(1899, 12, 30)).total_seconds() / 86400
    if isinstance(value, float) and about["format"] in ("xls", "xlsx", "ods"):  # a workbook promises fifteen digits
        value = float("%.15g" % value)
    if isinstance(value, float) and value == int(value):
        value = int(value)
    if kind == "date" and isinstance(value, (int, float)):
        return (datetime(1899, 12, 30) + timedelta(days=value)).date().isoformat()
    s = str(value)
    if kind != "text":
        s = s.strip(" \t\r\n\u00a0\u202f")
    if s == "" or s in about["notes"].get("null", "").split(","):
        return ""
    if kind.startswith("decimal") or kind in ("int64", "float64"):
        s = s.replace(" ", "").replace("\u00a0", "").replace("\u202f", "")
        if "," in s and "." not in s:
            s = s.replace(",", ".")
        return Decimal(s)
    if kind == "bool":
        return {"true": "true", "oui": "true", "vrai": "true", "1": "true"}.get(s.lower(), "false")
    m = re.match(r'date\("(.*)"\)$', kind)
    if m:
        form = m.group(1).replace("YYYY", "%Y").replace("MM", "%m").replace("DD", "%d").replace("D", "%d").replace("M", "%m").replace("%%", "%")
        return datetime.strptime(s, form).date().isoformat()
    return s


def instant(value, kind):
    """A clock time in UTC, of a text, a workbook's number or what a reader makes of it."""
    if isinstance(value, float):
        value = datetime(1899, 12, 30) + timedelta(milliseconds=round(value * 86400e3))
    if isinstance(value, str):
        value = datetime.fromisoformat(value.strip().replace("Z", "+00:00"))
    if value.tzinfo is None:
        value = value.replace(tzinfo=ZoneInfo(re.search(r'"([^"]*)"\)$', kind).group(1)))
    return value.astimezone(timezone.utc)


def all_out(guess):
    """The proposal with every column let out, to see all of what was read."""
    text = guess["pipeline"]
    names = [c["name"] for c in guess["columns"]]
    text = re.sub(r"\n    personal = \[.*?\]\n", "\n", text, flags=re.S)
    quote = lambda s: json.dumps(s, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")
    reasons = "".join("      %s = \"compared\"\n" % quote(n) for n in names)
    text = re.sub(r"(\n    path +=.*\n)", lambda m: m.group(1) + "    not_personal = {\n" + reasons + "    }\n", text, count=0)
    text = re.sub(r"public = \[.*?\n    \]", lambda m: "public = [" + ", ".join(quote(n) for n in names) + "]", text, flags=re.S)
    # What a text may name somebody by is let out too: the gate would refuse it, unless it is expected.
    kinds = ", ".join(quote(k) for k in ("iban", "email", "phone", "plate", "birth", "name"))
    expect = "".join("    expect %s {\n      kinds  = [%s]\n      reason = \"compared\"\n    }\n" % (quote(c["name"]), kinds) for c in guess["columns"] if c["type"] == "text")
    text = re.sub(r"(\n  privacy \{\n)", lambda m: m.group(1) + expect, text)
    return re.sub(r'(pipeline "[^"]+" \{)', r'\1' + '\n  on_reject = "drop"\n', text)


def published(folder):
    for root, _, names in os.walk(os.path.join(folder, "published")):
        if "releases" in root:
            continue
        for n in names:
            if n.endswith(".csv"):
                with open(os.path.join(root, n), encoding="utf-8", newline="") as f:
                    rows = list(csv.reader(f))
                return rows[0], rows[1:]
    return None, None


def project(name, text):
    folder = os.path.join(WORK, name)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    with open(os.path.join(folder, "guess.hcl"), "w", encoding="utf-8") as f:
        f.write(text)
    return folder


def judge(path, about):
    """One line of the table: figures, and what is not as it should be."""
    out = {"rows": "", "columns": "", "sums": "", "rejects": "", "seconds": "", "wrong": []}
    start = time.monotonic()
    got = lavoir("guess", "--output", "json", os.path.join(DATA, path))
    if got.returncode != 0:
        out["wrong"].append("guess: " + ((got.stderr or got.stdout).strip().splitlines() or ["exit %d" % got.returncode])[0])
        return out
    guess = json.loads(got.stdout)
    predicted = sum(r["count"] for r in guess["rejects"])
    # unchanged
    folder = project("run", guess["pipeline"])
    run = lavoir("run", "guess.hcl", cwd=folder)
    out["seconds"] = "%.2f" % (time.monotonic() - start)
    want = int(about["verdict"].split()[1]) if about["verdict"].startswith("rejects") else 0
    if predicted != want:
        out["wrong"].append("%d rejects predicted, %d expected" % (predicted, want))
    if want == 0 and run.returncode != 0:
        out["wrong"].append("run: exit %d %s" % (run.returncode, ((run.stderr + run.stdout).strip().splitlines() or [""])[-1]))
    if want > 0 and run.returncode == 0:
        out["wrong"].append("run: rejects were expected")
    # what was read, all of it
    folder = project("all", all_out(guess))
    everything = lavoir("run", "guess.hcl", cwd=folder)
    names, rows = published(folder)
    if about["format"] not in readers.READERS:
        out["wrong"].append("no independent reader")
        return out
    their_names, their_rows, their_rejects = readers.READERS[about["format"]](os.path.join(DATA, path), about)
    order = [c["name"] for c in guess["columns"]]
    if about["format"] == "xml":  # columns are judged by their paths
        paths = dict((json.loads(n) if n.startswith('"') else n, json.loads(p)) for n, p in re.findall(r'^("[^"\n]+"|[^"\n ]+)\s+= (".*")$', guess["options"]["fields"], flags=re.M))
        order = [paths[n] for n in order]
        guess["columns"] = [dict(c, name=paths[c["name"]]) for c in guess["columns"]]
        record = json.loads(guess["options"]["record"])
        if record != [about["notes"]["record"]]:
            out["wrong"].append("record is %s" % ", ".join(record))
            return out
    if about["format"] in ("json", "xml") and sorted(order) == sorted(their_names):  # keys and paths have no order
        their_rows = [[r[their_names.index(n)] for n in order] for r in their_rows]
        their_names = order
    # the dialect a person found
    for option, default in (("encoding", "utf-8"), ("delimiter", ",")):
        if about["format"] == "csv" and json.loads(guess["options"].get(option, json.dumps(default))) != about[option]:
            out["wrong"].append("%s is %s" % (option, guess["options"].get(option)))
    if guess["format"] != about["format"]:
        out["wrong"].append("format is %s" % guess["format"])
    if about["format"] == "csv":
        header = guess["options"].get("header", "1") + ("+" + guess["options"]["header_rows"] if "header_rows" in guess["options"] else "")
        if header != about["header"]:
            out["wrong"].append("header is %s" % header)
    # types
    nulls = about["notes"].get("null", "\0").split(",")
    types = []
    for i, name in enumerate(their_names):
        empty = all(i >= len(r) or text_of(r[i]) in ("", *nulls) for r in their_rows)
        types.append(expected_type(about, name, empty))
    got_types = {c["name"]: c["type"] for c in guess["columns"]}
    for name, wanted in zip(their_names, types):
        if not same_type(wanted, got_types.get(name, "absent")):
            out["wrong"].append("%s is %s and not %s" % (name, got_types.get(name, "absent"), wanted))
    out["columns"], out["rejects"] = len(guess["columns"]), predicted
    if order != list(their_names):
        missing, more = [n for n in their_names if n not in order], [n for n in order if n not in their_names]
        out["wrong"].append("columns differ, missing %s, more %s" % (missing[:3], more[:3]))
        return out
    # figures
    if rows is None:
        rows = []
        if their_rows and want < len(their_rows) + their_rejects:
            out["wrong"].append("nothing came out: exit %d %s" % (everything.returncode, ((everything.stderr + everything.stdout).strip().splitlines() or [""])[0]))
            return out
    out["rows"] = len(rows)
    misfits = want - their_rejects
    if len(rows) + misfits != len(their_rows):
        out["wrong"].append("%d rows, %d by the other reader" % (len(rows), len(their_rows)))
        return out
    sums = []
    for i, (name, kind) in enumerate(zip(their_names, types)):
        kind = got_types[name] if not same_type(kind, got_types[name]) else kind
        try:
            theirs = [plain(r[i], kind, about) for r in their_rows]
        except (InvalidOperation, ValueError):
            if misfits == 0:
                out["wrong"].append("%s: the other reader's value is no %s" % (name, kind))
            continue
        ours = [r[i] for r in rows]
        if kind.startswith("decimal"):
            sums.append("%s=%s" % (name[:24], sum(Decimal(v) for v in ours if v)))
        if misfits:
            continue
        if kind.startswith("decimal") or kind in ("int64", "float64"):
            ours = [Decimal(v) if v else "" for v in ours]
        if kind.startswith("timestamp"):
            ours = [instant(v, kind) if v else "" for v in ours]
        if ours != theirs:
            n = next(k for k in range(len(ours)) if ours[k] != theirs[k])
            out["wrong"].append("%s differs, first in row %d" % (name, n + 1))
    out["sums"] = " ".join(sums[:2]) + (" +%d" % (len(sums) - 2) if len(sums) > 2 else "")
    return out


def refusal(path):
    """What lavoir says of a file that holds no table, "" when it publishes it and says nothing."""
    got = lavoir("guess", "--output", "json", os.path.join(DATA, path))
    if got.returncode == 0 and any(e["code"] == "LAV-4709" for e in json.loads(got.stdout)["evidence"]):
        return "LAV-4709"  # no delimiter makes a table of it
    if got.returncode == 0:
        got = lavoir("run", "guess.hcl", cwd=project("run", json.loads(got.stdout)["pipeline"]))
    codes = re.findall(r"LAV-\d+", got.stderr + got.stdout)
    return codes[0] if got.returncode and codes else ""


def text_of(value):
    return "" if value is None else str(value).strip(" \t\r\n\u00a0\u202f")


def main():
    shutil.rmtree(WORK, ignore_errors=True)
    wanted, explained = expectations(), differences()
    readable = works = failed = 0
    print("file\trows\tcolumns\tsums\trejects\tseconds\tfinding")
    for path in sorted(files()):
        about = next((a for p, a in wanted if fnmatch.fnmatchcase(path, p)), None)
        if about is None:
            print("%s\t\t\t\t\t\tNOT EXPECTED: no line of expected.tsv is for it" % path)
            failed += 1
            continue
        if about["verdict"] == "refused":
            what = refusal(path)
            print("%s\t\t\t\t\t\trefused: %s; lavoir says %s" % (path, about["why"], what or "NOTHING AND READS IT"), flush=True)
            failed += not what
            continue
        readable += 1
        try:
            r = judge(path, about)
        except Exception as e:  # one file is not all of them
            r = {"rows": "", "columns": "", "sums": "", "rejects": "", "seconds": "", "wrong": ["%s: %s" % (type(e).__name__, e)]}
        finding = "equal"
        if r["wrong"]:
            finding = "; ".join(r["wrong"][:4])
            if path in explained:
                finding += " (explained: %s)" % explained[path]
            else:
                failed += 1
        else:
            works += 1
        print("\t".join(str(x) for x in (path, r["rows"], r["columns"], r["sums"], r["rejects"], r["seconds"], finding)), flush=True)
    ratio = works / readable if readable else 0
    print("RATIO guess-then-run %.3f 0.900 (%d of %d readable files work unchanged, with the types a person gave them)" % (ratio, works, readable))
    if ratio < 0.9 or failed:
        print("exports: %d files differ from what is expected, and no line of differences.tsv says why" % failed)
        return 1
    return 0


sys.exit(main())
