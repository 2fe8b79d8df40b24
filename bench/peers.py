"""What others do with the same data: each function is the whole work of one process.

    python peers.py FUNCTION ARGUMENT…

Every peer gets the columns' types, two threads, the codec and level that lavoir
has, and keeps the order of the rows.
"""

import json
import os
import sys

THREADS = 2

GRANTS = {
    "id": "BIGINT", "attribuant": "VARCHAR", "attribuant_siret": "VARCHAR", "exercice": "INTEGER",
    "association": "VARCHAR", "association_siret": "VARCHAR", "objet": "VARCHAR", "nature": "VARCHAR",
    "montant": "DECIMAL(12,2)", "taux": "DOUBLE", "convention_le": "DATE", "versement_le": "DATE",
}
SCHEMAS = {
    "grants": GRANTS,
    "real": {
        "nomAttribuant": "VARCHAR", "idAttribuant": "VARCHAR", "dateConvention": "DATE", "referenceDecision": "VARCHAR",
        "nomBeneficiaire": "VARCHAR", "idBeneficiaire": "VARCHAR", "objet": "VARCHAR", "montant": "DECIMAL(12,2)",
        "nature": "VARCHAR", "conditionsVersement": "VARCHAR", "datesPeriodeVersement": "VARCHAR",
        "notificationUE": "VARCHAR", "pourcentageSubvention": "DOUBLE",
    },
    "transform": {**GRANTS, "exercice": "VARCHAR", "annee": "BIGINT", "acompte": "DECIMAL(13,3)", "tranche": "VARCHAR"},
}


# --- DuckDB --------------------------------------------------------------------

PARQUET = "(FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)"


def duckdb_connect(memory=None):
    import duckdb

    con = duckdb.connect()
    con.execute(f"SET threads = {THREADS}")
    con.execute("SET preserve_insertion_order = true")
    if memory:
        con.execute(f"SET memory_limit = '{memory}'")
    return con


def read_csv(path, schema, office=False):
    """A scan that leaves DuckDB nothing to guess."""
    columns = ", ".join(f"'{name}': '{kind}'" for name, kind in SCHEMAS[schema].items())
    dialect = "delim=';', decimal_separator=',', dateformat='%d/%m/%Y'" if office else "delim=',', dateformat='%Y-%m-%d'"
    return (f"read_csv('{path}', auto_detect=false, header=true, {dialect}, quote='\"', escape='\"', nullstr='', "
            f"new_line='\\n', columns={{{columns}}})")


def duckdb_nothing():
    """The launcher alone."""
    duckdb_connect().execute("SELECT 1").fetchall()


def duckdb_csv(source, target, schema):
    duckdb_connect().execute(f"COPY (SELECT * FROM {read_csv(source, schema)}) TO '{target}' {PARQUET}")


def duckdb_office(target, schema):
    """The office file comes through a pipe, in UTF-8."""
    duckdb_connect().execute(f"COPY (SELECT * FROM {read_csv('/dev/stdin', schema, office=True)}) TO '{target}' {PARQUET}")


def duckdb_encodings(source, target, schema):
    """DuckDB's own reader of cp1252 is an extension, packaged for the release before only."""
    import glob
    import duckdb_extension_encodings as extension

    con = duckdb_connect()
    con.load_extension(glob.glob(f"{extension.__path__[0]}/extensions/*/*")[0])
    scan = read_csv(source, schema, office=True)[:-1] + ", encoding='CP1252')"
    con.execute(f"COPY (SELECT * FROM {scan}) TO '{target}' {PARQUET}")


# What pipelines/transform.hcl does.
TRANSFORM = """
    SELECT * REPLACE (CAST(exercice AS VARCHAR) AS exercice, CAST(versement_le AS DATE) AS versement_le),
           year(convention_le) AS annee, montant * CAST(0.3 AS DECIMAL(1, 1)) AS acompte,
           CASE WHEN montant >= 23000 THEN 'convention obligatoire' ELSE 'sous le seuil' END AS tranche
    FROM {scan} WHERE montant >= 1000"""


def scan_transform(source):
    return read_csv(source, "grants").replace("'versement_le': 'DATE'", "'versement_le': 'VARCHAR'")


def duckdb_transform(source, parquet, csv):
    """Computed once, kept in memory, written twice."""
    con = duckdb_connect()
    con.execute("CREATE TEMP TABLE t AS " + TRANSFORM.format(scan=scan_transform(source)))
    con.execute(f"COPY t TO '{parquet}' {PARQUET}")
    con.execute(f"COPY t TO '{csv}' (FORMAT csv, HEADER)")


def duckdb_transform_twice(source, parquet, csv):
    """Nothing kept: read and computed once for each file."""
    con = duckdb_connect()
    for target, options in ((parquet, PARQUET), (csv, "(FORMAT csv, HEADER)")):
        con.execute(f"COPY ({TRANSFORM.format(scan=scan_transform(source))}) TO '{target}' {options}")


def duckdb_psql(target, schema):
    """The table comes through a pipe, as CSV."""
    scan = read_csv("/dev/stdin", schema).replace("header=true", "header=false")
    duckdb_connect().execute(f"COPY (SELECT * FROM {scan}) TO '{target}' {PARQUET}")


def duckdb_postgres(target):
    """DuckDB's postgres extension, packaged for the release before only."""
    import glob
    import duckdb_extension_postgres_scanner as extension

    con = duckdb_connect()
    con.load_extension(glob.glob(f"{extension.__path__[0]}/extensions/*/*")[0])
    con.execute("ATTACH '' AS source (TYPE postgres, READ_ONLY)")  # the PG… variables say where
    con.execute(f"COPY (SELECT * FROM source.public.grants) TO '{target}' {PARQUET}")


# --- Polars --------------------------------------------------------------------

def polars_csv(source, target, schema):
    os.environ["POLARS_MAX_THREADS"] = str(THREADS)
    import polars as pl

    kinds = {"BIGINT": pl.Int64, "INTEGER": pl.Int32, "VARCHAR": pl.String, "DOUBLE": pl.Float64, "DATE": pl.Date,
             "DECIMAL(12,2)": pl.Decimal(12, 2)}
    frame = pl.scan_csv(source, schema={name: kinds[kind] for name, kind in SCHEMAS[schema].items()}, try_parse_dates=False)
    frame.sink_parquet(target, compression="zstd", compression_level=1, maintain_order=True)


# --- pyarrow -------------------------------------------------------------------

def arrow_types(schema):
    import pyarrow as pa

    pa.set_cpu_count(THREADS)
    kinds = {"BIGINT": pa.int64(), "INTEGER": pa.int32(), "VARCHAR": pa.string(), "DOUBLE": pa.float64(), "DATE": pa.date32(),
             "DECIMAL(12,2)": pa.decimal128(12, 2)}
    return {name: kinds[kind] for name, kind in SCHEMAS[schema].items()}


def write_parquet(target, batches, schema):
    import pyarrow.parquet as pq

    with pq.ParquetWriter(target, schema, compression="zstd", compression_level=1, store_decimal_as_integer=True) as writer:
        for batch in batches:
            writer.write_batch(batch)


def arrow_csv(source, target, schema):
    from pyarrow import csv

    reader = csv.open_csv(
        source, read_options=csv.ReadOptions(block_size=16 << 20),
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(column_types=arrow_types(schema), null_values=[""], strings_can_be_null=True))
    write_parquet(target, reader, reader.schema)


def arrow_office(source, target, schema):
    """Its CSV reader parses such dates as instants only."""
    import pyarrow as pa
    from pyarrow import csv

    types = arrow_types(schema)
    instants = {name: pa.timestamp("s") if kind == pa.date32() else kind for name, kind in types.items()}
    reader = csv.open_csv(
        source, read_options=csv.ReadOptions(block_size=16 << 20, encoding="cp1252"),
        parse_options=csv.ParseOptions(delimiter=";", newlines_in_values=True),
        convert_options=csv.ConvertOptions(column_types=instants, null_values=[""], strings_can_be_null=True,
                                           decimal_point=",", timestamp_parsers=["%d/%m/%Y"]))
    schema = pa.schema(types)
    write_parquet(target, (batch.cast(schema) for batch in reader), schema)


# --- ConnectorX, ADBC ----------------------------------------------------------

def as_declared(table, schema):
    """The types asked for, where a reader gives numbers as text or wider."""
    import pyarrow as pa

    return table.cast(pa.schema(arrow_types(schema)))


def connectorx(target, schema, connections):
    import connectorx as cx

    more = {"partition_on": "id", "partition_num": int(connections)} if int(connections) > 1 else {}
    table = cx.read_sql(os.environ["BENCH_POSTGRES"], "SELECT * FROM grants", return_type="arrow", **more)
    table = as_declared(table, schema)
    write_parquet(target, table.to_batches(max_chunksize=122880), table.schema)


def adbc(target, schema):
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(os.environ["BENCH_POSTGRES"]) as con, con.cursor() as cur:
        cur.execute("SELECT * FROM grants")
        import pyarrow as pa

        declared = pa.schema(arrow_types(schema))
        write_parquet(target, (as_declared(pa.table(batch), schema).combine_chunks().to_batches()[0] for batch in cur.fetch_record_batch()
                               if batch.num_rows), declared)


# --- Checking ------------------------------------------------------------------

def relation(path, schema):
    if path.endswith(".parquet"):
        return f"read_parquet('{path}')"
    with open(path, "rb") as f:
        crlf = f.readline().endswith(b"\r\n")
    return read_csv(path, schema).replace("new_line='\\n'", "new_line='\\r\\n'" if crlf else "new_line='\\n'")


def check(expected, got, schema, folder):
    """Whether two files hold the same bag of rows, all columns; as JSON."""
    con = duckdb_connect("6GB")
    con.execute(f"SET temp_directory = '{folder}'")
    con.execute("SET preserve_insertion_order = false")
    a, b = relation(expected, schema), relation(got, schema)
    one = lambda sql: con.execute(sql).fetchone()[0]
    columns = [[(c[0], c[1]) for c in con.execute(f"DESCRIBE SELECT * FROM {x}").fetchall()] for x in (a, b)]
    out = {"rows": one(f"SELECT count(*) FROM {a}"), "got": one(f"SELECT count(*) FROM {b}"),
           "types": sorted(set(columns[1]) - set(columns[0])), "columns": [c[0] for c in columns[0]] == [c[0] for c in columns[1]]}
    if out["columns"] and out["rows"] == out["got"]:
        out["missing"] = one(f"SELECT count(*) FROM (SELECT * FROM {a} EXCEPT ALL SELECT * FROM {b})")
        out["extra"] = one(f"SELECT count(*) FROM (SELECT * FROM {b} EXCEPT ALL SELECT * FROM {a})")
        out["equal"] = out["missing"] == out["extra"] == 0
    else:
        out["equal"] = False
    print(json.dumps(out))


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
