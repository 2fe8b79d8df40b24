package format

import (
	"errors"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Parquet is the codec of Parquet files. It reads those of any writer. What it writes, any reader reads: the
// root is not repeated, all columns are optional, instants are UTC with
// microseconds, lists have three levels, a bounding box is the optional group of
// required doubles that GeoParquet 1.1 wants.
var Parquet = pipelines.Define(pipelines.KindFormat, "parquet",
	"Apache Parquet: typed, compressed columns that analysts read without guessing.",
	parquetConfig{Compression: "zstd", Level: 1, PageVersion: 1, Decimal: "."}, newParquet)

type parquetConfig struct {
	Compression string                 `hcl:"compression,optional" values:"zstd|snappy|none" doc:"How pages are compressed."`
	Level       int                    `hcl:"level,optional" doc:"Level of zstd, 1 (fast) to 22 (small)."`
	PageVersion int                    `hcl:"page_version,optional" doc:"Version of the data pages, 1 or 2; every reader knows 1."`
	Bloom       []string               `hcl:"bloom,optional" doc:"Columns that get a bloom filter, so that a reader looking for one value skips the row groups without it."`
	SortedBy    []string               `hcl:"sorted_by,optional" doc:"Columns by which the rows are sorted, ascending and nulls last; the sealed file is checked for it."`
	Metadata    map[string]string      `hcl:"metadata,optional" doc:"Texts to keep in the file's key-value metadata."`
	Columns     []pipelines.ColumnDecl `hcl:"columns,optional" doc:"Read: types of columns by name, where they should be others than the file says, and clock times that need a zone. Fields of groups are named by their path, as in adresse.commune. A column declared here and absent from the file is refused."`
	Without     []string               `hcl:"without,optional" doc:"Read: columns to leave out, by their names or paths: those of types that are not read, such as maps, or that nobody needs."`
	Null        []string               `hcl:"null,optional" doc:"Read: texts that stand for null. By default none does: the file itself says what is null."`
	Decimal     string                 `hcl:"decimal,optional" values:".|," doc:"Read: the decimal mark of numbers in columns of text."`
	Thousands   string                 `hcl:"thousands,optional" values:"| |.|," doc:"Read: the separator of thousands of numbers in columns of text; a space also stands for no-break spaces."`
	Trim        bool                   `hcl:"trim,optional" doc:"Read: whether spaces, tabs and no-break spaces around a text are left out."`
}

func (c parquetConfig) Validate() error {
	var errs []error
	bad := func(name, why, fix string) {
		errs = append(errs, pipelines.At(name, messages.BadValue.With("name", name, "why", why, "fix", fix)))
	}
	if c.Level < 1 || c.Level > 22 {
		bad("level", "zstd has levels 1 to 22", "write a number from 1 to 22")
	}
	if c.PageVersion != 1 && c.PageVersion != 2 {
		bad("page_version", "there are versions 1 and 2", "write 1 or 2")
	}
	for k := range c.Metadata {
		if reservedKey(k) {
			errs = append(errs, pipelines.At("metadata", messages.ParquetMetadata.With("key", k)))
			break
		}
	}
	if err := c.validateCells(); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// reservedKey says whether a metadata key belongs to the Arrow libraries.
func reservedKey(k string) bool { return strings.HasPrefix(k, "ARROW:") }

type parquet struct {
	env    pipelines.Env
	config parquetConfig
	chunk  int // rows, of files of others
}

var (
	_ Reader = (*parquet)(nil)
	_ Writer = (*parquet)(nil)
)

func newParquet(env pipelines.Env, c parquetConfig) (*parquet, error) {
	return &parquet{env, c, inChunkRows}, nil
}

func (p *parquet) Name() string      { return "parquet" }
func (p *parquet) Extension() string { return ".parquet" }

// Bind refuses columns of a type that has no exact Parquet counterpart, and
// options that name columns the schema does not have or that cannot have them.
func (p *parquet) Bind(schema *arrow.Schema) error {
	_, err := p.plan(schema)
	return err
}

// plan is the leaves of a schema with the options that concern each.
func (p *parquet) plan(schema *arrow.Schema) (*plan, error) {
	if schema.NumFields() == 0 {
		return nil, messages.ParquetNoColumns.With()
	}
	pl := &plan{schema: bareSchema(schema)}
	seen := map[string]bool{}
	for i, f := range pl.schema.Fields() {
		if seen[f.Name] {
			return nil, messages.DuplicateColumn.With("column", f.Name)
		}
		seen[f.Name] = true
		leaves := leavesOf(i, f)
		if leaves == nil {
			return nil, messages.ParquetType.With("column", f.Name, "type", pipelines.TypeName(f.Type))
		}
		pl.first = append(pl.first, len(pl.leaves))
		pl.leaves = append(pl.leaves, leaves...)
	}
	for _, name := range p.config.Bloom {
		i, err := pipelines.ColumnIndex(schema, name)
		if err != nil {
			return nil, err
		}
		switch t := schema.Field(i).Type; t.ID() {
		case arrow.BOOL, arrow.NULL, arrow.STRUCT:
			return nil, messages.ParquetBloomType.With("column", name, "type", pipelines.TypeName(t))
		}
		pl.leaves[pl.first[i]].bloom = true
	}
	for _, name := range p.config.SortedBy {
		i, err := pipelines.ColumnIndex(schema, name)
		if err != nil {
			return nil, err
		}
		switch t := schema.Field(i).Type; t.ID() {
		case arrow.FLOAT64, arrow.LIST, arrow.NULL, arrow.STRUCT:
			return nil, messages.ParquetSortType.With("column", name, "type", pipelines.TypeName(t))
		}
		pl.sortedBy = append(pl.sortedBy, pl.first[i])
	}
	return pl, nil
}

// damaged is the error for bytes that do not agree with each other. what is made
// of column names, ordinals and the names of Parquet's own fields.
func damaged(what ...string) error {
	return messages.ParquetDamaged.With("what", strings.Join(what, ""))
}

func ordinal(i int) string { return strconv.Itoa(i + 1) }
