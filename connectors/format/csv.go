package format

import (
	"context"
	"strconv"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/internal/scalar"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// CSV reads the delimited text of any office software and writes RFC 4180. A
// cell that cannot be read exactly rejects its row.
var CSV = pipelines.Define(pipelines.KindFormat, "csv", "Delimited text, read in any dialect and written in the one that portals expect.",
	csvConfig{Delimiter: ",", Quote: `"`, Encoding: "utf-8", Header: 1, Null: []string{""}, Decimal: "."}, newCSV)

type csvConfig struct {
	Delimiter string                 `hcl:"delimiter,optional" doc:"The character between cells: \",\", \";\", \"|\" or a tab, \"\\t\"."`
	Quote     string                 `hcl:"quote,optional" doc:"The character around cells that hold a delimiter or a line end; \"\" when the file has none."`
	Encoding  string                 `hcl:"encoding,optional" values:"utf-8|cp1252|iso-8859-15|iso-8859-1|cp850|utf-16|utf-16le|utf-16be" doc:"How the file writes characters; utf-16 tells its byte order by a mark. A mark at the start is not part of the text."`
	Header    int64                  `hcl:"header,optional" doc:"The row the column names stand on, from 1; what is before is skipped. 0: there are none, and columns says all."`
	Columns   []pipelines.ColumnDecl `hcl:"columns,optional" doc:"Types of columns by name; all others are text. A column declared here and absent from the file is refused."`
	Null      []string               `hcl:"null,optional" doc:"The texts that stand for null, quoted or not. By default only an empty cell does."`
	Decimal   string                 `hcl:"decimal,optional" values:".|," doc:"The decimal mark of numbers."`
	Thousands string                 `hcl:"thousands,optional" values:"| |.|," doc:"The separator of thousands, accepted only where one belongs; a space also stands for no-break spaces."`
	True      []string               `hcl:"true,optional" doc:"The words of bool columns for true, in place of true, 1, vrai and oui in any case; goes with false."`
	False     []string               `hcl:"false,optional" doc:"The words of bool columns for false, in place of false, 0, faux and non in any case."`
	Trim      bool                   `hcl:"trim,optional" doc:"Whether spaces, tabs and no-break spaces around a cell are left out."`
	SkipBlank bool                   `hcl:"skip_blank,optional" doc:"Whether rows all of whose cells are empty are left out, as spreadsheets leave them at the end. A line with nothing on it always is, unless the file has one column."`
	Profile   string                 `hcl:"profile,optional" values:"scdl|excel-fr" doc:"The dialect a load writes. scdl (the default): comma, UTF-8 without mark, decimal point. excel-fr: semicolon, UTF-8 with mark, decimal comma, days as DD/MM/YYYY, and an apostrophe before texts that Excel would run."`
}

// Validate refuses options that contradict each other.
func (c csvConfig) Validate() error {
	bad := func(option, why string) error {
		return pipelines.At(option, messages.CSVOption.With("option", option, "why", why))
	}
	plain := func(s string) bool {
		return len(s) == 1 && s[0] < 0x80 && (s[0] > ' ' || s[0] == '\t' || s[0] == ' ')
	}
	switch {
	case !plain(c.Delimiter) || c.Delimiter == " ":
		return bad("delimiter", "must be one ASCII character")
	case c.Quote != "" && (!plain(c.Quote) || c.Quote == c.Delimiter):
		return bad("quote", "must be one ASCII character other than the delimiter, or \"\"")
	case c.Header < 0:
		return bad("header", "is a row number: 1 is the first, 0 is none")
	case c.Header == 0 && len(c.Columns) == 0 && c.Profile == "":
		return pipelines.At("header", messages.CSVNoColumns.With())
	case c.Decimal == c.Thousands:
		return bad("thousands", "must differ from decimal")
	case (len(c.True) == 0) != (len(c.False) == 0):
		return bad("true", "and false go together")
	}
	for _, w := range c.True {
		for _, v := range c.False {
			if w == v {
				return bad("false", "has a word that true has too")
			}
		}
	}
	for _, col := range c.Columns {
		if _, err := csvColumnOf(col); err != nil {
			return pipelines.At("columns", err)
		}
	}
	return nil
}

// csvCodec is a Reader and a Writer.
type csvCodec struct {
	env     pipelines.Env
	config  csvConfig
	dialect csvDialect
	types   map[string]csvColumn
	profile csvProfile
	chunk   int // bytes
}

var (
	_ Reader = (*csvCodec)(nil)
	_ Writer = (*csvCodec)(nil)
)

func newCSV(env pipelines.Env, c csvConfig) (*csvCodec, error) {
	codec := &csvCodec{env: env, config: c, types: map[string]csvColumn{}, profile: csvProfiles[c.Profile], chunk: csvChunkSize}
	d := csvDialect{
		delimiter: c.Delimiter[0], lineEnd: '\n', encoding: csvEncodings[c.Encoding], encodingName: c.Encoding,
		numbers: scalar.NumberFormat{Decimal: c.Decimal[0], Thousands: c.Thousands},
		trim:    c.Trim, skipBlank: c.SkipBlank, trueWords: c.True, falseWords: c.False,
	}
	if c.Quote != "" {
		d.quote = c.Quote[0]
	}
	for _, n := range c.Null {
		if n == "" {
			d.emptyIsNull = true
		} else {
			d.nulls = append(d.nulls, n)
		}
	}
	codec.dialect = d
	for _, decl := range c.Columns {
		col, err := csvColumnOf(decl)
		if err != nil {
			return nil, err
		}
		codec.types[decl.Name] = col
	}
	return codec, nil
}

// csvDialect is how a file is written, as the reader needs it.
type csvDialect struct {
	delimiter, quote, lineEnd byte // quote 0: none
	encoding                  *csvEncoding
	encodingName              string
	numbers                   scalar.NumberFormat
	emptyIsNull               bool
	nulls                     []string
	trim, skipBlank           bool
	trueWords, falseWords     []string

	// For files that the writer wrote:
	own     bool // "" is the empty text, and numbers may be NaN, Inf, -Inf
	guarded bool // a text's leading apostrophe is the guard's
}

// csvColumn is a column and how its cells are read.
type csvColumn struct {
	pipelines.ColumnDecl
	date    scalar.DateFormat
	instant scalar.InstantFormat
}

func csvColumnOf(decl pipelines.ColumnDecl) (c csvColumn, err error) {
	c.ColumnDecl = decl
	switch decl.Type.ID() {
	case arrow.DATE32:
		c.date, err = scalar.NewDateFormat(decl.Format)
	case arrow.TIMESTAMP:
		c.instant, err = scalar.NewInstantFormat(decl.Format, decl.Zone)
	case arrow.BINARY:
		err = messages.CSVCannotHold.With("column", decl.Name, "why", "it is binary")
	}
	return c, err
}

// format is what BadDate and BadInstant call the wanted form.
func (c *csvColumn) format() string {
	if c.Type.ID() == arrow.DATE32 {
		return c.date.String()
	}
	return c.instant.String()
}

// Declared is the declared columns; the file may have others unless it has no header.
func (c *csvCodec) Declared() (*arrow.Schema, bool) {
	if len(c.config.Columns) == 0 {
		return nil, false
	}
	return pipelines.Schema(c.config.Columns), c.config.Header == 0
}

// Chunks reads the header and cuts the rest into pieces of whole rows. An
// unclosed quote, a row beyond the bound and a wrong header are errors; all
// other faults are rejects of the batches.
func (c *csvCodec) Chunks(ctx context.Context, in Input) (pipelines.Chunks, error) {
	if c.config.Profile != "" {
		return nil, messages.CSVWrongUse.With("option", "profile", "use", "read")
	}
	r, err := in.Open(ctx)
	if err != nil {
		return nil, err
	}
	chunks, err := c.open(in, r)
	if err != nil {
		r.Close()
		return nil, err
	}
	return chunks, nil
}

// columnsOf gives every column of the file its type.
func (c *csvCodec) columnsOf(in Input, names []string) ([]csvColumn, error) {
	cols := make([]csvColumn, len(names))
	seen := map[string]bool{}
	for i, name := range names {
		if seen[name] {
			return nil, messages.CSVColumnTwice.With("file", in.Name, "column", name)
		}
		seen[name] = true
		col, ok := c.types[name]
		if !ok {
			col.Name, col.Type = name, arrow.BinaryTypes.String
		}
		cols[i] = col
	}
	for _, decl := range c.config.Columns {
		if !seen[decl.Name] {
			return nil, messages.CSVColumnMissing.With("file", in.Name, "column", decl.Name,
				"columns", quoteAll(names), "hint", pipelines.Hint(decl.Name, names))
		}
	}
	return cols, nil
}

func quoteAll(names []string) (s string) {
	for i, n := range names {
		if i > 0 {
			s += ", "
		}
		s += strconv.Quote(n)
	}
	return s
}
