"""Compares golden Parquet files with what pyarrow or DuckDB reads: check.py <reader> <folder>."""
import glob, json, os, struct, sys


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
    import pyarrow.parquet as pq

    table = pq.read_table(path, page_checksum_verification=True)
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
    # What statistics prune must not change a result.
    for column in columns:
        if column["type"] in ("int64", "utf8", "int32"):
            for value in sample(column):
                v = int(value) if column["type"] != "utf8" else value
                found = pq.read_table(path, filters=[(column["name"], "=", v)], columns=[column["name"]]).num_rows
                assert found == column["values"].count(value), f"{column['name']} pruned"


def sample(column):
    values = [v for v in column["values"] if v is not None]
    return values[:: max(1, len(values) // 5)][:8]


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
    literals = {"int64": "{0}", "int32": "{0}", "utf8": "{0}", "date32": "DATE '1970-01-01' + {0}::INTEGER", "timestamp": "make_timestamptz({0})"}
    for column in columns:
        literal = literals.get(column["type"])
        for value in sample(column) if literal else []:
            v = "'" + value.replace("'", "''") + "'" if column["type"] == "utf8" else value
            if "\0" in v:
                continue
            for op, count in (("=", sum(x == value for x in column["values"])),):
                found = con.execute(f"SELECT count(*) FROM read_parquet('{path}') WHERE \"{column['name']}\" {op} {literal.format(v)}").fetchone()[0]
                assert found == count, f"{column['name']} {op} pruned: {found} instead of {count}"
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
