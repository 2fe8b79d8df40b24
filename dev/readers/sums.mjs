// Prints what a Parquet file adds up to, a row group at a time: sums.mjs <reader> <file>.
// See check-rows, which says what is added up.
import { readFileSync } from 'node:fs'

const [reader, path] = process.argv.slice(2)
const bytes = readFileSync(path)
const { parquetMetadata, parquetRead } = await import('hyparquet')
const metadata = parquetMetadata(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength))
const columns = metadata.schema.slice(1)

class Sum {
  nulls = 0
  total = 0
  low = null
  high = null

  add(size, value) {
    this.total += size
    if (this.low === null || value < this.low) this.low = value
    if (this.high === null || value > this.high) this.high = value
  }

  value(v, decimal) {
    if (v === null || v === undefined) this.nulls++
    else if (typeof v === 'string') this.add(Buffer.byteLength(v), v)
    else if (typeof v === 'bigint') this.number(Number(v))
    else if (decimal) this.number(Math.round(v * 100))
    else if (Number.isInteger(v)) this.number(v)
    else throw new Error(`no sum of ${v}`)
  }

  number(n) { this.add(n, n) }
}
const sums = columns.map(() => new Sum())

// Doubles are added up in ten thousandths.
const isDouble = (c) => c.type === 'DOUBLE'
const tenThousandths = (v) => (v === null || v === undefined ? v : Math.round(v * 10000))

async function hyparquet() {
  const { compressors } = await import('hyparquet-compressors')
  const same = (v) => v
  const parsers = { timestampFromMilliseconds: same, timestampFromMicroseconds: same, timestampFromNanoseconds: same, dateFromDays: same }
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
  let at = 0
  for (const group of metadata.row_groups) {
    const rows = Number(group.num_rows)
    await parquetRead({
      file, metadata, compressors, parsers, utf8: false, rowStart: at, rowEnd: at + rows,
      onComplete: (got) => got.forEach((row) => row.forEach((v, i) => sums[i].value(isDouble(columns[i]) ? tenThousandths(v) : v, columns[i].scale))),
    })
    at += rows
  }
}

async function wasm() {
  const { readParquet } = await import('parquet-wasm/node')
  const { tableFromIPC } = await import('apache-arrow')
  const file = new Uint8Array(bytes)
  for (let g = 0; g < metadata.row_groups.length; g++) {
    const table = tableFromIPC(readParquet(file, { rowGroups: [g] }).intoIPCStream())
    columns.forEach((c, i) => {
      for (const data of table.getChild(c.name).data) addData(sums[i], data, c)
    })
  }
}

function addData(sum, data, c) {
  const text = new TextDecoder()
  for (let i = 0; i < data.length; i++) {
    if (!data.getValid(i)) sum.nulls++
    else if (data.valueOffsets) sum.value(text.decode(data.values.subarray(data.valueOffsets[i], data.valueOffsets[i + 1])))
    else if (c.scale !== undefined) sum.number(data.values[4 * i] + (data.values[4 * i + 1] | 0) * 2 ** 32)
    else sum.value(isDouble(c) ? tenThousandths(data.values[i]) : data.values[i])
  }
}

await { hyparquet, 'parquet-wasm': wasm }[reader]()
console.log(JSON.stringify(sums.map((s, i) => [columns[i].name, s.nulls, s.total, s.low, s.high])))
