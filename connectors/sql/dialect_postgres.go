package sql

import (
	"fmt"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

var postgresDialect = dialect{
	name: "postgres",
	lexer: lexer{
		quotes: `'"`, dollars: true, nested: true, positional: true,
		foreign: "$", operators: "<@", // <@ and @@ are operators
	},
	connect: func(c pipelines.Connection, env pipelines.Env) (database, error) { return connectTo[*postgres](c, env) },
	natural: postgresNatural,
	accepts: func(c resultColumn, want pipelines.ColumnType) bool {
		_, ok := postgresColumn(postgresTypes[c.code].kind, want)
		return ok
	},
	lists: true,
}

// pgKind is a form in which PostgreSQL sends values.
type pgKind uint8

const (
	pgUnknown pgKind = iota
	pgBool
	pgInt2
	pgInt4
	pgInt8
	pgOid
	pgFloat4
	pgFloat8
	pgNumeric
	pgText
	pgUUID
	pgJSONB
	pgBytea
	pgDate
	pgTimestamp   // a clock time without a zone
	pgTimestamptz // an instant
	pgTextArray
)

// pgType is what is known of a type: its form, what it is read as when nothing
// is declared, and what to write in the query when it cannot be read.
type pgType struct {
	name    string
	kind    pgKind
	natural arrow.DataType
	write   string
}

// postgresTypes are the types by their numbers in pg_type.dat, which never change.
var postgresTypes = map[uint32]pgType{
	16:   {name: "boolean", kind: pgBool, natural: arrow.FixedWidthTypes.Boolean},
	17:   {name: "bytea", kind: pgBytea, natural: arrow.BinaryTypes.Binary},
	19:   {name: "name", kind: pgText, natural: arrow.BinaryTypes.String},
	20:   {name: "bigint", kind: pgInt8, natural: arrow.PrimitiveTypes.Int64},
	21:   {name: "smallint", kind: pgInt2, natural: arrow.PrimitiveTypes.Int32},
	23:   {name: "integer", kind: pgInt4, natural: arrow.PrimitiveTypes.Int32},
	25:   {name: "text", kind: pgText, natural: arrow.BinaryTypes.String},
	26:   {name: "oid", kind: pgOid, natural: arrow.PrimitiveTypes.Int64},
	114:  {name: "json", kind: pgText, natural: arrow.BinaryTypes.String},
	700:  {name: "real", kind: pgFloat4, natural: arrow.PrimitiveTypes.Float64},
	701:  {name: "double precision", kind: pgFloat8, natural: arrow.PrimitiveTypes.Float64},
	790:  {name: "money", write: "::numeric(14, 2)"},
	1003: {name: "name[]", kind: pgTextArray, natural: textList},
	1009: {name: "text[]", kind: pgTextArray, natural: textList},
	1014: {name: "character[]", kind: pgTextArray, natural: textList},
	1015: {name: "character varying[]", kind: pgTextArray, natural: textList},
	1042: {name: "character", kind: pgText, natural: arrow.BinaryTypes.String},
	1043: {name: "character varying", kind: pgText, natural: arrow.BinaryTypes.String},
	1082: {name: "date", kind: pgDate, natural: arrow.FixedWidthTypes.Date32},
	1114: {name: "timestamp without time zone", kind: pgTimestamp},
	1184: {name: "timestamp with time zone", kind: pgTimestamptz, natural: pipelines.Instant},
	1700: {name: "numeric", kind: pgNumeric},
	2950: {name: "uuid", kind: pgUUID, natural: arrow.BinaryTypes.String},
	3802: {name: "jsonb", kind: pgJSONB, natural: arrow.BinaryTypes.String},
}

var textList = arrow.ListOf(arrow.BinaryTypes.String)

// textCode is the number of text, which citext and enumerations are sent as.
const textCode = 25

func postgresNatural(c resultColumn) (pipelines.ColumnType, error) {
	t := postgresTypes[c.code]
	switch t.kind {
	case pgUnknown:
		write := t.write
		if write == "" {
			write = "::text"
		}
		return pipelines.ColumnType{}, messages.ColumnUnsupported.With("column", c.name, "got", c.typeName, "write", c.name+write)
	case pgTimestamp:
		return pipelines.ColumnType{}, messages.ZoneMissing.With("column", c.name)
	case pgNumeric:
		p, s, ok := numericModifier(c.modifier)
		if !ok {
			return pipelines.ColumnType{}, messages.NumericUnbounded.With("column", c.name, "got", numericName(c.modifier))
		}
		return pipelines.ColumnType{Type: &arrow.Decimal128Type{Precision: p, Scale: s}}, nil
	}
	return pipelines.ColumnType{Type: t.natural}, nil
}

// numericModifier takes a numeric's precision and scale from its modifier, as
// src/backend/utils/adt/numeric.c packs them; not ok is what no decimal holds.
func numericModifier(m int32) (precision, scale int32, ok bool) {
	if m < 4 {
		return 0, 0, false
	}
	precision = (m - 4) >> 16 & 0xffff
	scale = ((m-4)&0x7ff ^ 1024) - 1024
	return precision, scale, precision <= 38 && 0 <= scale && scale <= precision
}

func numericName(m int32) string {
	if m < 4 {
		return "numeric"
	}
	p, s, _ := numericModifier(m)
	return fmt.Sprintf("numeric(%d, %d)", p, s)
}
