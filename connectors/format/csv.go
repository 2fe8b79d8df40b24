package format

import (
	"context"
	"strconv"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// CSV reads the delimited text of any office software and writes RFC 4180. A
// cell that cannot be read exactly rejects its row.
var CSV = pipelines.Define(pipelines.KindFormat, "csv", "Delimited text, read in any dialect and written in the one that portals expect.",
	csvConfig{Delimiter: ",", Quote: `"`, Encoding: "utf-8", headerOptions: defaultHeader, cellOptions: defaultCells}, newCSV)

type csvConfig struct {
	Delimiter string `hcl:"delimiter,optional" doc:"The character between cells: \",\", \";\", \"|\" or a tab, \"\\t\"."`
	Quote     string `hcl:"quote,optional" doc:"The character around cells that hold a delimiter or a line end; \"\" when the file has none."`
	Encoding  string `hcl:"encoding,optional" values:"utf-8|cp1252|iso-8859-15|iso-8859-1|cp850|utf-16|utf-16le|utf-16be" doc:"How the file writes characters; utf-16 tells its byte order by a mark. A mark at the start is not part of the text."`
	Repair    string `hcl:"repair,optional" values:"cp1252|iso-8859-15|iso-8859-1|cp850" doc:"The encoding of those rows of an UTF-8 file that are not UTF-8, as files have that two programs wrote. A row with characters of both is rejected."`
	headerOptions
	cellOptions
	Profile string `hcl:"profile,optional" values:"scdl|excel-fr" doc:"The dialect a load writes. scdl (the default): comma, UTF-8 without mark, decimal point. excel-fr: semicolon, UTF-8 with mark, decimal comma, days as DD/MM/YYYY, and an apostrophe before texts that Excel would run."`
}

// Validate refuses options that contradict each other.
func (c csvConfig) Validate() error {
	plain := func(s string) bool {
		return len(s) == 1 && s[0] < 0x80 && (s[0] > ' ' || s[0] == '\t' || s[0] == ' ')
	}
	switch {
	case !plain(c.Delimiter) || c.Delimiter == " ":
		return badOption("delimiter", "must be one ASCII character")
	case c.Quote != "" && (!plain(c.Quote) || c.Quote == c.Delimiter):
		return badOption("quote", "must be one ASCII character other than the delimiter, or \"\"")
	case c.Repair != "" && c.Encoding != "utf-8":
		return badOption("repair", "needs encoding = \"utf-8\"")
	case c.Header == 0 && len(c.Columns) == 0 && c.Profile == "":
		return pipelines.At("header", messages.CSVNoColumns.With())
	}
	if err := c.check(c.cellOptions); err != nil {
		return err
	}
	return c.cellOptions.Validate()
}

// csvCodec is a Reader and a Writer.
type csvCodec struct {
	env     pipelines.Env
	config  csvConfig
	dialect csvDialect
	profile csvProfile
	chunk   int // bytes
}

var (
	_ Reader = (*csvCodec)(nil)
	_ Writer = (*csvCodec)(nil)
)

func newCSV(env pipelines.Env, c csvConfig) (*csvCodec, error) {
	codec := &csvCodec{env: env, config: c, profile: csvProfiles[c.Profile], chunk: csvChunkSize}
	codec.dialect = csvDialect{delimiter: c.Delimiter[0], lineEnd: '\n', encoding: csvEncodings[c.Encoding],
		encodingName: c.Encoding, skipBlank: c.SkipBlank, cellForm: c.form()}
	if c.Repair != "" {
		codec.dialect.repair = csvEncodings[c.Repair]
	}
	if c.Quote != "" {
		codec.dialect.quote = c.Quote[0]
	}
	return codec, nil
}

// csvDialect is how a file is written, as the reader needs it.
type csvDialect struct {
	cellForm
	delimiter, quote, lineEnd byte // quote 0: none
	encoding                  *csvEncoding
	encodingName              string
	repair                    *csvEncoding // of rows that are not UTF-8; nil: they are rejected
	skipBlank                 bool
	marked                    bool // it starts with the mark of UTF-8, and is declared to be something else
}

// Declared is the declared columns; the file may have others unless it has no header.
func (c *csvCodec) Declared() (*arrow.Schema, bool) {
	schema, _ := c.config.Declared()
	return schema, schema != nil && c.config.Header == 0
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

func quoteAll(names []string) (s string) {
	for i, n := range names {
		if i > 0 {
			s += ", "
		}
		s += strconv.Quote(n)
	}
	return s
}
