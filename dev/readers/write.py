"""Writes Parquet files with pyarrow and DuckDB, each with what is to be read of it: write.py <folder>.

Beside <name>.parquet stands <name>.json: the arguments of the format block, and the columns with the type and the
values that lavoir gives them, as connectors/format/parquet_in_test.go shows values; or the code of the refusal."""
import datetime as dt, decimal, itertools, json, os, random, struct, sys

D = decimal.Decimal
EPOCH = dt.datetime(1970, 1, 1)


def micros(v):
    d = v - EPOCH
    return d.days * 86_400_000_000 + d.seconds * 1_000_000 + d.microseconds


def double(v):
    return "NaN" if v != v else "%x" % struct.unpack(">Q", struct.pack(">d", v))[0]


def iso(v):
    s = v.isoformat()
    return s.rstrip("0") if "." in s else s


SHOW = {
    "text": str, "int32": str, "int64": str, "binary": bytes.hex, "float64": double, "bool": lambda v: str(v).lower(),
    "date": lambda v: str((v - dt.date(1970, 1, 1)).days), "timestamp": lambda v: str(micros(v)), "decimal": str, "local": iso, "time": iso,
    "list": lambda v: "[" + "|".join("\\N" if x is None else str(x) for x in v) + "]",
}


def shown(kind, values):
    return ["\\N" if v is None else SHOW[kind](v) for v in values]


def expect(path, columns=None, config="", code=""):
    with open(path.removesuffix(".parquet") + ".json", "w", encoding="utf-8") as f:
        json.dump({"config": config, "code": code, "columns": columns}, f, ensure_ascii=False)


def sample(r, n):
    """Columns: name, type of lavoir, how it is shown, type of pyarrow, values."""
    import pyarrow as pa

    few = r.random() < 0.5

    def some(make):
        pool = [make() for _ in range(5)]
        return [None if r.random() < 0.2 else r.choice(pool) if few else make() for _ in range(n)]

    word = lambda: r.choice(["", "é", "œuvre", "Val-Fleuri", "x" * 300, "\U0010ffff"]) + str(r.randrange(1000))
    stamp = lambda: EPOCH + dt.timedelta(microseconds=r.randrange(-6 * 10**16, 10**17))
    recent = lambda: EPOCH + dt.timedelta(microseconds=r.randrange(0, 2 * 10**15))
    money = lambda p, s: lambda: D(r.randrange(-(10**p) + 1, 10**p)).scaleb(-s, decimal.Context(prec=60))
    whole = lambda bits, signed: lambda: r.randrange(-(2 ** (bits - 1)), 2 ** (bits - 1)) if signed else r.randrange(2**bits)
    place = some(lambda: {"voie": word(), "insee": r.choice([None, "01999"])})
    single = lambda: struct.unpack("f", struct.pack("f", r.uniform(-9, 9)))[0]
    half = lambda: struct.unpack("e", struct.pack("e", r.uniform(-9, 9)))[0]
    columns = [
        ("i8", "int32", "int32", pa.int8(), some(whole(8, True))), ("i16", "int32", "int32", pa.int16(), some(whole(16, True))),
        ("i32", "int32", "int32", pa.int32(), some(whole(32, True))), ("i64", "int64", "int64", pa.int64(), some(whole(64, True))),
        ("u8", "int32", "int32", pa.uint8(), some(whole(8, False))), ("u16", "int32", "int32", pa.uint16(), some(whole(16, False))),
        ("u32", "int64", "int64", pa.uint32(), some(whole(32, False))), ("u64", "decimal(20, 0)", "decimal", pa.uint64(), some(whole(64, False))),
        ("f16", "float64", "float64", pa.float16(), some(half)), ("f32", "float64", "float64", pa.float32(), some(single)),
        ("f64", "float64", "float64", pa.float64(), some(lambda: r.choice([0.1, float("nan"), float("inf"), -0.0, r.random()]))),
        ("flag", "bool", "bool", pa.bool_(), some(lambda: r.random() < 0.5)), ("nom", "text", "text", pa.string(), some(word)),
        ("grand", "text", "text", pa.large_string(), some(word)), ("octets", "binary", "binary", pa.binary(), some(lambda: r.randbytes(r.randrange(9)))),
        ("fixe", "binary", "binary", pa.binary(7), some(lambda: r.randbytes(7))), ("jour", "date", "date", pa.date32(), some(lambda: stamp().date())),
        ("jour64", "text", "local", pa.timestamp("ms"), some(lambda: stamp().replace(microsecond=0))),
        ("ms", "timestamp", "timestamp", pa.timestamp("ms", "UTC"), some(lambda: stamp().replace(microsecond=123000))),
        ("us", "timestamp", "timestamp", pa.timestamp("us", "Europe/Paris"), some(stamp)), ("ns", "timestamp", "timestamp", pa.timestamp("ns", "UTC"), some(recent)),
        ("local", "text", "local", pa.timestamp("us"), some(stamp)), ("heure", "text", "time", pa.time64("us"), some(lambda: stamp().time())),
        ("code", "text", "text", pa.dictionary(pa.int32(), pa.string()), some(word)), ("rien", "null", "text", pa.null(), [None] * n),
        ("themes", "list(text)", "list", pa.list_(pa.string()), some(lambda: [r.choice([None, "a", "é"]) for _ in range(r.randrange(4))])),
        ("nombres", "list(text)", "list", pa.list_(pa.int16()), some(lambda: list(range(r.randrange(4))))),
        ("lieu.voie", "text", "text", None, [p and p["voie"] for p in place]), ("lieu.insee", "text", "text", None, [p and p["insee"] for p in place]),
    ]
    for p, s in (5, 2), (9, 0), (18, 4), (19, 2), (38, 10):
        columns.append((f"d{p}", f"decimal({p}, {s})", "decimal", pa.decimal128(p, s), some(money(p, s))))
    return columns, place


def plain(values):
    """Decimals without an exponent."""
    return [None if v is None else format(v, "f") if isinstance(v, D) else v for v in values]


def by_pyarrow(folder):
    import pyarrow as pa
    import pyarrow.parquet as pq

    r = random.Random(1)
    made = 0
    for codec, version, page in itertools.product(["none", "snappy", "gzip", "brotli", "zstd", "lz4"], ["1.0", "2.6"], ["1.0", "2.0"]):
        columns, place = sample(r, r.choice([1, 40, 3000]))
        utc = dt.timezone.utc
        arrays = {c[0]: pa.array([v.replace(tzinfo=utc) if v is not None and c[2] == "timestamp" else v for v in c[4]], c[3]) for c in columns if c[3] is not None}
        arrays["lieu"] = pa.array(place, pa.struct([("voie", pa.string()), ("insee", pa.string())]))
        order = [c for c in columns if c[3] is not None] + [c for c in columns if c[3] is None]
        if version == "1.0":  # it has no unsigned 32 bits, and instants of microseconds at most
            arrays["u32"] = arrays["u32"].cast(pa.int64())
            arrays["ns"] = arrays["ns"].cast(pa.timestamp("us", "UTC"))
        options = dict(
            compression=codec, version=version, data_page_version=page, data_page_size=r.choice([200, 5000, 1 << 20]), write_batch_size=r.choice([7, 1024]),
            row_group_size=r.choice([9, 1000, 1 << 20]), use_dictionary=r.random() < 0.6, write_statistics=r.random() < 0.5, store_schema=r.random() < 0.5,
            write_page_checksum=r.random() < 0.5, use_compliant_nested_type=r.random() < 0.5, store_decimal_as_integer=r.random() < 0.5, write_page_index=r.random() < 0.5,
        )
        if not options["use_dictionary"] and r.random() < 0.7:
            options["column_encoding"] = {"i32": "DELTA_BINARY_PACKED", "i64": "DELTA_BINARY_PACKED", "us": "DELTA_BINARY_PACKED", "nom": "DELTA_BYTE_ARRAY",
                                          "octets": "DELTA_LENGTH_BYTE_ARRAY", "fixe": "BYTE_STREAM_SPLIT", "u64": "BYTE_STREAM_SPLIT", "flag": "RLE",
                                          "f32": "BYTE_STREAM_SPLIT", "f64": "BYTE_STREAM_SPLIT", "lieu.voie": "DELTA_BYTE_ARRAY"}
        path = os.path.join(folder, f"pyarrow_{made}.parquet")
        pq.write_table(pa.table(arrays), path, **options)
        expect(path, [{"name": c[0], "type": c[1], "values": shown(c[2], plain(c[4]))} for c in order])
        made += 1
    stamps = [dt.datetime(2024, 3, 31, 2, 30), None, dt.datetime(1969, 12, 31, 23, 59, 59, 999999), dt.datetime(2024, 6, 1)]
    for config, kind, values in (
        ("", "text", shown("local", stamps)),
        ('columns = { t = timestamp("", "UTC") }', "timestamp", shown("timestamp", stamps)),
    ):
        path = os.path.join(folder, f"pyarrow_int96_{kind}.parquet")
        pq.write_table(pa.table({"t": pa.array(stamps, pa.timestamp("us"))}), path, use_deprecated_int96_timestamps=True)
        expect(path, [{"name": "t", "type": kind, "values": values}], config)
    for name, array, code, config in (
        ("map", pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int32())), "LAV-4302", ""),
        ("groups", pa.array([[{"a": 1}]], pa.list_(pa.struct([("a", pa.int32())]))), "LAV-4302", ""),
        ("lists", pa.array([[[1]]], pa.list_(pa.list_(pa.int32()))), "LAV-4302", ""),
        ("clock", pa.array([stamps[0]], pa.timestamp("us")), "LAV-4307", 'columns = { x = timestamp("") }'),
        ("wide", pa.array([D(1)], pa.decimal256(50, 2)), "LAV-4302", ""),
    ):
        path = os.path.join(folder, f"pyarrow_{name}.parquet")
        pq.write_table(pa.table({"x": array}), path)
        expect(path, config=config, code=code)
    encrypted(folder)
    return made


def encrypted(folder):
    """A file whose footer is encrypted, and one of which a column is."""
    import base64
    import pyarrow as pa
    import pyarrow.parquet as pq
    import pyarrow.parquet.encryption as pe

    class Plain(pe.KmsClient):
        def __init__(self, _):
            pe.KmsClient.__init__(self)

        def wrap_key(self, key, _):
            return base64.b64encode(key)

        def unwrap_key(self, key, _):
            return base64.b64decode(key)

    factory = pe.CryptoFactory(lambda c: Plain(c))
    for name, plaintext in ("footer", False), ("column", True):
        config = pe.EncryptionConfiguration(footer_key="f", column_keys={"c": ["x"]}, plaintext_footer=plaintext)
        table = pa.table({"x": [1, 2], "y": [3, 4]})
        path = os.path.join(folder, f"pyarrow_encrypted_{name}.parquet")
        properties = factory.file_encryption_properties(pe.KmsConnectionConfig(), config)
        with pq.ParquetWriter(path, table.schema, encryption_properties=properties) as w:
            w.write_table(table)
        expect(path, code="LAV-4301")


def by_duckdb(folder):
    import duckdb

    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'; SET threads = 1")
    made = 0
    for version, codec, rows in itertools.product(["V1", "V2"], ["uncompressed", "snappy", "gzip", "zstd", "brotli", "lz4_raw"], [3, 5000]):
        query = f"""
            SELECT i::INTEGER AS a, (i * i)::BIGINT AS b, (i % 7)::UTINYINT AS c, CASE WHEN i % 3 = 0 THEN NULL ELSE 'nom ' || i % 11 END AS d, (i / 7)::DOUBLE AS e,
                (i / 7)::FLOAT AS f, (i - 3)::DECIMAL(12, 2) / 4 AS g0, ((i - 3) * 1.25)::DECIMAL(9, 2) AS g, (i * 12345678901234.5)::DECIMAL(30, 3) AS h,
                DATE '1999-12-31' + i::INTEGER AS j, TIMESTAMP '2024-01-31 23:59:59.5' + to_hours(i::INTEGER) AS k,
                (TIMESTAMP '2024-01-31 23:59:59.25' + to_hours(i::INTEGER))::TIMESTAMPTZ AS l, TIME '12:34:56.789' AS m, i % 2 = 0 AS n,
                ('00000000-0000-0000-0000-' || lpad(i::VARCHAR, 12, '0'))::UUID AS o, encode('é' || i % 5) AS p, [i::VARCHAR, NULL, 'x'][1:(i % 4)::INTEGER] AS q,
                {{'r': i, 's': CASE WHEN i % 2 = 0 THEN 'x' END}} AS t, (i * 1000000007)::UBIGINT AS u, ('v' || i % 3)::ENUM('v0', 'v1', 'v2') AS v, 'constante' AS w
            FROM range({rows}) t(i) ORDER BY i"""
        path = os.path.join(folder, f"duckdb_{made}.parquet")
        con.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet, COMPRESSION {codec}, PARQUET_VERSION {version}, ROW_GROUP_SIZE 2048)")
        kinds = {"a": "int32", "b": "int64", "c": "int32", "d": "text", "e": "float64", "f": "float64", "g": "decimal", "h": "decimal", "j": "date", "k": "local", "l": "int64",
                 "m": "time", "n": "bool", "o": "text", "p": "binary", "q": "list", "u": "decimal", "v": "text", "w": "text"}
        types = {"l": "timestamp", "g": "decimal(9, 2)", "h": "decimal(30, 3)", "u": "decimal(20, 0)", "k": "text", "m": "text", "q": "list(text)"}
        fetched = con.execute(f"SELECT * REPLACE (epoch_us(l) AS l) FROM ({query})").fetchall()  # instants need a module else
        names = [d[0] for d in con.description]
        columns = []
        for name, values in zip(names, zip(*fetched)):
            if name == "g0":
                continue
            if name == "t":
                columns += [{"name": "t.r", "type": "int64", "values": shown("int64", [v["r"] for v in values])}, {"name": "t.s", "type": "text", "values": shown("text", [v["s"] for v in values])}]
                continue
            columns.append({"name": name, "type": types.get(name, kinds[name]), "values": shown(kinds[name], plain(values))})
        expect(path, columns, 'without = ["g0"]')
        made += 1
    return made


def main(folder):
    written = []
    for name, write in ("pyarrow", by_pyarrow), ("duckdb", by_duckdb):
        try:
            module = __import__(name)
        except ImportError:
            print(f"{name} (Python): NOT RUN, it is not installed")
            continue
        written.append(f"{name} {module.__version__}: {write(folder)} files and those that are refused")
    print("; ".join(written))
    return 0 if written else 3


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
