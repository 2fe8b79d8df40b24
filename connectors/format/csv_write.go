package format

import (
	"context"
	"io"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/internal/scalar"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// csvProfile is a dialect that files are written in. In all of them lines end
// with CRLF, cells are quoted only where RFC 4180 needs it, null is an empty
// cell and the empty text is "", decimals have all their digits, instants are
// RFC 3339 in UTC, and lists are JSON arrays of texts.
type csvProfile struct {
	name      string
	delimiter byte
	mark      bool // a UTF-8 byte order mark at the start
	decimal   byte
	date      string
	yes, no   string
	// guard puts an apostrophe before texts that a spreadsheet would run, and
	// before those that start with one, so that it can be told apart.
	guard bool
}

var (
	csvSCDL     = csvProfile{name: "scdl", delimiter: ',', decimal: '.', yes: "true", no: "false"}
	csvProfiles = map[string]csvProfile{
		"": csvSCDL, "scdl": csvSCDL,
		"excel-fr": {name: "excel-fr", delimiter: ';', mark: true, decimal: ',', date: "DD/MM/YYYY", yes: "VRAI", no: "FAUX", guard: true},
	}
)

// Name and Extension are "csv" and ".csv".
func (c *csvCodec) Name() string      { return "csv" }
func (c *csvCodec) Extension() string { return ".csv" }

// Bind refuses types that text cannot hold, and options that only describe
// files to be read.
func (c *csvCodec) Bind(schema *arrow.Schema) error {
	if option := c.config.readingOption(); option != "" {
		return messages.CSVWrongUse.With("option", option, "use", "written")
	}
	seen := map[string]bool{}
	for _, f := range schema.Fields() {
		if seen[f.Name] {
			return messages.DuplicateColumn.With("column", f.Name)
		}
		seen[f.Name] = true
		if !utf8.ValidString(f.Name) || strings.ContainsRune(f.Name, 0) {
			return messages.CSVCannotHold.With("column", f.Name, "why", "its name is no text")
		}
		if !csvHolds(f.Type) {
			return messages.CSVCannotHold.With("column", f.Name, "why", "it is "+pipelines.TypeName(f.Type))
		}
	}
	return nil
}

func csvHolds(t arrow.DataType) bool {
	switch t := t.(type) {
	case *arrow.BooleanType, *arrow.Int32Type, *arrow.Int64Type, *arrow.Float64Type, *arrow.Decimal128Type,
		*arrow.Date32Type, *arrow.StringType, *arrow.NullType:
		return true
	case *arrow.TimestampType:
		return arrow.TypeEqual(t, pipelines.Instant)
	case *arrow.ListType:
		return t.Elem().ID() == arrow.STRING
	}
	return false
}

// readingOption is an option that was given and that a load does not have, or "".
func (c csvConfig) readingOption() string {
	def := CSV.New().(csvConfig)
	def.Profile = c.Profile
	v, d := reflect.ValueOf(c), reflect.ValueOf(def)
	for _, f := range reflect.VisibleFields(v.Type()) {
		name, _, _ := strings.Cut(f.Tag.Get("hcl"), ",")
		if name != "" && !reflect.DeepEqual(v.FieldByIndex(f.Index).Interface(), d.FieldByIndex(f.Index).Interface()) {
			return name
		}
	}
	return ""
}

// Begin writes the mark, if the profile has one, and the column names.
func (c *csvCodec) Begin(out io.Writer, schema *arrow.Schema, _ About) (FileWriter, error) {
	if err := c.Bind(schema); err != nil {
		return nil, err
	}
	date, err := scalar.NewDateFormat(c.profile.date)
	if err != nil {
		return nil, err
	}
	w := &csvFile{csvProfile: c.profile, out: out, schema: schema, days: date}
	var head []byte
	if w.mark {
		head = append(head, byteMark...)
	}
	for i, f := range schema.Fields() {
		if i > 0 {
			head = append(head, w.delimiter)
		}
		head = w.appendText(head, []byte(f.Name))
	}
	if _, err := out.Write(append(head, '\r', '\n')); err != nil {
		return nil, err
	}
	return w, nil
}

// csvFile is a FileWriter. What changes is out alone, so that Encode may run
// many times at once.
type csvFile struct {
	csvProfile
	out    io.Writer
	schema *arrow.Schema
	days   scalar.DateFormat
	pieces arrowx.Spares[[]byte] // written and free again
}

// pieceBytes is how much text a piece holds before its last row. A group is many pieces,
// for one buffer would hold a second copy of itself each time that it grows.
const pieceBytes = 1 << 20

// csvCells are the cells of one column of a batch.
type csvCells struct {
	append appender
	valid  []byte // bitmap, or nil where no value is null
	offset int
	// Of texts that are written as they stand; nil where one may need quotes.
	texts []byte
	ends  []int32 // text r is texts[ends[r]:ends[r+1]]
}

func (w *csvFile) cells(col arrow.Array) csvCells {
	c := csvCells{append: w.appender(col)}
	if bitmap := col.NullBitmapBytes(); len(bitmap) > 0 {
		c.valid, c.offset = bitmap, col.Data().Offset()
	}
	if col, ok := col.(*array.String); ok && !w.guard {
		offsets, data := arrowx.Texts(col)
		if !w.anySpecial(data[offsets[0]:offsets[len(offsets)-1]]) {
			c.texts, c.ends = data, offsets
		}
	}
	return c
}

// appendPlain writes text r, which needs no quotes.
func (c *csvCells) appendPlain(dst []byte, r int) []byte {
	from, to := int(c.ends[r]), int(c.ends[r+1])
	switch n, at := to-from, len(dst); {
	case n == 0:
		return append(dst, '"', '"')
	case n <= shortText && from+shortText <= len(c.texts) && at+shortText <= cap(dst):
		dst = dst[:at+shortText]
		*(*[shortText]byte)(dst[at:]) = *(*[shortText]byte)(c.texts[from:])
		return dst[:at+n]
	}
	return append(dst, c.texts[from:to]...)
}

// Encode writes the rows as text. A text that is no UTF-8 or holds a NUL is an error.
func (w *csvFile) Encode(ctx context.Context, group []pipelines.Batch) (pipelines.Encoded, error) {
	var pieces [][]byte
	dst := w.piece()
	cells := make([]csvCells, w.schema.NumFields())
	for _, b := range group {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for i := range cells {
			col := b.Column(i)
			if why := w.unwritable(col); why != "" {
				return nil, messages.CSVCannotHold.With("column", b.ColumnName(i), "why", why)
			}
			cells[i] = w.cells(col)
		}
		for r := range int(b.NumRows()) {
			for i := range cells {
				if i > 0 {
					dst = append(dst, w.delimiter)
				}
				c := &cells[i]
				if at := c.offset + r; c.valid != nil && c.valid[at/8]>>(at%8)&1 == 0 {
					continue
				}
				if c.texts != nil {
					dst = c.appendPlain(dst, r)
				} else {
					dst = c.append(dst, r)
				}
			}
			if dst = append(dst, '\r', '\n'); len(dst) >= pieceBytes {
				pieces, dst = append(pieces, dst), w.piece()
			}
		}
	}
	return append(pieces, dst), nil
}

// piece is empty, and has room for what stands in a row at its end.
func (w *csvFile) piece() []byte {
	if p := w.pieces.Get(); p != nil {
		return p[:0]
	}
	return make([]byte, 0, pieceBytes+pieceBytes/16)
}

// Append writes what Encode gave.
func (w *csvFile) Append(e pipelines.Encoded) error {
	for _, p := range e.([][]byte) {
		if _, err := w.out.Write(p); err != nil {
			return err
		}
		if cap(p) <= 2*pieceBytes { // one that a long row made larger is not kept
			w.pieces.Put(p)
		}
	}
	return nil
}

// Close has nothing left to write.
func (w *csvFile) Close() error { return nil }
