"""Writes the Parquet files of connectors/format/testdata/spark: spark.py <folder>.

Needs pyspark 3.5 and a Java; the files are kept because Spark is too large to install for a check. Beside
<name>.parquet stands <name>.json, as write.py has it. All of it is invented."""
import datetime as dt, decimal, glob, os, shutil, sys, tempfile

from pyspark.sql import SparkSession
from pyspark.sql import types as T

from write import expect, shown

D = decimal.Decimal
UTC = dt.timezone.utc


def rows(n):
    towns = ["Val-Fleuri", "Saint-Rémy-sur-Orne", "Œuilly", ""]
    out = []
    for i in range(n):
        null = i % 7 == 3
        at = dt.datetime(2024, 1, 1, tzinfo=UTC) + dt.timedelta(hours=7 * i, microseconds=123_456 * (i % 5))
        out.append({
            "id": i, "court": i % 100 - 50, "octet": i % 256 - 128, "nom": None if null else f"Association {i:03d}", "ville": towns[i % 4],
            "actif": None if null else i % 3 == 0, "taux": i / 8, "note": i / 3, "jour": None if null else dt.date(2024, 1, 1) + dt.timedelta(days=i),
            "instant": None if null else at, "petit": D(i * 137 - 999).scaleb(-2), "montant": None if null else D(i * 10**9 - 5).scaleb(-2),
            "grand": D((-1) ** i * (i * 10**27 + 7)).scaleb(-10, decimal.Context(prec=60)), "octets": bytes([i % 256, 0, 255]),
            "etiquettes": None if null else [] if i % 5 == 0 else ["a", None, f"é{i}"][: i % 4], "nombres": [i, None, -i],
            "lieu": None if null else {"voie": f"{i} rue du Lavoir", "insee": None if i % 2 else "99001"},
            "lots": None if null else [{"n": j, "objet": f"lot {j}"} for j in range(i % 3)],
        })
    return out


SCHEMA = T.StructType([
    T.StructField("id", T.LongType(), False), T.StructField("court", T.ShortType()), T.StructField("octet", T.ByteType()), T.StructField("nom", T.StringType()),
    T.StructField("ville", T.StringType()), T.StructField("actif", T.BooleanType()), T.StructField("taux", T.FloatType()), T.StructField("note", T.DoubleType()),
    T.StructField("jour", T.DateType()), T.StructField("instant", T.TimestampType()), T.StructField("petit", T.DecimalType(9, 2)),
    T.StructField("montant", T.DecimalType(18, 2)), T.StructField("grand", T.DecimalType(38, 10)), T.StructField("octets", T.BinaryType()),
    T.StructField("etiquettes", T.ArrayType(T.StringType())), T.StructField("nombres", T.ArrayType(T.IntegerType())),
    T.StructField("lieu", T.StructType([T.StructField("voie", T.StringType()), T.StructField("insee", T.StringType())])),
    T.StructField("lots", T.ArrayType(T.StructType([T.StructField("n", T.IntegerType()), T.StructField("objet", T.StringType())]))),
])


def columns(data, int96):
    """What lavoir is to read, without what it leaves out."""
    def column(name, kind, show, of=None):
        return {"name": name, "type": kind, "values": shown(show, [(of or (lambda r: r[name]))(r) for r in data])}

    def place(key):
        return lambda r: r["lieu"] and r["lieu"][key]

    naive = lambda r: r["instant"] and r["instant"].astimezone(UTC).replace(tzinfo=None)
    return [
        column("id", "int64", "int64"), column("court", "int32", "int32"), column("octet", "int32", "int32"), column("nom", "text", "text"),
        column("ville", "text", "text"), column("actif", "bool", "bool"), column("taux", "float64", "float64"), column("note", "float64", "float64"),
        column("jour", "date", "date"),
        column("instant", "text", "local", naive) if int96 else column("instant", "timestamp", "timestamp", naive),
        column("petit", "decimal(9, 2)", "decimal"), column("montant", "decimal(18, 2)", "decimal"), column("grand", "decimal(38, 10)", "text", lambda r: f"{r['grand']:f}"),
        column("octets", "binary", "binary"), column("etiquettes", "list(text)", "list"), column("nombres", "list(text)", "list"),
        column("lieu.voie", "text", "text", place("voie")), column("lieu.insee", "text", "text", place("insee")),
    ]


def main():
    folder, n = sys.argv[1], 60
    work = tempfile.mkdtemp()
    data = rows(n)
    options = {
        "moderne": {"spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS"},
        "int96": {"spark.sql.parquet.outputTimestampType": "INT96", "spark.sql.parquet.int96RebaseModeInWrite": "CORRECTED"},
        "ancien": {"spark.sql.parquet.writeLegacyFormat": "true", "spark.sql.parquet.outputTimestampType": "INT96", "spark.sql.parquet.int96RebaseModeInWrite": "CORRECTED",
                   "spark.sql.parquet.compression.codec": "gzip"},
    }
    spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").config("spark.sql.session.timeZone", "UTC").getOrCreate()
    for name, conf in options.items():
        for key, value in conf.items():
            spark.conf.set(key, value)
        frame = spark.createDataFrame([tuple(r[f.name] for f in SCHEMA) for r in data], SCHEMA).coalesce(1)
        frame.write.option("compression", conf.get("spark.sql.parquet.compression.codec", "snappy")).parquet(f"{work}/{name}")
        path = f"{folder}/{name}.parquet"
        shutil.copy(glob.glob(f"{work}/{name}/part-*.parquet")[0], path)
        expect(path, columns(data, "96" in conf["spark.sql.parquet.outputTimestampType"]), 'without = ["lots"]')
    shutil.copy(path, f"{folder}/listes.parquet")
    expect(f"{folder}/listes.parquet", code="LAV-4302") # a list of groups
    spark.stop()
    shutil.rmtree(work)


main()
