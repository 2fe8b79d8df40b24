"""Measures lavoir beside its peers, doing the same work on the same data in turns.

    make bench [ROWS=5000000] [N=5] [WORKS="csv cp1252 …"] [PEERS="duckdb …"]

README.md beside this file says what is measured and how. Needs Go, and Python
with venv; all it makes lies in $BENCH_CACHE (default: lavoir-bench in the
temporary folder).
"""

import dataclasses
import datetime
import fcntl
import hashlib
import json
import os
import pathlib
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
CACHE = pathlib.Path(os.environ.get("BENCH_CACHE") or pathlib.Path(tempfile.gettempdir()) / "lavoir-bench")
PYTHON = CACHE / "venv/bin/python"
LAVOIR = CACHE / "bin/lavoir"
REAL = ROOT.parent / "shared/data/subventions/real"

WHOLE = 5_000_000, 5 # rows and runs, at least, of what RESULTS.md may hold
ROWS = int(os.environ.get("ROWS") or WHOLE[0])
N = int(os.environ.get("N") or WHOLE[1])
SMOKE = os.environ.get("SMOKE") == "1"  # is it all right, however long it takes?
PEERS = os.environ.get("PEERS", "").split()

MIB = 1 << 20


def say(*words):
    print("bench:", *words, file=sys.stderr, flush=True)


# --- One process ---------------------------------------------------------------

@dataclasses.dataclass
class Measure:
    wall: float       # seconds
    cpu: float        # seconds, user and system, of it and its children
    rss: float        # MiB, of the largest single process
    size: int = 0     # bytes of its outputs
    server: float = 0 # seconds of CPU in the database
    rows: int = 0     # that lavoir published
    sealed: "Measure" = None # the same until all files were sealed
    stages: dict = dataclasses.field(default_factory=dict)


class Failed(Exception):
    pass


TICK = os.sysconf("SC_CLK_TCK")


def cpu_now(pid):
    """The CPU a process has used so far, and that of the children it waited for."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / TICK, sum(map(int, fields[13:15])) / TICK


def measure(argv, folder, log="log"):
    """Runs a command in a folder. lavoir says on standard error when a stage has
    ended; what was spent until the sealing ended is noted at that moment."""
    os.sync()  # what was written before is not this one's to wait for
    sealed = None
    with open(folder / log, "w+") as out:
        began = time.monotonic()
        p = subprocess.Popen([str(a) for a in argv], cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.PIPE)
        for line in p.stderr:
            if b'"stage":"seal"' in line:
                sealed = Measure(time.monotonic() - began, cpu_now(p.pid)[0], 0)
            out.write(line.decode(errors="replace"))
        _, status, usage = os.wait4(p.pid, 0)
        wall = time.monotonic() - began
        p.returncode = os.waitstatus_to_exitcode(status)
        p.stderr.close()
        if p.returncode != 0:
            out.seek(0)
            raise Failed(f"exit code {p.returncode}: " + " / ".join(out.read().strip().splitlines()[-12:]))
    return Measure(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, sealed=sealed)


# --- Contestants ---------------------------------------------------------------

@dataclasses.dataclass
class Contestant:
    name: str
    argv: list                                   # run in a folder of its own
    outputs: dict = dataclasses.field(default_factory=dict) # files it makes there, by format
    pipeline: str = ""                           # lavoir's
    slow: bool = False                           # so slow that one run, the checked one, must do
    runs: list = dataclasses.field(default_factory=list)
    not_run: str = ""

    def once(self):
        """One run, from an empty folder."""
        folder = CACHE / "run" / re.sub(r"\W+", "-", self.name)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        if self.pipeline:
            shutil.copy(HERE / "pipelines" / self.pipeline, folder)
        before = database.cpu() if database else 0
        m = measure(self.argv, folder)
        if database:
            m.server = database.cpu() - before
        m.size = sum((folder / o).stat().st_size for o in self.outputs.values())
        if self.pipeline:
            task, = json.loads((folder / "report.json").read_text())["tasks"]
            if task["outcome"] != "published" or task["rows_rejected"]:
                raise Failed(f"{task['outcome']}, {task['rows_rejected']} rejected")
            m.stages = {s["stage"]: s["seconds"] for s in task["stages"]}
            m.sealed.size, m.rows = m.size, task["rows_sealed"]
        self.folder = folder
        return m

    def median(self, what, part=lambda m: m):
        return statistics.median(getattr(part(m), what) for m in self.runs)


def lavoir(name, pipeline, outputs=("parquet",), **variables):
    argv = [LAVOIR, "run", pipeline, "--log-level", "debug", "--log-format", "json", "--report", "report.json"]
    for k, v in variables.items():
        argv += ["--var", f"{k}={v}"]
    return Contestant(name, argv, {o: f"published/grants.{o}" for o in outputs}, pipeline)


def peer(name, function, *arguments, needs="duckdb", venv="venv", before=None, slow=False):
    """A function of peers.py; before is a command whose output it reads."""
    argv = [CACHE / venv / "bin/python", HERE / "peers.py", function, *arguments]
    if before:
        argv = ["bash", "-euo", "pipefail", "-c", before + " | " + " ".join(f"'{a}'" for a in argv)]
    outputs = {a.removeprefix("out."): a for a in arguments if str(a).startswith("out.")}
    wanted = not PEERS or any(w.lower() in name.lower() for w in PEERS)
    return Contestant(name, argv, outputs, slow=slow, not_run=missing.get(needs, "") if wanted else "it was not asked for")


def floor(name, command):
    return Contestant(name, ["bash", "-euo", "pipefail", "-c", command])


# --- Running a work ------------------------------------------------------------

failures = []
checked = 0   # outputs that were compared
results = []  # lines of the report
ratios = []
peak = {}     # MiB, of lavoir, by pipeline


def ratio(name, measured, goal=None):
    ratios.append((name, measured, goal))


def digest(path):
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def same_rows(expected, got, schema):
    """Whether DuckDB finds the same bag of rows in both files, and the same columns and
    types. What was found is remembered by the bytes: the check takes longer than the work."""
    memory = CACHE / "checked.json"
    known = json.loads(memory.read_text()) if memory.exists() else {}
    key = digest(expected) + digest(got) + schema + versions["duckdb"] + digest(HERE / "peers.py")
    if key not in known:
        spill = CACHE / "spill"
        out = subprocess.run([PYTHON, HERE / "peers.py", "check", expected, got, schema, spill], check=True, capture_output=True, text=True)
        shutil.rmtree(spill, ignore_errors=True)
        known[key] = json.loads(out.stdout)
        memory.write_text(json.dumps(known))
    return known[key]


def compete(work, schema, expected, contestants):
    """Runs all in turns, after one run of each that is not timed: its outputs are compared
    with those expected, and who differs is not timed at all."""
    global checked
    digests = {}
    for c in contestants:
        if c.not_run:
            continue
        say(f"{work}: checking {c.name}")
        try:
            m = c.once()
            for form, path in c.outputs.items():
                found = same_rows(expected[form], c.folder / path, schema)
                checked += found["equal"]
                if not found["equal"] or (c.pipeline and found["types"]):
                    raise Failed(f"its {form} is not what was expected: {found}")
            if c.pipeline:
                digests[c.name] = [digest(c.folder / p) for p in c.outputs.values()]
            if c.slow:
                c.runs.append(m)
        except Failed as e:
            c.not_run = f"not counted: {e}"
            say(f"{work}: {c.name}: {e}")
            if c.pipeline:
                failures.append(f"{work}: {c.name}: {e}")
    for i in range(N):
        say(f"{work}: turn {i + 1} of {N}")
        for c in contestants:
            if c.not_run or c.slow:
                continue
            try:
                c.runs.append(c.once())
            except Failed as e:
                c.not_run = f"failed in turn {i + 1}: {e}"
                failures.append(f"{work}: {c.name}: {e}")
                continue
            if c.pipeline and digests[c.name] != [digest(c.folder / p) for p in c.outputs.values()]:
                failures.append(f"{work}: {c.name}: its bytes differ from one run to the next")
    for c in contestants:
        if c.pipeline and c.runs:
            peak[c.pipeline] = max(peak.get(c.pipeline, 0), max(m.rss for m in c.runs))
    table(work, contestants)
    return [c if c.runs and not c.not_run else None for c in contestants]


def table(work, contestants):
    title, against = TITLES[work]
    server = any(m.server for c in contestants for m in c.runs)
    results.append(f"\n## {work}: {title}\n")
    results.append(f"| | wall s (least, most) | CPU s | {'server CPU s | ' if server else ''}peak MiB | output MB | wall, CPU / {against} |")
    results.append("|---|---|---|---|---|---|" + ("---|" if server else ""))
    base = next((c for c in contestants if c.name == against and c.runs), None)

    def row(name, c, part=lambda m: m, rss=True):
        walls = [part(m).wall for m in c.runs]
        wall, cpu = statistics.median(walls), c.median("cpu", part)
        cells = [name, f"{wall:.2f} ({min(walls):.2f}, {max(walls):.2f})", f"{cpu:.2f}"]
        if server:
            cells.append(f"{c.median('server'):.2f}" if rss else "")
        cells.append(f"{max(m.rss for m in c.runs):.0f}" if rss else "")
        size = c.median("size")
        cells.append(f"{size / 1e6:.1f}" if size else "")
        cells.append(f"{wall / base.median('wall'):.2f}, {cpu / base.median('cpu'):.2f}" if base else "")
        results.append("| " + " | ".join(cells) + " |")

    for c in contestants:
        if not c.runs:
            continue
        if c.pipeline:
            row(f"**{c.name}, sealed**", c, lambda m: m.sealed, rss=False)
            row(f"**{c.name}, whole run**", c)
        else:
            row(c.name + (", one run" if c.slow else ""), c)
    results.append("")
    for c in contestants:
        if c.pipeline and c.runs:
            parts = ", ".join(f"{s} {statistics.median(m.stages[s] for m in c.runs):.2f} s" for s in c.runs[0].stages)
            results.append(f"Stages of {c.name}, as its report gives them: {parts}.")
        if c.not_run:
            results.append(f"Not run: {c.name}, {c.not_run}.")


# --- The works -----------------------------------------------------------------

# What each is, and the contestant that its last column compares with.
TITLES = {
    "csv": ("UTF-8 CSV to Parquet, zstd 1", "DuckDB"),
    "real": ("the same, with rows shaped like those of real exports", "DuckDB"),
    "cp1252": ("cp1252, semicolon, decimal comma, DD/MM/YYYY to Parquet, zstd 1", "iconv and DuckDB"),
    "transform": ("UTF-8 CSV, filter, cast, three computed columns, to Parquet and CSV", "DuckDB"),
    "postgres": ("PostgreSQL to Parquet, zstd 1", "floor: psql COPY binary"),
}


def sealed(m):
    return m.sealed


def over(own, other, what="wall", part=lambda m: m):
    return own.median(what, part) / other.median(what)


def work_csv():
    data = generated(ROWS)
    export_to_parquet("csv", "grants", data / "grants.csv", reference(data, "grants", "duckdb_csv", "grants.csv", "out.parquet", "grants"))


def work_real():
    if not REAL.exists():
        say("real: not run, there are no real exports in ../shared")
        results.append("\n## real\n\nNot run: there are no real exports to resample in ../shared/data/subventions/real.")
        return
    data = generated(ROWS)
    export_to_parquet("real", "real", data / "real.csv", reference(data, "real", "duckdb_csv", "real.csv", "out.parquet", "real"))


def export_to_parquet(work, schema, source, expected):
    own, duck, *_ = compete(work, schema, expected, [
        lavoir("lavoir", f"{work}.hcl", data=source.parent),
        peer("DuckDB", "duckdb_csv", source, "out.parquet", schema),
        peer("Polars", "polars_csv", source, "out.parquet", schema, needs="polars"),
        peer("pyarrow", "arrow_csv", source, "out.parquet", schema, needs="pyarrow"),
        floor("floor: cat", f"cat '{source}' | cat >/dev/null"),
    ])
    if own and duck:
        ratio(f"{work}.sealed.wall", over(own, duck, "wall", sealed), 0.65)
        ratio(f"{work}.sealed.cpu", over(own, duck, "cpu", sealed), 0.65)
        ratio(f"{work}.size", over(own, duck, "size"), 1.02)
        ratio(f"{work}.run.wall", over(own, duck), 1.00)
        ratio(f"{work}.run.cpu", over(own, duck, "cpu"))


def work_cp1252():
    data = generated(ROWS)
    source = data / "grants-cp1252.csv"
    own, duck, utf8, *_ = compete("cp1252", "grants", reference(data, "grants", "duckdb_csv", "grants.csv", "out.parquet", "grants"), [
        lavoir("lavoir", "cp1252.hcl", data=data),
        peer("iconv and DuckDB", "duckdb_office", "out.parquet", "grants", before=f"iconv -f CP1252 -t UTF-8 '{source}'"),
        lavoir("lavoir on UTF-8", "csv.hcl", data=data),
        peer("pyarrow", "arrow_office", source, "out.parquet", "grants", needs="pyarrow"),
        peer("DuckDB 1.5 and its encodings extension", "duckdb_encodings", source, "out.parquet", "grants",
             needs="duckdb-extension-encodings", venv="venv-extensions", slow=True),
        floor("floor: iconv", f"iconv -f CP1252 -t UTF-8 '{source}' >/dev/null"),
    ])
    if own and duck:
        ratio("cp1252.sealed.wall", over(own, duck, "wall", sealed), 0.45)
        ratio("cp1252.sealed.cpu", over(own, duck, "cpu", sealed))
        ratio("cp1252.run.wall", over(own, duck))
    if own and utf8:
        ratio("cp1252.utf8.wall", own.median("wall", sealed) / utf8.median("wall", sealed), 1.10)


def work_transform():
    data = generated(ROWS)
    source = data / "grants.csv"
    expected = reference(data, "transform", "duckdb_transform", "grants.csv", "out.parquet", "out.csv")
    own, *ducks = compete("transform", "transform", expected, [
        lavoir("lavoir", "transform.hcl", ("parquet", "csv"), data=data),
        peer("DuckDB", "duckdb_transform", source, "out.parquet", "out.csv"),
        peer("DuckDB, reading twice", "duckdb_transform_twice", source, "out.parquet", "out.csv"),
    ])
    ducks = [d for d in ducks if d]
    if own and ducks:
        fastest = min(ducks, key=lambda d: d.median("wall"))
        ratio("transform.sealed.wall", over(own, fastest, "wall", sealed), 0.70)
        ratio("transform.sealed.cpu", over(own, fastest, "cpu", sealed))
        ratio("transform.run.wall", over(own, fastest))


def postgres_contestants():
    """lavoir over one and over two connections; the second, where this one cannot, is named as not run."""
    where = {"host": os.environ["PGHOST"], "port": os.environ["PGPORT"]}
    own = [lavoir("lavoir, 1 connection", "postgres.hcl", **where), lavoir("lavoir, 2 connections", "postgres2.hcl", **where)]
    for c in own:
        valid = subprocess.run([LAVOIR, "validate", HERE / "pipelines" / c.pipeline, *c.argv[c.argv.index("--var"):]], capture_output=True)
        if valid.returncode != 0:
            c.not_run = "this lavoir does not take its pipeline"
    return own


def work_postgres():
    global database
    if not start_database("postgres"):
        return
    data = generated(ROWS)
    database.load(data / "grants.csv")
    copy = "psql -qXc \"COPY grants TO STDOUT (FORMAT {})\""
    one, two, binary, _, *peers = compete("postgres", "grants", reference(data, "grants", "duckdb_csv", "grants.csv", "out.parquet", "grants"), [
        *postgres_contestants(),
        floor("floor: psql COPY binary", copy.format("binary") + " >/dev/null"),
        floor("floor: psql COPY csv", copy.format("csv") + " >/dev/null"),
        peer("psql and DuckDB", "duckdb_psql", "out.parquet", "grants", before=copy.format("csv")),
        peer("DuckDB 1.5 and its postgres extension", "duckdb_postgres", "out.parquet", needs="duckdb-extension-postgres-scanner", venv="venv-extensions"),
        peer("ConnectorX, 1 connection", "connectorx", "out.parquet", "grants", "1", needs="connectorx"),
        peer("ConnectorX, 2 connections", "connectorx", "out.parquet", "grants", "2", needs="connectorx"),
        peer("ADBC", "adbc", "out.parquet", "grants", needs="adbc-driver-postgresql"),
    ])
    for own, name, goal in ((one, "postgres", 1.35), (two, "postgres2", 1.20)):
        if own and binary:
            ratio(f"{name}.sealed.wall", over(own, binary, "wall", sealed), goal)
            ratio(f"{name}.run.wall", over(own, binary))
    for other in filter(None, peers):
        for own, name in ((one, "postgres"), (two, "postgres2")):
            if own:
                ratio(f"{name}.{re.sub(r'[^a-z0-9]+', '-', other.name.lower())}.wall", over(own, other, "wall", sealed), 1.00)
    database = None


def work_memory():
    """The most that a run holds, and whether that grows with what it reads."""
    global database
    found = {}
    for rows in (ROWS, 4 * ROWS):
        data = generated(rows)
        own = [lavoir("csv", "csv.hcl", data=data), lavoir("cp1252", "cp1252.hcl", data=data),
               lavoir("transform", "transform.hcl", ("parquet", "csv"), data=data)]
        if start_database("memory"):
            database.load(data / "grants.csv")
            own += postgres_contestants()
        for c in own:
            if c.not_run:
                continue
            say(f"memory: {c.name}, {rows} rows")
            try:
                m = c.once()
            except Failed as e:
                failures.append(f"memory: {c.name}: {e}")
                continue
            if c.name != "transform" and m.rows != rows:
                failures.append(f"memory: {c.name}: {m.rows} rows of {rows}")
            found.setdefault(c.pipeline, []).append(m.rss)
    database = None
    results.append("\n## memory: peak of lavoir, with `memory = \"128MiB\"`\n")
    results.append(f"| pipeline | {ROWS} rows, MiB | {4 * ROWS} rows, MiB | most in any run, MiB |\n|---|---|---|---|")
    for pipeline, peaks in found.items():
        if len(peaks) == 2:
            most = max(*peaks, peak.get(pipeline, 0))
            results.append(f"| {pipeline} | {peaks[0]:.0f} | {peaks[1]:.0f} | {most:.0f} |")
            ratio(f"memory.{pipeline.removesuffix('.hcl')}.mib", most, 128)
            ratio(f"memory.{pipeline.removesuffix('.hcl')}.4x", peaks[1] / peaks[0], 1.10)


def work_start():
    folder = CACHE / "run" / "start"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "pipelines.example.hcl", folder)
    shutil.copytree(ROOT / "testdata/town", folder / "testdata/town", dirs_exist_ok=True)
    results.append("\n## start: what any use of the command costs\n\n| | wall ms (least, most) | CPU ms | peak MiB |\n|---|---|---|---|")
    medians = {}
    commands = {"version": [LAVOIR, "version"], "validate": [LAVOIR, "validate", "pipelines.example.hcl"], "/bin/true": ["/bin/true"]}
    runs = {name: [] for name in commands}
    for i in range(2 if SMOKE else 21):
        for name, argv in commands.items():
            m = measure(argv, folder)
            if i > 0: # the first one reads the program from disk
                runs[name].append(m)
    for name, ms in runs.items():
        medians[name] = {w: statistics.median(getattr(m, w) for m in ms) * 1000 for w in ("wall", "cpu")}
        walls = [m.wall * 1000 for m in ms]
        results.append(f"| {name} | {medians[name]['wall']:.1f} ({min(walls):.1f}, {max(walls):.1f}) | {medians[name]['cpu']:.1f} | {max(m.rss for m in ms):.0f} |")
    ratio("start.version.cpu.ms", medians["version"]["cpu"], 15)
    ratio("start.validate.wall.ms", medians["validate"]["wall"], 60)


WORKS = {"csv": work_csv, "real": work_real, "cp1252": work_cp1252, "transform": work_transform, "postgres": work_postgres,
         "memory": work_memory, "start": work_start}
NEED_POSTGRES = {"postgres", "memory"}


# --- What is measured with -----------------------------------------------------

missing = {}   # peers that could not be installed, and why
versions = {}
database = None


def build():
    env = {**os.environ, "CGO_ENABLED": "0"}
    (CACHE / "bin").mkdir(parents=True, exist_ok=True)
    subprocess.run(["go", "build", "-trimpath", "-ldflags", "-s -w", "-o", f"{CACHE}/bin/", "./cmd/lavoir", "./bench/generate"],
                   cwd=ROOT, env=env, check=True)
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    versions["lavoir"] = commit or "of unknown version"
    versions["Go"] = subprocess.run(["go", "env", "GOVERSION"], cwd=ROOT, capture_output=True, text=True).stdout.strip()


def install():
    """Peers, each on its own: one that cannot be had does not keep the others out."""
    for venv, requirements in (("venv", "requirements.txt"), ("venv-extensions", "requirements-extensions.txt")):
        if not (CACHE / venv / "bin/python").exists():
            subprocess.run([sys.executable, "-m", "venv", CACHE / venv], check=True)
        for requirement in (HERE / requirements).read_text().split():
            name, _, version = requirement.partition("==")
            stamp = CACHE / venv / f"{requirement}.installed"
            if not stamp.exists():
                say(f"installing {requirement}")
                pip = [CACHE / venv / "bin/python", "-m", "pip", "install", "-q", "--disable-pip-version-check", requirement]
                if subprocess.run(pip, stdout=sys.stderr).returncode != 0:
                    missing.setdefault(name, f"{requirement} could not be installed")
                    say(missing[name])
                    continue
                stamp.touch()
            versions[name if venv == "venv" else f"{name} in {venv}"] = version
    if "duckdb" not in versions:
        sys.exit("bench: without DuckDB no output can be checked: " + missing["duckdb"])


def generated(rows):
    """The folder of the data for so many rows, made if need be."""
    made_by = hashlib.sha256()
    for f in sorted((HERE / "generate").glob("*.go")) + sorted(REAL.glob("*")):
        made_by.update(f.read_bytes())
    folder = CACHE / f"data-{rows}-{made_by.hexdigest()[:12]}"
    if not folder.exists():
        for old in CACHE.glob(f"data-{rows}-*"):
            shutil.rmtree(old)
        say(f"generating {rows} rows")
        temporary = CACHE / "data.new"
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir()
        argv = [CACHE / "bin/generate", "-rows", str(rows), "-out", temporary] + (["-real", REAL] if REAL.exists() else [])
        subprocess.run(argv, check=True)
        temporary.rename(folder)
    return folder


def reference(data, name, function, source, *arguments):
    """The outputs, by format, of a peer's function: what every other way to the same rows must give."""
    folder = data / f"reference-{name}-{digest(HERE / 'peers.py')[:12]}-{digest(HERE / 'requirements.txt')[:12]}"
    if not folder.exists():
        for old in data.glob(f"reference-{name}-*"):
            shutil.rmtree(old)
        temporary = data / "reference.new"
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir()
        subprocess.run([PYTHON, HERE / "peers.py", function, data / source, *arguments], cwd=temporary, check=True)
        temporary.rename(folder)
    return {p.suffix[1:]: p for p in folder.iterdir()}


class Database:
    """The PostgreSQL server of dev/services."""

    def __init__(self, url):
        found = re.fullmatch(r"postgres(?:ql)?://([^:]+):([^@]+)@([^:]+):(\d+)/(\w+)", url)
        user, password, host, port, name = found.groups()
        os.environ.update(PGUSER=user, PGPASSWORD=password, PGHOST=host, PGPORT=port, PGDATABASE=name, PGSSLMODE="disable",
                          BENCH_POSTGRES=f"postgresql://{user}:{password}@{host}:{port}/{name}?sslmode=disable")
        versions["PostgreSQL"] = self.ask("SHOW server_version").split()[0]
        self.pid = int((pathlib.Path(self.ask("SHOW data_directory")) / "postmaster.pid").read_text().split()[0])

    def ask(self, sql):
        return subprocess.run(["psql", "-qXAtc", sql], check=True, capture_output=True, text=True).stdout.strip()

    def load(self, csv):
        say(f"loading {csv.parent.name} into PostgreSQL")
        sql = f"""
            SET client_min_messages = warning;
            DROP TABLE IF EXISTS grants;
            CREATE TABLE grants (id bigint, attribuant text, attribuant_siret text, exercice integer, association text,
                association_siret text, objet text, nature text, montant numeric(12, 2), taux double precision,
                convention_le date, versement_le date) WITH (autovacuum_enabled = false);
            \\copy grants FROM '{csv}' (FORMAT csv, HEADER)
            VACUUM (FREEZE, ANALYZE) grants;
            CHECKPOINT;"""
        subprocess.run(["psql", "-qX", "-v", "ON_ERROR_STOP=1"], input=re.sub(r"(?m)^ +", "", sql), text=True, check=True)

    def cpu(self):
        """What the server's sessions that have ended used; waits for those that are ending."""
        while self.sessions():
            time.sleep(0.01)
        return cpu_now(self.pid)[1]

    def sessions(self):
        for child in pathlib.Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split():
            try:
                title = pathlib.Path(f"/proc/{child}/cmdline").read_text()
                if "127.0.0.1(" in title or not title: # no title: it has ended and its time is not yet counted
                    return True
            except OSError:
                pass # it has ended
        return False


def start_database(work):
    """The database, or the reason why there is none among the results."""
    global database
    if "LAVOIR_TEST_POSTGRES" not in os.environ:
        why = "there is no PostgreSQL (dev/services install)"
        say(f"{work}: not run, {why}")
        results.append(f"\nNot run: {work} with PostgreSQL, {why}.")
        return False
    database = Database(os.environ["LAVOIR_TEST_POSTGRES"])
    return True


def launcher():
    """What a peer's process costs before it does anything."""
    folder = CACHE / "run"
    folder.mkdir(exist_ok=True)
    runs = [measure([PYTHON, HERE / "peers.py", "duckdb_nothing"], folder) for _ in range(max(N, 5))]
    wall, cpu, rss = (statistics.median(getattr(m, w) for m in runs) for w in ("wall", "cpu", "rss"))
    return (f"Peers are Python processes: `SELECT 1` in DuckDB takes {wall:.2f} s, {cpu:.2f} s CPU and {rss:.0f} MiB, "
            "which is part of each of their figures; so is lavoir's start of its own.")


def machine():
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    memory = int(re.search(r"MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text())[1]) / MIB
    load = os.getloadavg()
    return (f"{os.cpu_count()} cores ({cpu[1] if cpu else platform.machine()}), {memory:.0f} GiB, {platform.system()}; "
            f"load {load[0]:.1f} at the start.")


def ratio_table(figures):
    return ["\n## Ratios\n\n| figure | measured | goal |\n|---|---|---|"] + [
        f"| {name} | {measured:.2f} | {'' if goal is None else f'{goal:.2f}'} |" for name, measured, goal in figures]


def keep(work, load, lines, figures):
    """Keeps what a whole work found, so that works can be measured one at a time."""
    (CACHE / f"found-{work}.json").write_text(json.dumps({"when": f"{datetime.datetime.now():%Y-%m-%d %H:%M}", "load": load, "of": commit(),
                                                          "lines": lines, "ratios": figures}))


def write(head):
    """Writes RESULTS.md of the latest whole run of each work."""
    lines, figures = [], []
    for w in WORKS:
        try:
            found = json.loads((CACHE / f"found-{w}.json").read_text())
        except FileNotFoundError:
            lines.append(f"\n## {w}\n\nNot run on this machine.")
            continue
        lines += found["lines"]
        lines.append(f"\nMeasured {found['when']}, load {found['load']:.1f} before, at commit {found['of']}.")
        figures += found["ratios"]
    (HERE / "RESULTS.md").write_text("\n".join(head + lines + ratio_table(figures)) + "\n")


def commit():
    run = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True)
    return run.stdout.strip() or "unknown"


def main():
    works = os.environ.get("WORKS", "").split() or list(WORKS)
    for w in works:
        if w not in WORKS:
            sys.exit(f"bench: there is no work {w}; there are: {' '.join(WORKS)}")
    if NEED_POSTGRES & set(works) and "LAVOIR_TEST_POSTGRES" not in os.environ and os.environ.get("BENCH_SERVICES") != "1":
        os.execve(ROOT / "dev/services", ["dev/services", "run", sys.executable, __file__], {**os.environ, "BENCH_SERVICES": "1"})
    CACHE.mkdir(parents=True, exist_ok=True)
    lock = open(CACHE / "lock", "w")  # two at once would measure each other
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("waiting for another benchmark to end")
        fcntl.flock(lock, fcntl.LOCK_EX)
    build()
    install()
    head = ["# Results of the benchmark\n",
            f"Written by `make bench ROWS={ROWS} N={N}` on {datetime.date.today()}; README.md says what the figures mean.\n",
            f"- Machine: {machine()}",
            "- Versions: " + ", ".join(f"{k} {v}" for k, v in versions.items()) + ".",
            f"- Medians of {N} runs in turns; CPU is user and system; the peak is the most of all runs.",
            "- " + launcher()]
    whole = not PEERS and not SMOKE and ROWS >= WHOLE[0] and N >= WHOLE[1]
    for w in works:
        before = len(results), len(ratios), len(failures)
        load = os.getloadavg()[0]
        try:
            WORKS[w]()
        except (Failed, subprocess.CalledProcessError, OSError) as e: # a full disk must not lose what the others found
            failures.append(f"{w}: {e}")
        if whole and len(failures) == before[2]:
            keep(w, load, results[before[0]:], ratios[before[1]:])
            write(head)
    shutil.rmtree(CACHE / "run", ignore_errors=True)
    if SMOKE:
        for line in filter(lambda line: "Not run: " in line, results):
            print(line.strip())
        print(f"{checked} outputs hold the rows they should, by DuckDB {versions['duckdb']}; {len(failures)} failures")
    else:
        print("\n".join(head + results + ratio_table(ratios)) + "\n")
        for name, measured, goal in ratios:
            print(f"RATIO {name} {measured:.3f} {'-' if goal is None else goal}")
    if not whole and not SMOKE:
        say("RESULTS.md is left as it was: it holds works with all their peers on all rows, and nothing wrong")
    for f in failures:
        say("FAILED", f)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
