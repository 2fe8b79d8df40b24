// Compares golden Parquet files with what a reader reads: check.mjs <reader> <folder>.
import { readFileSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const [reader, folder] = process.argv.slice(2)
const version = (name) => {
  for (const dir of createRequire(import.meta.url).resolve.paths(name)) {
    try { return JSON.parse(readFileSync(join(dir, name, 'package.json'))).version } catch {}
  }
}

function bits(v) {
  if (Number.isNaN(v)) return 'nan'
  const b = new DataView(new ArrayBuffer(8))
  b.setFloat64(0, v)
  return b.getBigUint64(0).toString(16).padStart(16, '0')
}

const hex = (b) => Buffer.from(b).toString('hex')
const plainDecimal = (s) => BigInt(s.replace('.', '')).toString()

function canonical(v, { type }) {
  if (v === null || v === undefined) return null
  if (type === 'list') return Array.from(v, (x) => canonical(x, { type: 'utf8' }))
  if (type === 'float64') return bits(v)
  if (type === 'struct') return Object.values(v).map(bits)
  if (type === 'binary') return hex(v)
  if (type === 'utf8') return v
  return String(v)
}

async function duckdb() {
  const { DuckDBInstance } = await import('@duckdb/node-api')
  const con = await (await DuckDBInstance.create()).connect()
  await con.run("SET TimeZone = 'UTC'")
  const shown = {
    date32: (n) => `("${n}" - DATE '1970-01-01')::BIGINT`, timestamp: (n) => `epoch_us("${n}")`,
    decimal: (n) => `"${n}"::VARCHAR`, list: (n) => `"${n}"`,
  }
  return async (path, columns) => {
    const out = []
    for (const c of columns) {
      const r = await con.runAndReadAll(`SELECT ${(shown[c.type] ?? ((n) => `"${n}"`))(c.name)} FROM read_parquet('${path}')`)
      out.push(r.getRows().map(([v]) => {
        if (v === null) return null
        if (c.type === 'decimal') return plainDecimal(v)
        if (c.type === 'list') return canonical(v.items, c)
        if (c.type === 'struct') return canonical(v.entries, c)
        if (c.type === 'binary') return hex(v.bytes)
        return canonical(v, c)
      }))
    }
    return out
  }
}

async function hyparquet() {
  const { parquetRead } = await import('hyparquet')
  const { compressors } = await import('hyparquet-compressors')
  const same = (v) => v
  const parsers = { timestampFromMilliseconds: same, timestampFromMicroseconds: same, timestampFromNanoseconds: same, dateFromDays: same }
  return async (path, columns) => {
    const b = readFileSync(path)
    const file = b.buffer.slice(b.byteOffset, b.byteOffset + b.byteLength)
    const out = columns.map(() => [])
    await parquetRead({
      file, compressors, parsers, utf8: false, geoparquet: false,
      onComplete: (rows) => rows.forEach((row) => row.forEach((v, i) => out[i].push(v))),
    })
    return out.map((values, i) => columns[i].type === 'decimal' ? asDoubles(values, columns[i]) : values.map((v) => canonical(v, columns[i])))
  }
}

// hyparquet gives decimals as doubles: what it gives is right when it is the
// wanted value to 15 significant digits.
function asDoubles(values, column) {
  return values.map((v, i) => {
    const want = column.values[i]
    if (v === null || v === undefined || want === null) return v ?? null
    const exact = Number(want) / 10 ** column.scale
    return Math.abs(v - exact) <= Math.abs(exact) * 1e-15 * 4 ? want : `about ${v}`
  })
}

async function wasm() {
  const { readParquet } = await import('parquet-wasm/node')
  const { tableFromIPC } = await import('apache-arrow')
  return async (path, columns) => {
    const table = tableFromIPC(readParquet(new Uint8Array(readFileSync(path))).intoIPCStream())
    return columns.map((c) => {
      const vector = table.getChild(c.name)
      if (['list', 'utf8', 'binary', 'bool', 'struct'].includes(c.type)) {
        return Array.from(vector ?? [], (v) => canonical(c.type === 'struct' ? v?.toJSON() : v, c))
      }
      const values = []
      for (const data of vector?.data ?? []) {
        for (let i = 0; i < data.length; i++) {
          values.push(c.type !== 'null' && data.getValid(i) ? wasmValue(data, i, c) : null)
        }
      }
      return values
    })
  }
}

function wasmValue(data, i, c) {
  if (c.type === 'decimal') {
    const words = data.values.subarray(4 * i, 4 * i + 4)
    return BigInt.asIntN(128, words.reduceRight((n, w) => (n << 32n) | BigInt(w >>> 0), 0n)).toString()
  }
  return canonical(data.values[i], c)
}

const [start, names] = {
  duckdb: [duckdb, ['@duckdb/node-api']], hyparquet: [hyparquet, ['hyparquet', 'hyparquet-compressors']],
  'parquet-wasm': [wasm, ['parquet-wasm', 'apache-arrow']],
}[reader]
const read = await start()
let cells = 0
let wrong = 0
for (const name of readdirSync(folder).filter((n) => n.endsWith('.json')).sort()) {
  const columns = JSON.parse(readFileSync(join(folder, name)))
  const path = join(folder, name.replace(/json$/, 'parquet'))
  try {
    const got = await read(path, columns)
    columns.forEach((c, i) => {
      cells += got[i].length
      const at = c.values.findIndex((w, row) => JSON.stringify(w) !== JSON.stringify(got[i][row]))
      if (at >= 0 || got[i].length !== c.values.length) {
        console.log(`  ${name.replace(/json$/, 'parquet')}: column ${c.name} differs at row ${at} (${got[i].length} of ${c.values.length} rows)`)
        wrong++
      }
    })
  } catch (e) {
    console.log(`  ${name.replace(/json$/, 'parquet')}: ${e}`)
    wrong++
  }
}
const note = reader === 'hyparquet' ? ' (decimals compared as doubles, which is what it gives)' : ''
console.log(`${names.map((n) => `${n} ${version(n)}`).join(' + ')} (Node): ${cells} cells, ${wrong} disagreements${note}`)
process.exit(wrong ? 1 : 0)
