package format

import (
	"context"
	"encoding/binary"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// DBF reads the tables of dBase II to 7, FoxPro and Visual FoxPro, with their
// memo files.
//
// Sources: dBASE Level 5 and 7 table file structure (dBase LLC), Visual FoxPro
// table file structure (Microsoft), and for dBase II, III and IV memos the
// descriptions collected by Erik Bachmann ("Xbase file format description").
var DBF = pipelines.Define(pipelines.KindFormat, "dbf", "Tables of dBase, FoxPro and Visual FoxPro, with their long texts.",
	dbfConfig{cellOptions: defaultCells}, newDBF)

type dbfConfig struct {
	Encoding string   `hcl:"encoding,optional" values:"cp437|cp850|cp852|cp858|cp860|cp863|cp865|cp866|cp1250|cp1251|cp1252|cp1253|cp1254|cp1257|iso-8859-1|iso-8859-15|utf-8" doc:"How the table writes characters, whatever it says itself. Unless given: what the .cpg file beside it says, else the mark in the table; where neither tells, only ASCII is read."`
	Without  []string `hcl:"without,optional" doc:"Columns to leave out, by their names in the table: pictures, or long texts whose file is lost."`
	cellOptions
}

// Validate refuses columns that are both declared and left out.
func (c dbfConfig) Validate() error {
	for _, name := range c.Without {
		if c.declares(name) {
			return badOption("without", "names a column that columns declares")
		}
	}
	return c.cellOptions.Validate()
}

type dbfCodec struct {
	env    pipelines.Env
	config dbfConfig
	form   cellForm
	chunk  int // bytes
}

var _ Reader = (*dbfCodec)(nil)

func newDBF(env pipelines.Env, config dbfConfig) (*dbfCodec, error) {
	return &dbfCodec{env: env, config: config, form: config.form(), chunk: dbfChunkSize}, nil
}

// Beside are the files that may belong to a table.
func (c *dbfCodec) Beside() []string { return []string{".dbt", ".fpt", ".cpg"} }

// Companions are the indexes that dBase and FoxPro keep of a table.
func (c *dbfCodec) Companions() []string { return []string{".mdx", ".ndx", ".cdx", ".idx", ".ntx"} }

// dbfField is a column as the table describes it.
type dbfField struct {
	name        string
	kind        byte
	start, size int // in a record
	flags       byte
	null, full  int // bits of the null flags; -1: none
	memo        int // which of the memo columns; -1: none
}

// dbfTable is what the head of a table says.
type dbfTable struct {
	version  byte
	level7   bool // dBase 7: long names, integers in another order
	fox      bool // Visual FoxPro: binary types, null flags, memos by number
	records  int64
	record   int // bytes
	head     int // bytes
	mark     byte
	flags    byte
	lock     byte
	fields   []dbfField // those that are read
	nulls    dbfField   // where the null flags are; size 0: nowhere
	memos    int        // columns of long texts
	encoding *csvEncoding
}

const dbfHeadII = 521 // the head of a dBase II table: 8 bytes, 32 fields, the end mark

// dbfVersions are the tables that are read, by their first byte.
var dbfVersions = map[byte]string{
	0x02: "", 0x03: "", 0x04: "", 0x05: "", 0x43: "", 0xfb: "",
	0x83: "dbt3", 0x8b: "dbt4", 0x8c: "dbt4", 0x7b: "dbt4", 0xcb: "dbt4", 0x63: "",
	0x30: "fpt", 0x31: "fpt", 0x32: "fpt", 0xf5: "fpt",
}

// readDBFHead reads the head of a table.
func (c *dbfCodec) readHead(in Input, r io.Reader, encoding func(mark byte) (*csvEncoding, error)) (*dbfTable, error) {
	not := func(why string) error { return messages.DBFNot.With("file", in.Name, "why", why) }
	start := make([]byte, 32)
	if _, err := io.ReadFull(r, start[:8]); err != nil {
		return nil, headError(err, not("it is shorter than the head of one"))
	}
	t := &dbfTable{version: start[0]}
	if _, known := dbfVersions[t.version]; !known {
		return nil, not("its first byte is that of no version which is known")
	}
	var body []byte
	wide, at := 32, 0
	if t.version == 0x02 {
		t.records, t.record, t.head = int64(binary.LittleEndian.Uint16(start[1:])), int(binary.LittleEndian.Uint16(start[6:])), dbfHeadII
		wide = 16
		body = make([]byte, t.head-8)
	} else {
		if _, err := io.ReadFull(r, start[8:]); err != nil {
			return nil, headError(err, not("it is shorter than the head of one"))
		}
		t.records, t.head = int64(binary.LittleEndian.Uint32(start[4:])), int(binary.LittleEndian.Uint16(start[8:]))
		t.record, t.lock, t.flags, t.mark = int(binary.LittleEndian.Uint16(start[10:])), start[15], start[28], start[29]
		t.fox = t.version >= 0x30 && t.version <= 0x32
		if t.level7 = t.version == 0x04 || t.version == 0x8c; t.level7 {
			wide, at = 48, 36
		}
		if t.head < 32+at+1 {
			return nil, not("its head has no room for a column")
		}
		body = make([]byte, t.head-32)
	}
	if t.lock != 0 {
		return nil, messages.DBFEncrypted.With("file", in.Name)
	}
	if _, err := io.ReadFull(r, body); err != nil {
		return nil, headError(err, not("it is shorter than the head of one"))
	}
	if in.Size > 0 && t.record > 0 && (in.Size-int64(t.head))/int64(t.record) < t.records {
		return nil, messages.DBFCut.With("file", in.Name, "got", (in.Size-int64(t.head))/int64(t.record), "wanted", t.records)
	}
	var err error
	if t.encoding, err = encoding(t.mark); err != nil {
		return nil, err
	}
	fields, err := t.readFields(body[at:], wide)
	if err != nil {
		return nil, not(err.Error())
	}
	return t, c.choose(in, t, fields)
}

func headError(err, otherwise error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return otherwise
	}
	return err
}

type dbfWhy string

func (w dbfWhy) Error() string { return string(w) }

// readFields reads the descriptions of all columns.
func (t *dbfTable) readFields(b []byte, wide int) ([]dbfField, error) {
	var fields []dbfField
	sum, long, bit := 1, 1, 0
	for ; ; b = b[wide:] {
		if len(b) > 0 && b[0] == 0x0d {
			break
		}
		if len(b) < wide {
			return nil, dbfWhy("its list of columns has no end")
		}
		f := dbfField{null: -1, full: -1, memo: -1}
		name := b[:11]
		var decimals byte
		switch {
		case wide == 16:
			f.kind, f.size, decimals = b[11], int(b[12]), b[15]
		case t.level7:
			name, f.kind, f.size, decimals = b[:32], b[32], int(b[33]), b[34]
		default:
			f.kind, f.size, decimals, f.flags = b[11], int(b[16]), b[17], b[18]
		}
		if i := slices.Index(name, 0); i >= 0 {
			name = name[:i]
		}
		if t.encoding.unreadable(name) >= 0 {
			return nil, dbfWhy("a name of its columns is no text")
		}
		f.name = strings.TrimSpace(string(t.encoding.appendText(nil, name)))
		f.start = int(decimals) // kept for the second way to count
		if t.fox {
			if f.kind == 'V' || f.kind == 'Q' {
				f.full = bit
				bit++
			}
			if f.flags&2 != 0 {
				f.null = bit
				bit++
			}
		}
		sum += f.size
		long += f.size
		if f.kind == 'C' {
			long += int(decimals) << 8
		}
		fields = append(fields, f)
	}
	// Clipper and FoxPro keep the upper part of a long text's size where numbers
	// have their decimals. Which way it is, the size of a record tells.
	if t.record != sum && t.record != long {
		return nil, dbfWhy("its columns do not add up to its records")
	}
	at := 1
	for i := range fields {
		f := &fields[i]
		if t.record != sum && f.kind == 'C' {
			f.size += f.start << 8
		}
		f.start = at
		at += f.size
		if f.kind == '0' && f.flags&1 != 0 {
			t.nulls = *f
			if bit > 8*f.size {
				return nil, dbfWhy("its null flags are too few")
			}
		}
	}
	for i := range fields {
		f := &fields[i]
		if t.nulls.size == 0 && f.full >= 0 {
			return nil, dbfWhy("it has no null flags")
		}
		if t.nulls.size == 0 {
			f.null = -1 // some writers mark columns that can be null, and have nowhere to say it
		}
	}
	return fields, nil
}

// dbfSizes are the sizes that binary types must have.
var dbfSizes = map[byte]int{'D': 8, 'L': 1, 'I': 4, '+': 4, 'B': 8, 'Y': 8, 'T': 8}

// choose keeps the columns that are read, and refuses what cannot be.
func (c *dbfCodec) choose(in Input, t *dbfTable, fields []dbfField) error {
	names := map[string]bool{}
	seen := map[string]bool{}
	for i, f := range fields {
		if f.flags&1 != 0 && t.fox {
			continue // of the system: the null flags
		}
		if f.name == "" {
			f.name = "column_" + strconv.Itoa(i+1)
		}
		if names[f.name] {
			f.name += "_" + strconv.Itoa(i+1)
		}
		names[f.name] = true
		seen[f.name] = true
		if slices.Contains(c.config.Without, f.name) {
			continue
		}
		known := strings.IndexByte("CNFDLM", f.kind) >= 0 || f.kind == 'I' && (t.fox || t.level7) ||
			f.kind == '+' && t.level7 || t.fox && strings.IndexByte("BYTV", f.kind) >= 0
		if t.version == 0x02 {
			known = strings.IndexByte("CNL", f.kind) >= 0
		}
		if !known {
			return messages.DBFType.With("file", in.Name, "column", f.name, "quoted", strconv.Quote(f.name), "type", kindText(f.kind))
		}
		if size := dbfSizes[f.kind]; size != 0 && size != f.size || f.kind == 'V' && f.size == 0 || f.kind == 'M' && f.size != 10 && (f.size != 4 || !t.fox) {
			return messages.DBFNot.With("file", in.Name, "why", "a column has a size that its type cannot have")
		}
		if f.kind == 'M' {
			f.memo = t.memos
			t.memos++
		}
		t.fields = append(t.fields, f)
	}
	for _, name := range c.config.Without {
		if !seen[name] {
			return messages.CSVColumnMissing.With("file", in.Name, "column", name, "columns", quoteAll(sortedNames(seen)),
				"hint", pipelines.Hint(name, sortedNames(seen)))
		}
	}
	if len(t.fields) == 0 {
		return messages.DBFNot.With("file", in.Name, "why", "it has no columns")
	}
	return nil
}

func kindText(kind byte) string {
	if kind > ' ' && kind < 0x7f {
		return string(rune(kind))
	}
	return "0x" + strconv.FormatUint(uint64(kind), 16)
}

// Chunks reads the head, and opens the memo file if a column needs it.
func (c *dbfCodec) Chunks(ctx context.Context, in Input) (pipelines.Chunks, error) {
	r, err := in.Open(ctx)
	if err != nil {
		return nil, err
	}
	s, err := c.open(ctx, in, r)
	if err != nil {
		r.Close()
		return nil, err
	}
	return s, nil
}

func (c *dbfCodec) open(ctx context.Context, in Input, r io.ReadCloser) (*dbfChunks, error) {
	s := &dbfChunks{dbfCodec: c, in: in, file: r}
	var err error
	s.table, err = c.readHead(in, r, func(mark byte) (*csvEncoding, error) { return c.encodingOf(ctx, in, mark) })
	if err != nil {
		return nil, err
	}
	names := make([]string, len(s.table.fields))
	for i, f := range s.table.fields {
		names[i] = f.name
	}
	if s.columns, err = c.config.columnsOf(in, names); err != nil {
		return nil, err
	}
	s.schema = schemaOf(s.columns)
	s.start(c)
	if s.table.memos > 0 {
		if s.memo, err = c.openMemo(ctx, in, s.table); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Declared is the declared columns; the table may have others.
func (c *dbfCodec) Declared() (*arrow.Schema, bool) { return c.config.Declared() }
