"""Measures how lavoir reads files as they come beside the tools a user would take.

    make bench-files [MB=300] [N=3] [WORKS="xml json fixed dbf xlsx"] [PEERS=none]

Each file is made here, of invented data; every contestant reads it and writes the
same columns to a CSV file. lavoir's time is that of a whole run: reading, typing,
sealing, verifying from the bytes, publishing. Before a time counts, rows and the
sum of the amounts must be those the file was made with.
"""

import csv
import decimal
import fcntl

import os
import pathlib
import shutil
import statistics
import struct
import subprocess
import sys
import zipfile

import bench

HERE = pathlib.Path(__file__).resolve().parent
MB = int(os.environ.get("MB") or 300)
N = int(os.environ.get("N") or 3)
ALONE = os.environ.get("PEERS") == "none"
PEERS = {"lxml": "6.1.3", "openpyxl": "3.1.5", "python-calamine": "0.9.1", "pandas": "3.1.1", "dbfread": "2.0.7", "duckdb": "2.0.1"}
GOALS = {"xml": 3, "xlsx": 1.5, "json": 1, "fixed": 10, "dbf": 10}
KINDS = 997 # distinct rows; the rest is these again, with numbers of their own


def rows():
    """Rows of one size: number, name, SIRET, commune, day, amount in cents."""
    towns = ["Val-Fleuri", "Saint-Rémy-sur-Orne", "Le Lavoir", "Bourg-la-Fontaine", "Œuilly"]
    for i in range(KINDS):
        yield (f"Association {i:04d} des amis du lavoir", f"{99900000000000 + i * 7919:014d}", towns[i % len(towns)],
               f"2024-{i % 12 + 1:02d}-{i % 28 + 1:02d}", 1000 + i * 137)


ROWS = list(rows())


def amount(cents):
    return f"{cents // 100}.{cents % 100:02d}"


class File:
    """A file in the making: bodies of KINDS rows until it is large enough."""

    def __init__(self, kind, head, row, tail, encoding="utf-8"):
        self.path = bench.CACHE / "files" / f"{kind}-{MB}.{kind}"
        self.note = self.path.with_suffix(".note")
        if not self.note.exists():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            bench.say(f"making {self.path.name}")
            count = 0
            with open(self.path, "wb") as out:
                out.write(head.encode(encoding))
                while out.tell() < MB * 1_000_000:
                    body = "".join(row(count + i, *r) for i, r in enumerate(ROWS))
                    out.write(body.encode(encoding))
                    count += KINDS
                out.write(tail.encode(encoding))
            self.note.write_text(str(count))
        self.rows = int(self.note.read_text())
        self.cents = self.rows // KINDS * sum(r[4] for r in ROWS)


def xml():
    return File("xml", '<?xml version="1.0" encoding="UTF-8"?>\n<Export xmlns="urn:exemple:lavoir">\n  <Lignes>\n',
                lambda n, name, siret, town, day, cents: f'    <Ligne>\n      <Numero V="{n}"/>\n      <Nom V="{name}"/>\n      <Siret V="{siret}"/>\n'
                f'      <Commune V="{town}"/>\n      <Date V="{day}"/>\n      <MtBudgPrec V="0"/>\n      <MtPropNouv V="{amount(cents)}"/>\n      <CodRD V="D"/>\n    </Ligne>\n',
                "  </Lignes>\n</Export>\n")


def json_():
    f = File("json", '{"export": {"lignes": [\n',
             lambda n, name, siret, town, day, cents: f'{"" if n == 0 else ","}{{"numero": {n}, "beneficiaire": {{"nom": "{name}", "siret": "{siret}"}}, "commune": "{town}", "date": "{day}", "montant": {amount(cents)}}}\n',
             "]}}\n")
    return f


def fixed():
    return File("fixed", "", lambda n, name, siret, town, day, cents: f"{n:010d}{name:<40}{siret}{town:<20}{day}{amount(cents):>12}\n", "", "cp1252")


def dbf():
    path = bench.CACHE / "files" / f"dbf-{MB}.dbf"
    count = MB * 1_000_000 // 107 // KINDS * KINDS
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        bench.say(f"making {path.name}")
        fields = [("NUMERO", b"N", 10, 0), ("NOM", b"C", 40, 0), ("SIRET", b"C", 14, 0), ("COMMUNE", b"C", 20, 0), ("JOUR", b"D", 8, 0), ("MONTANT", b"N", 14, 2)]
        with open(path.with_suffix(".new"), "wb") as out:
            out.write(struct.pack("<BBBBIHH16xBB2x", 3, 124, 1, 1, count, 32 + 32 * len(fields) + 1, 107, 0, 3))
            for name, kind, size, decimals in fields:
                out.write(struct.pack("<11sc4xBB14x", name.encode(), kind, size, decimals))
            out.write(b"\r")
            for start in range(0, count, KINDS):
                out.write("".join(f" {start + i:10d}{name:<40}{siret}{town:<20}{day.replace('-', '')}{amount(cents):>14}"
                                  for i, (name, siret, town, day, cents) in enumerate(ROWS)).encode("cp1252"))
            out.write(b"\x1a")
        path.with_suffix(".new").rename(path)
    f = File.__new__(File)
    f.path, f.rows, f.cents = path, count, count // KINDS * sum(r[4] for r in ROWS)
    return f


def xlsx():
    """A sheet of inline numbers and shared texts, as Excel writes it; MB counts the sheet's XML."""
    path = bench.CACHE / "files" / f"xlsx-{MB}.xlsx"
    note = path.with_suffix(".note")
    if not note.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        bench.say(f"making {path.name}")
        texts, index = [], {}

        def shared(t):
            if t not in index:
                index[t] = len(texts)
                texts.append(t)
            return index[t]

        ids = [(shared(r[0]), shared(r[1]), shared(r[2])) for r in ROWS]
        names = [shared(n) for n in ("numero", "nom", "siret", "commune", "jour", "montant")]
        count, written, limit = 0, 0, 1_048_000
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as z:
            z.writestr("[Content_Types].xml", '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/><Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/></Types>')
            z.writestr("_rels/.rels", '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>')
            z.writestr("xl/workbook.xml", '<?xml version="1.0"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Export" sheetId="1" r:id="rId1"/></sheets></workbook>')
            z.writestr("xl/_rels/workbook.xml.rels", '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" Target="sharedStrings.xml"/></Relationships>')
            with z.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as out:
                out.write(b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>')
                out.write(('<row r="1">' + "".join(f'<c r="{c}1" t="s"><v>{s}</v></c>' for c, s in zip("ABCDEF", names)) + "</row>").encode())
                while written < MB * 1_000_000 and count + KINDS < limit:
                    body = "".join(
                        f'<row r="{count + i + 2}"><c r="A{count + i + 2}"><v>{count + i}</v></c><c r="B{count + i + 2}" t="s"><v>{ids[i][0]}</v></c>'
                        f'<c r="C{count + i + 2}" t="s"><v>{ids[i][1]}</v></c><c r="D{count + i + 2}" t="s"><v>{ids[i][2]}</v></c>'
                        f'<c r="E{count + i + 2}"><v>{45292 + i % 365}</v></c><c r="F{count + i + 2}"><v>{r[4] / 100!r}</v></c></row>' for i, r in enumerate(ROWS)).encode()
                    out.write(body)
                    written, count = written + len(body), count + KINDS
                out.write(b"</sheetData></worksheet>")
            z.writestr("xl/sharedStrings.xml", '<?xml version="1.0" encoding="UTF-8"?><sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">' + "".join(f"<si><t>{t}</t></si>" for t in texts) + "</sst>")
        note.write_text(str(count))
    f = File.__new__(File)
    f.path, f.rows = path, int(note.read_text())
    f.cents = f.rows // KINDS * sum(r[4] for r in ROWS)
    return f


# How lavoir is told to read each; the columns come in one order everywhere.
FORMATS = {
    "xml": '''format "xml" {
      record  = ["/Export/Lignes/Ligne"]
      fields  = { numero = "Numero/@V", nom = "Nom/@V", siret = "Siret/@V", commune = "Commune/@V", jour = "Date/@V", montant = "MtPropNouv/@V" }
      columns = { numero = int64, jour = date, montant = decimal(14, 2) }
    }''',
    "json": '''format "json" {
      record  = "export.lignes"
      fields  = { numero = "numero", nom = "beneficiaire.nom", siret = "beneficiaire.siret", commune = "commune", jour = "date", montant = "montant" }
      columns = { numero = int64, jour = date, montant = decimal(14, 2) }
    }''',
    "fixed": '''format "fixed" {
      encoding = "cp1252"
      fields   = { numero = "1-10", nom = "11-50", siret = "51-64", commune = "65-84", jour = "85-94", montant = "95-106" }
      columns  = { numero = int64, jour = date, montant = decimal(14, 2) }
    }''',
    "dbf": '''format "dbf" {
      columns = { NUMERO = int64, JOUR = date, MONTANT = decimal(14, 2) }
    }''',
    "xlsx": '''format "xlsx" {
      columns = { numero = int64, jour = date, montant = decimal(14, 2) }
    }''',
}

PIPELINE = '''project {
  memory = "128MiB"
  state  = "state"
}
connection "local" "data" {
  path = "%(folder)s"
}
connection "local" "portal" {
  path = "published"
}
pipeline "lignes" {
  authorization {
    allowed   = true
    reference = "invented data"
  }
  source "file" "lignes" {
    connection   = connection.local.data
    path         = "%(name)s"
    not_personal = { %(nom)s = "invented", %(siret)s = "invented" }
    %(format)s
  }
  privacy {
    public = [%(columns)s]
  }
  load "local" "portal" {
    connection = connection.local.portal
    file "csv" {}
  }
}
'''

# What others do: a program each, that writes out.csv and stands for itself.
PROGRAMS = {
    "xml": {"lxml.iterparse": ("lxml", '''
import csv, sys
from lxml import etree
n = "{urn:exemple:lavoir}"
w = csv.writer(open("out.csv", "w", newline="", encoding="utf-8"))
w.writerow(["numero", "nom", "siret", "commune", "jour", "montant"])
for _, e in etree.iterparse(sys.argv[1], events=("end",), tag=n + "Ligne"):
    w.writerow([e.find(n + k).get("V") for k in ("Numero", "Nom", "Siret", "Commune", "Date", "MtPropNouv")])
    e.clear()
    while e.getprevious() is not None:
        del e.getparent()[0]
''')},
    "json": {"DuckDB": ("duckdb", '''
import duckdb, sys
c = duckdb.connect()
c.execute("set threads=2")
c.execute("""copy (select l.numero, l.beneficiaire.nom as nom, l.beneficiaire.siret as siret, l.commune, l."date" as jour, l.montant from (
  select unnest(export.lignes) as l from read_json(?, maximum_object_size=2000000000, columns={export: 'STRUCT(lignes STRUCT(numero BIGINT, beneficiaire STRUCT(nom VARCHAR, siret VARCHAR), commune VARCHAR, "date" DATE, montant DECIMAL(14,2))[])'})))
  to 'out.csv' (header)""", [sys.argv[1]])
''')},
    "fixed": {"pandas.read_fwf": ("pandas", '''
import pandas, sys
d = pandas.read_fwf(sys.argv[1], colspecs=[(0, 10), (10, 50), (50, 64), (64, 84), (84, 94), (94, 106)], header=None, encoding="cp1252", dtype=str,
  names=["numero", "nom", "siret", "commune", "jour", "montant"])
d.to_csv("out.csv", index=False)
'''), "a loop in Python": ("", '''
import csv, sys
w = csv.writer(open("out.csv", "w", newline="", encoding="utf-8"))
w.writerow(["numero", "nom", "siret", "commune", "jour", "montant"])
for l in open(sys.argv[1], encoding="cp1252"):
    w.writerow([l[:10].lstrip("0") or "0", l[10:50].rstrip(), l[50:64], l[64:84].rstrip(), l[84:94], l[94:106].strip()])
''')},
    "dbf": {"dbfread": ("dbfread", '''
import csv, sys
from dbfread import DBF
w = csv.writer(open("out.csv", "w", newline="", encoding="utf-8"))
w.writerow(["numero", "nom", "siret", "commune", "jour", "montant"])
for r in DBF(sys.argv[1], encoding="cp1252"):
    w.writerow(list(r.values()))
''')},
    "xlsx": {"openpyxl read-only": ("openpyxl", '''
import csv, openpyxl, sys
w = csv.writer(open("out.csv", "w", newline="", encoding="utf-8"))
for r in openpyxl.load_workbook(sys.argv[1], read_only=True).worksheets[0].iter_rows(values_only=True):
    w.writerow(r)
'''), "python-calamine": ("python-calamine", '''
import csv, python_calamine, sys
w = csv.writer(open("out.csv", "w", newline="", encoding="utf-8"))
for r in python_calamine.CalamineWorkbook.from_path(sys.argv[1]).get_sheet_by_index(0).iter_rows():
    w.writerow(r)
''')},
}

# What a user would write for this one file, beside the tools that read any.
BY_HAND = "a loop in Python"

MAKE = {"xml": xml, "json": json_, "fixed": fixed, "dbf": dbf, "xlsx": xlsx}


def install():
    venv = bench.CACHE / "venv-files"
    if not (venv / "bin/python").exists():
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    missing = {}
    for name, version in PEERS.items():
        stamp = venv / f"{name}-{version}.installed"
        if not stamp.exists():
            bench.say(f"installing {name} {version}")
            pip = [venv / "bin/python", "-m", "pip", "install", "-q", "--disable-pip-version-check"]
            if subprocess.run(pip + [f"{name}=={version}"], stdout=sys.stderr).returncode != 0:
                missing[name] = f"{name} {version} could not be installed"
                continue
            stamp.touch()
    return venv / "bin/python", missing


def judged(out, f):
    """Whether a CSV file holds the rows and the sum that f was made with."""
    count, cents = 0, decimal.Decimal(0)
    with open(out, newline="", encoding="utf-8") as lines:
        reader = csv.reader(lines)
        next(reader)
        for row in reader:
            count += 1
            cents += decimal.Decimal(row[5]) * 100
    if count != f.rows or round(cents, 4) != f.cents:
        raise bench.Failed(f"{count} rows and {cents} cents, wanted {f.rows} and {f.cents}")


def work(kind, python, missing):
    f = MAKE[kind]()
    columns = ["numero", "nom", "siret", "commune", "jour", "montant"]
    if kind == "dbf":
        columns = [c.upper() for c in columns]
    pipeline = PIPELINE % {"folder": f.path.parent, "name": f.path.name, "format": FORMATS[kind], "nom": columns[1], "siret": columns[2],
                           "columns": ", ".join(f'"{c}"' for c in columns)}
    contestants = {"lavoir run": None, **({} if ALONE else PROGRAMS[kind])}
    runs, results = {}, []
    for turn in range(N + 1): # the first one is judged and not counted
        for name, program in contestants.items():
            if name in missing:
                continue
            if program and program[0] in missing:
                missing[name] = missing[program[0]]
                print(f"{kind}: {name} not run: {missing[name]}")
                continue
            folder = bench.CACHE / "run-files"
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            if program is None:
                (folder / "pipeline.hcl").write_text(pipeline)
                argv, out = [bench.LAVOIR, "run", "pipeline.hcl", "--log-level", "debug", "--log-format", "json"], "published/lignes.csv"
            else:
                (folder / "peer.py").write_text(program[1])
                argv, out = [python, "peer.py", f.path], "out.csv"
            try:
                m = bench.measure(argv, folder)
                if turn == 0:
                    judged(folder / out, f)
            except bench.Failed as e:
                missing[name] = str(e)
                print(f"{kind}: {name} FAILED: {e}")
                if program is None:
                    results.append("failed")
                continue
            if turn > 0:
                runs.setdefault(name, []).append(m)
    shutil.rmtree(bench.CACHE / "run-files", ignore_errors=True)
    print(f"\n{kind}: {f.rows} rows, {f.path.stat().st_size / 1e6:.0f} MB\n")
    print("| who | wall s | CPU s | peak MiB |\n|---|---|---|---|")
    median = {}
    for name, ms in runs.items():
        median[name] = statistics.median(m.wall for m in ms)
        print(f"| {name} | {median[name]:.2f} | {statistics.median(m.cpu for m in ms):.2f} | {max(m.rss for m in ms):.0f} |")
    print()
    tools = [w for n, w in median.items() if n not in ("lavoir run", BY_HAND)]
    if "lavoir run" in median:
        if tools:
            print(f"RATIO files.{kind} {min(tools) / median['lavoir run']:.2f} {GOALS[kind]}")
        if BY_HAND in median:
            print(f"RATIO files.{kind}.by-hand {median[BY_HAND] / median['lavoir run']:.2f} -")
        print(f"RATIO files.{kind}.peak {max(m.rss for m in runs['lavoir run']) / 128:.2f} 1")
    return not results


def main():
    works = os.environ.get("WORKS", "").split() or list(MAKE)
    for w in works:
        if w not in MAKE:
            sys.exit(f"bench-files: there is no work {w}; there are: {' '.join(MAKE)}")
    bench.CACHE.mkdir(parents=True, exist_ok=True)
    with open(bench.CACHE / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        bench.build()
        python, missing = install()
        fine = [work(w, python, dict(missing)) for w in works]
    sys.exit(0 if all(fine) else 1)


if __name__ == "__main__":
    main()
