// Package sql reads databases: one source over dialects, and a driver beside
// each. It only ever reads, in one statement and from one snapshot, and gives
// each value exactly or rejects its row. It knows no file, no store and no
// transform, and it writes nothing.
package sql

import (
	"context"
	"io"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// The connections and the sources that use them.
var (
	PostgresConnection = pipelines.DefineConnection("postgres",
		"A PostgreSQL database, read through one connection per source, or several for a table.", postgresDefaults, newPostgres)
	SQLiteConnection = pipelines.DefineConnection("sqlite",
		"An SQLite database file that nobody writes to while it is read.", sqliteConfig{}, newSQLite)
	PostgresSource = pipelines.DefineSource("postgres",
		"The rows of a query to a PostgreSQL database, or of a whole table, from one snapshot.", sourceConfig{Connections: 1, dialect: &postgresDialect}, newPostgresSource)
	SQLiteSource = pipelines.DefineSource("sqlite",
		"The rows of a query to an SQLite database.", sqliteSourceConfig{Connections: 1, dialect: &sqliteDialect}, newSQLiteSource)
)

// database is what a connection is to the source.
type database interface {
	// prepare has the database look at a query without running it.
	prepare(ctx context.Context, q statement) (session, error)
}

// session is one query of one connection.
type session interface {
	// columns are what the query gives, before a row is read.
	columns() []resultColumn
	// open runs the query. On success the stream owns the session. Batches have
	// at most batchRows rows, and their places are the ordinals of the rows in
	// the query's result.
	open(ctx context.Context, r reading) (pipelines.Stream, error)
	// close ends the query, and waits until the connection is gone.
	close() error
}

// reading is what a session is to make of its rows. types are what the columns
// are to be read as; the dialect has agreed to each.
type reading struct {
	mem     memory.Allocator
	types   []pipelines.ColumnType
	schema  *arrow.Schema
	orderBy []string
}

// resultColumn is a column of a query's result as the database describes it.
type resultColumn struct {
	name     string
	typeName string // as the database calls it
	code     uint32 // of the type, where a dialect numbers them
	modifier int32  // what the type was declared with, likewise
}

// dialect is what is different from one database to another, besides the driver.
type dialect struct {
	name string
	lexer
	// connect finds the database behind a connection of this dialect.
	connect func(pipelines.Connection, pipelines.Env) (database, error)
	// natural is the type a column is read as when it is not declared; the error
	// is a message that says what to declare or to write.
	natural func(resultColumn) (pipelines.ColumnType, error)
	// accepts says whether every value of the column either is exactly one of
	// the declared type or can be told not to be.
	accepts func(resultColumn, pipelines.ColumnType) bool
	// lists says whether a parameter may be a list.
	lists bool
}

// connectTo is dialect.connect for a connection whose component makes a T.
func connectTo[T database](c pipelines.Connection, env pipelines.Env) (database, error) {
	return pipelines.OpenConnection[T](c, env)
}

// failed keeps ctx's error apart from what it made the driver say.
func failed(ctx context.Context, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if messages.Find(err) != nil {
		return err
	}
	return messages.QueryFailed.With("state", "unknown")
}
