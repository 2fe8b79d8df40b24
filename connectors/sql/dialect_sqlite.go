package sql

import (
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

var sqliteDialect = dialect{
	name:  "sqlite",
	lexer: lexer{quotes: "'\"`", brackets: true, foreign: "?$:"},
	connect: func(c pipelines.Connection, env pipelines.Env) (database, error) {
		return connectTo[*sqliteFile](c, env)
	},
	natural: sqliteNatural,
	accepts: func(_ resultColumn, want pipelines.ColumnType) bool {
		_, ok := sqliteDecoder(want)
		return ok
	},
}

// sqliteNatural goes by the words of the type a column was declared with in the
// database, as SQLite itself does (https://www.sqlite.org/datatype3.html, 3.1).
// It binds no value: each is held against the type when it is read. What is not
// a plain column, and dates, which SQLite has no type for, are text.
func sqliteNatural(c resultColumn) (pipelines.ColumnType, error) {
	as := func(t arrow.DataType) (pipelines.ColumnType, error) { return pipelines.ColumnType{Type: t}, nil }
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(c.typeName, w) {
				return true
			}
		}
		return false
	}
	switch {
	case has("INT"):
		return as(arrow.PrimitiveTypes.Int64)
	case has("CHAR", "CLOB", "TEXT"):
		return as(arrow.BinaryTypes.String)
	case has("BLOB"):
		return as(arrow.BinaryTypes.Binary)
	case has("REAL", "FLOA", "DOUB"):
		return as(arrow.PrimitiveTypes.Float64)
	case has("BOOL"):
		return as(arrow.FixedWidthTypes.Boolean)
	case has("DEC", "NUM"):
		if p, s, ok := digits(c.typeName); ok {
			return as(&arrow.Decimal128Type{Precision: p, Scale: s})
		}
		return pipelines.ColumnType{}, messages.NumericUnbounded.With("column", c.name, "got", c.typeName)
	}
	return as(arrow.BinaryTypes.String)
}

// digits reads the (p, s) or (p) of a type name.
func digits(name string) (p, s int32, ok bool) {
	_, inner, ok := strings.Cut(name, "(")
	if !ok {
		return 0, 0, false
	}
	inner, _, ok = strings.Cut(inner, ")")
	first, second, two := strings.Cut(inner, ",")
	if !two {
		second = "0"
	}
	a, err1 := strconv.ParseInt(strings.TrimSpace(first), 10, 32)
	b, err2 := strconv.ParseInt(strings.TrimSpace(second), 10, 32)
	return int32(a), int32(b), ok && err1 == nil && err2 == nil && 1 <= a && a <= 38 && 0 <= b && b <= a
}
