"""Compares golden Parquet files with what pyarrow or DuckDB reads: check.py <reader> <folder>."""
import decimal, glob, json, os, struct, sys


def bits(v):
    return "nan" if v != v else struct.pack(">d", v).hex()


def unscaled(d):
    sign, digits, exponent = d.as_tuple()
    n = int("".join(map(str, digits)))
    return str(-n if sign else n), -exponent


def canonical(v, column):
    if v is None:
        return None
    kind = column["type"]
    if kind == "list":
        return [canonical(x, {"type": "utf8"}) for x in v]
    if kind == "struct":
        return [bits(x) for x in v.values()]
    if kind == "bool":
        return "true" if v else "false"
    if kind == "float64":
        return bits(v)
    if kind == "decimal":
        digits, scale = unscaled(v)
        assert scale == column["scale"], "scale"
        return digits
    if kind == "binary":
        return bytes(v).hex()
    if kind == "utf8":
        return v
    return str(v)


def by_pyarrow(path, columns):
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    table = pq.read_table(path, page_checksum_verification=True)
    if os.path.basename(path).startswith("geo"):
        covering = json.loads(pq.read_metadata(path).metadata[b"geo"])["columns"]["geometry"]["covering"]["bbox"]
        assert all(table.schema.field(c).type.field(f).type == pa.float64() for c, f in covering.values()), "covering"
    assert table.schema.names == [c["name"] for c in columns], "columns"
    types = {"utf8": pa.string(), "binary": pa.binary(), "date32": pa.date32(), "timestamp": pa.timestamp("us", "UTC"),
             "null": pa.null(), "bool": pa.bool_(), "int32": pa.int32(), "int64": pa.int64(), "float64": pa.float64()}
    for column in columns:
        c = table[column["name"]]
        want = types.get(column["type"])
        assert want is None or c.type == want, f"{column['name']} is {c.type}"
        if column["type"] == "list":
            assert c.type == pa.list_(pa.string()) or c.type.value_type == pa.string(), c.type
        if column["type"] == "date32":
            c = c.cast(pa.int32())
        if column["type"] == "timestamp":
            c = c.cast(pa.int64())
        yield column, [canonical(v, column) for v in c.to_pylist()]
    for column, value, op, count in predicates(path, columns):
        if value != value:
            continue  # this reader says that no NaN equals another
        name = column["name"].split(".")
        literal = {
            "date32": lambda: pa.scalar(value, pa.int32()).cast(pa.date32()),
            "timestamp": lambda: pa.scalar(value, pa.int64()).cast(pa.timestamp("us", "UTC")),
            "decimal": lambda: pa.scalar(decimal.Decimal(value).scaleb(-column["scale"], decimal.Context(prec=40))).cast(table.schema.field(name[0]).type),
            "utf8": lambda: pa.scalar(value.decode()),
        }.get(column["type"], lambda: pa.scalar(value))()
        field = pc.field(*name)
        condition = field == literal if op == "=" else field < literal if op == "<" else field >= literal
        if column["type"] == "float64":
            count = sum(selects(op, v, value) for v in comparable(column) if v is not None and v == v)
        found = pq.read_table(path, filters=condition, columns=[column["name"]]).num_rows
        assert found == count, f"{column['name']} {op} pruned: {found} instead of {count}"


def predicates(path, columns):
    """What statistics, indexes and filters may prune must not change a result: values
    that a file has, an operation, and how many rows it selects of all."""
    many = os.path.basename(path).startswith("prune")
    for column in columns:
        if column["type"] == "struct":
            boxes = column["values"]
            fields = [{"name": column["name"] + "." + name, "type": "float64", "values": [v and v[i] for v in boxes]}
                      for i, name in enumerate(("xmin", "ymin", "xmax", "ymax"))]
            yield from predicates(path, fields)
        elif column["type"] in ("int32", "int64", "utf8", "binary", "date32", "timestamp", "decimal", "float64"):
            values = [v for v in comparable(column) if v is not None]
            probes = values[:: max(1, len(values) // 6)][: 8 if many else 2]
            if many and column["type"] == "float64":
                probes += [0.0, -0.0, 0.3]
            for value in probes:
                for op in ("=", "<", ">=") if many else ("=",):
                    yield column, value, op, sum(selects(op, v, value) for v in values)


def comparable(column):
    """The values of a column as Python orders them."""
    of = {"utf8": str.encode, "binary": bytes.fromhex, "float64": double}.get(column["type"], int)
    return [None if v is None else of(v) for v in column["values"]]


def double(bits):
    return float("nan") if bits == "nan" else struct.unpack(">d", bytes.fromhex(bits))[0]


def selects(op, v, value):
    """NaN is one value, above all others, as SQL engines have it."""
    v, value = ((x != x, 0 if x != x else x) for x in (v, value))
    return v == value if op == "=" else v < value if op == "<" else v >= value


def by_duckdb(path, columns):
    import duckdb

    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    shown = {"date32": '("{0}" - DATE \'1970-01-01\')::BIGINT', "timestamp": 'epoch_us("{0}")', "decimal": '"{0}"::VARCHAR'}
    for column in columns:
        name, kind = column["name"], column["type"]
        rows = con.execute(f"SELECT {shown.get(kind, chr(34) + '{0}' + chr(34)).format(name)} FROM read_parquet('{path}')").fetchall()
        if kind == "decimal":
            yield column, [None if r[0] is None else plain_decimal(r[0]) for r in rows]
        else:
            yield column, [canonical(r[0], column) for r in rows]
    literals = {
        "date32": "DATE '1970-01-01' + {0}::INTEGER", "timestamp": "make_timestamptz({0})", "float64": "'{0!r}'::DOUBLE",
        "utf8": "'{0}'", "binary": "from_hex('{0}')", "decimal": "{0}::DECIMAL(38, {1})",
    }
    for column, value, op, count in predicates(path, columns):
        kind = column["type"]
        if kind == "utf8":
            value = value.decode().replace("'", "''")
            if "\0" in value:
                continue
        if kind == "binary":
            value = value.hex()
        if kind == "decimal":
            value = format(decimal.Decimal(value).scaleb(-column["scale"], decimal.Context(prec=40)), "f")
        literal = literals.get(kind, "{0}").format(value, column.get("scale"))
        name = ".".join(f'"{part}"' for part in column["name"].split("."))
        found = con.execute(f"SELECT count(*) FROM read_parquet('{path}') WHERE {name} {op} {literal}").fetchone()[0]
        assert found == count, f"{column['name']} {op} pruned: {found} instead of {count}"
        if op == "=" and count and "." not in column["name"]:
            probe = f"SELECT bool_and(bloom_filter_excludes) FROM parquet_bloom_probe('{path}', '{column['name']}', {literal})"
            assert con.execute(probe).fetchone()[0] is False, f"{column['name']}: the bloom filter excludes a value"
    for column in columns:
        if column["type"] in ("int64", "int32"):
            values = [int(v) for v in column["values"] if v is not None]
            found = con.execute(f"SELECT min(\"{column['name']}\"), max(\"{column['name']}\") FROM read_parquet('{path}')").fetchone()
            assert found == ((min(values), max(values)) if values else (None, None)), column["name"]


def plain_decimal(s):
    return str(int(s.replace(".", "")))


def main(reader, folder):
    module = __import__(reader)
    read = {"pyarrow": by_pyarrow, "duckdb": by_duckdb}[reader]
    cells = wrong = 0
    for want in sorted(glob.glob(os.path.join(folder, "*.json"))):
        columns = json.load(open(want, encoding="utf-8"))
        path = want[: -len("json")] + "parquet"
        try:
            for column, got in read(path, columns):
                cells += len(got)
                if got != column["values"]:
                    at = next((i for i, (g, w) in enumerate(zip(got, column["values"])) if g != w), "length")
                    print(f"  {os.path.basename(path)}: column {column['name']} differs at row {at}")
                    wrong += 1
        except Exception as e:  # a reader that fails is a disagreement
            print(f"  {os.path.basename(path)}: {type(e).__name__}: {str(e)[:200]}")
            wrong += 1
    print(f"{reader} {module.__version__} (Python): {cells} cells, {wrong} disagreements")
    return 1 if wrong else 0


sys.exit(main(*sys.argv[1:]))
