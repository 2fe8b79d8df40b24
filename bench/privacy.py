"""Measures the privacy path of lavoir beside DuckDB doing the same.

    make bench-privacy [ROWS=5000000] [N=5] [WORKS="persons adult scale"]
    make bench-privacy-smoke

persons: CSV, pseudonym, dates to year and month, ranges, k = 5 over four
quasi-identifiers at given levels, suppression, Parquet. Of both outputs DuckDB must find
the same rows, pseudonyms apart, before a time counts. The wall time of lavoir is until
its files were sealed; what the gate reads again is a figure of its own.
adult: the optimum over nine quasi-identifiers of ../shared/data/privacy/arx, one core.
scale: rows of classes whose sizes are known by how they were made, under 512 MiB
(WORKS=scale ROWS=100000000).
"""

import fcntl
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import bench

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
CACHE = bench.CACHE / "privacy"
ADULT = ROOT.parent / "shared/data/privacy/arx/adult.csv"
WORKS = os.environ.get("WORKS", "").split() or ["persons", "adult"]
K = 5
GROUP_CLASSES = 99 # of generate/persons.go: a class of each size up to it
GROUP_ROWS = GROUP_CLASSES * (GROUP_CLASSES + 1) // 2
ratios, failures, checked = [], [], 0


def ratio(name, measured, goal=None):
    ratios.append((name, measured, goal))


# --- What DuckDB does ----------------------------------------------------------

PERSONS = ("read_csv('{}', auto_detect=false, header=true, delim=',', dateformat='%Y-%m-%d', quote='\"', escape='\"', nullstr='', new_line='\\n', "
           "columns={{'personne': 'VARCHAR', 'naissance': 'DATE', 'code_postal': 'VARCHAR', 'sexe': 'VARCHAR', 'inscription': 'DATE', "
           "'quotient': 'INTEGER', 'montant': 'DECIMAL(10,2)', 'prestation': 'VARCHAR'}})")

# DuckDB has no HMAC: two rounds of SHA-256 over texts stand for it. Each row is of one
# person, which only who made the data knows: lavoir counts persons, DuckDB may count
# rows. Its classes are of dates and numbers; texts are made of the rows that stay.
GENERAL = """SELECT personne, CAST(date_trunc('year', naissance) AS DATE) AS naissance, code_postal,
           CAST(date_trunc('month', inscription) AS DATE) AS inscription, quotient // 200 AS quotient, montant, prestation
    FROM {}"""
CLASS = "naissance, code_postal, inscription, quotient"
LEAVES = """substr(sha256('outer key' || sha256('inner key' || personne)), 1, 26) AS personne, strftime(naissance, '%Y') AS naissance, code_postal,
           strftime(inscription, '%Y-%m') AS inscription, (quotient * 200) || ' à ' || (quotient * 200 + 199) AS quotient, montant, prestation"""
REST = "naissance, code_postal, inscription, quotient, montant, prestation"
PARQUET = "(FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)"


def connect():
    import duckdb

    con = duckdb.connect()
    con.execute("SET threads = 2")
    con.execute("SET preserve_insertion_order = true")
    return con


def duckdb_window(source, target, order=""):
    """A count over each class beside every row."""
    connect().execute(f"""COPY (SELECT {LEAVES} FROM (SELECT *, count(*) OVER (PARTITION BY {CLASS}) AS n FROM ({GENERAL.format(PERSONS.format(source))}))
        WHERE n >= {K} {order}) TO '{target}' {PARQUET}""")


def duckdb_ordered(source, target):
    """The same, in an order that tells nothing of the one the rows came in, as lavoir's."""
    duckdb_window(source, target, "ORDER BY ALL")


def check(expected, got):
    """Whether both have the same rows but for the pseudonyms, which must be as many."""
    con = connect()
    con.execute("SET preserve_insertion_order = false")
    con.execute("SET memory_limit = '6GB'")
    con.execute(f"SET temp_directory = '{CACHE / 'spill'}'")
    one = lambda sql: con.execute(sql).fetchone()
    a, b = f"read_parquet('{expected}')", f"read_parquet('{got}')"
    out = {"rows": one(f"SELECT count(*), count(DISTINCT personne) FROM {a}"), "got": one(f"SELECT count(*), count(DISTINCT personne) FROM {b}"),
           "classes": one(f"SELECT count(*) FROM (SELECT DISTINCT {CLASS} FROM {b})")[0]}
    for name, x, y in ("missing", a, b), ("extra", b, a):
        out[name] = one(f"SELECT count(*) FROM (SELECT {REST} FROM {x} EXCEPT ALL SELECT {REST} FROM {y})")[0]
    out["equal"] = out["rows"] == out["got"] and out["missing"] == out["extra"] == 0
    print(json.dumps(out))


def sizes(got):
    """How many classes of each size a file has."""
    con = connect()
    con.execute("SET preserve_insertion_order = false")
    con.execute("SET memory_limit = '6GB'")
    con.execute(f"SET temp_directory = '{CACHE / 'spill'}'")
    found = con.execute(f"""SELECT n, count(*) FROM (SELECT count(*) AS n FROM read_parquet('{got}') GROUP BY q1, q2, q3, q4, q5, q6) GROUP BY n ORDER BY n""").fetchall()
    print(json.dumps({"sizes": found, "lines": con.execute(f"SELECT count(DISTINCT ligne) FROM read_parquet('{got}')").fetchone()[0]}))


def asked(function, *arguments):
    out = subprocess.run([bench.PYTHON, __file__, function, *arguments], check=True, capture_output=True, text=True)
    shutil.rmtree(CACHE / "spill", ignore_errors=True)
    return json.loads(out.stdout)


# --- The works -----------------------------------------------------------------

def lavoir(name, pipeline, outputs, **variables):
    argv = [bench.LAVOIR, "run", pipeline, "--log-level", "debug", "--log-format", "json", "--report", "report.json"]
    for k, v in variables.items():
        argv += ["--var", f"{k}={v}"]
    return bench.Contestant(name, argv, outputs, pipeline)


def generated(kind, rows):
    """The folder of the data, made if need be; of a kind only one size is kept beside the usual one."""
    made_by = hashlib.sha256()
    for f in sorted((HERE / "generate").glob("*.go")):
        made_by.update(f.read_bytes())
    folder = CACHE / f"{kind}-{rows}-{made_by.hexdigest()[:12]}"
    if not folder.exists():
        for old in CACHE.glob(f"{kind}-{rows}-*"):
            shutil.rmtree(old)
        bench.say(f"generating {rows} rows of {kind}")
        temporary = CACHE / "new"
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        subprocess.run([bench.CACHE / "bin/generate", "-kind", kind, "-rows", str(rows), "-out", temporary], check=True)
        temporary.rename(folder)
    return folder


def work_persons():
    global checked
    data = generated("persons", bench.ROWS)
    own = lavoir("lavoir", "persons.hcl", {"parquet": "published/persons.parquet"}, data=data)
    ordered, window = (bench.Contestant(name, [bench.PYTHON, HERE / "privacy.py", function, data / "persons.csv", "out.parquet"], {"parquet": "out.parquet"})
                       for name, function in (("DuckDB, ordered", "duckdb_ordered"), ("DuckDB", "duckdb_window")))
    all_ = [own, ordered, window]
    for c in all_: # the first run of each is looked at and not timed
        bench.say(f"persons: checking {c.name}")
        c.once()
    digest = bench.digest(own.folder / "published/persons.parquet")
    kept = CACHE / "persons.parquet"
    shutil.copy(own.folder / "published/persons.parquet", kept)
    for c in (ordered, window):
        found = asked("check", c.folder / "out.parquet", kept)
        checked += found["equal"]
        if not found["equal"]:
            raise bench.Failed(f"{c.name} and lavoir publish other rows: {found}")
    for i in range(bench.N):
        bench.say(f"persons: turn {i + 1} of {bench.N}")
        for c in all_:
            c.runs.append(c.once())
            if c is own and bench.digest(own.folder / "published/persons.parquet") != digest:
                raise bench.Failed("lavoir's bytes differ from one run to the next")
    print(f"\n## persons: {bench.ROWS} rows, {found['got'][0]} published in {found['classes']} classes, medians of {bench.N}\n")
    print("| | wall s | CPU s | peak MiB | output MB |\n|---|---|---|---|---|")
    for name, c, part in ("lavoir, sealed", own, lambda m: m.sealed), ("lavoir, whole run", own, lambda m: m), ("DuckDB, ordered", ordered, lambda m: m), ("DuckDB", window, lambda m: m):
        print(f"| {name} | {c.median('wall', part):.2f} | {c.median('cpu', part):.2f} | {max(m.rss for m in c.runs):.0f} | {c.median('size') / 1e6:.1f} |")
    stages = {s: bench.statistics.median(m.stages[s] for m in own.runs) for s in own.runs[0].stages}
    print("\nStages of lavoir: " + ", ".join(f"{s} {t:.2f} s" for s, t in stages.items()) + ".")
    sealed, peak = (lambda m: m.sealed), lambda c: max(m.rss for m in c.runs)
    ratio("privacy-wall", bench.over(own, ordered, "wall", sealed), 0.60)
    ratio("privacy-memory", peak(own) / peak(window), 0.25)
    ratio("privacy-cpu", bench.over(own, ordered, "cpu", sealed))
    ratio("privacy-run-wall", bench.over(own, ordered))
    ratio("privacy-unordered-wall", bench.over(own, window, "wall", sealed))
    ratio("privacy-unordered-cpu", bench.over(own, window, "cpu", sealed))
    ratio("privacy-size", bench.over(own, ordered, "size"))
    reading = lavoir("reading", "reading.hcl", {"parquet": "published/reading.parquet"}, data=CACHE)
    for _ in range(bench.N):
        reading.runs.append(reading.once())
    # The speed of proving a file with its gate by that of reading it and nothing else: 1 is as fast.
    ratio("privacy-verify-speed", bench.statistics.median(m.stages["verify"] for m in reading.runs) / stages["verify"], 0.80)


def work_adult():
    if not ADULT.exists():
        bench.say("adult: not run, there is no ../shared/data/privacy/arx/adult.csv")
        return
    times = "1x" if bench.SMOKE else f"{max(bench.N, 3)}x"
    out = subprocess.run(["go", "test", "-run", "^$", "-bench", "^BenchmarkAdult$", "-cpu", "1", "-benchtime", times, "./transforms/internal/disclosure"],
                         cwd=ROOT, env={**os.environ, "CGO_ENABLED": "0"}, check=True, capture_output=True, text=True).stdout
    found = {name: float(ns) / 1e9 for name, ns in re.findall(r"^BenchmarkAdult/(\S+)\s+\d+\s+([\d.e+]+) ns/op", out, re.MULTILINE)}
    if not found:
        raise bench.Failed("there are no figures in what the benchmark of Go says")
    print("\n## adult: the optimum of k = 5 over nine quasi-identifiers, one core\n\n| metric/limit | s |\n|---|---|")
    for name, seconds in found.items():
        print(f"| {name} | {seconds:.3f} |")
    for metric in dict.fromkeys(name.split("/")[0] for name in found):
        ratio(f"privacy-adult-{metric}-seconds", max(s for name, s in found.items() if name.startswith(metric + "/")), 0.30)


def work_scale():
    global checked
    groups = max(1, bench.ROWS // GROUP_ROWS)
    data = generated("classes", bench.ROWS)
    own = lavoir("lavoir", "classes.hcl", {"parquet": "published/classes.parquet"}, data=data)
    m = own.once()
    found = asked("sizes", own.folder / "published/classes.parquet")
    want = [[n, groups] for n in range(K, GROUP_CLASSES + 1)]
    rows = groups * (GROUP_ROWS - K * (K - 1) // 2)
    if found["sizes"] != want or found["lines"] != m.rows or m.rows != rows:
        raise bench.Failed(f"{m.rows} rows of {rows}, or classes of other sizes than were made")
    checked += 1
    print(f"\n## scale: {groups * GROUP_ROWS} rows of {groups * GROUP_CLASSES} classes\n\n{m.wall:.1f} s, {m.cpu:.1f} s CPU, {m.rss:.0f} MiB; "
          + ", ".join(f"{s} {t:.1f} s" for s, t in m.stages.items()))
    ratio("privacy-scale-mib", m.rss, 512)


def main():
    os.environ.setdefault("BENCH_PRIVACY_KEY", "a key that protects nobody: all is invented")
    works = {"persons": work_persons, "adult": work_adult, "scale": work_scale}
    for w in WORKS:
        if w not in works:
            sys.exit(f"bench: there is no work {w}; there are: {' '.join(works)}")
    CACHE.mkdir(parents=True, exist_ok=True)
    lock = open(bench.CACHE / "lock", "w") # two at once would measure each other
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        bench.say("waiting for another benchmark to end")
        fcntl.flock(lock, fcntl.LOCK_EX)
    bench.build()
    bench.install()
    for w in WORKS:
        try:
            works[w]()
        except (bench.Failed, subprocess.CalledProcessError, OSError) as e:
            failures.append(f"{w}: {e}")
    shutil.rmtree(bench.CACHE / "run", ignore_errors=True)
    if bench.SMOKE:
        print(f"{checked} outputs hold the rows they should, by DuckDB {bench.versions['duckdb']}; {len(failures)} failures")
    else:
        print()
        for name, measured, goal in ratios:
            print(f"RATIO {name} {measured:.3f} {'-' if goal is None else goal}")
    for f in failures:
        bench.say("FAILED", f)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        globals()[sys.argv[1]](*sys.argv[2:])
    else:
        main()
