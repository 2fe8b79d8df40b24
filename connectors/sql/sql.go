// Package sql reads databases: one source over dialects, and a driver beside
// each. It only ever reads, in one statement and from one snapshot, and gives
// each value exactly or rejects its row. It knows no file, no store and no
// transform, and it writes nothing.
package sql

import (
	"context"
	"io"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// The connections and the sources that use them.
var (
	PostgresConnection = pipelines.DefineConnection("postgres",
		"A PostgreSQL database, read through one connection per source.", postgresDefaults, newPostgres)
	SQLiteConnection = pipelines.DefineConnection("sqlite",
		"An SQLite database file that nobody writes to while it is read.", sqliteConfig{}, newSQLite)
	PostgresSource = pipelines.DefineSource("postgres",
		"The rows of a query to a PostgreSQL database, from one snapshot.", sourceConfig{dialect: &postgresDialect}, newSource)
	SQLiteSource = pipelines.DefineSource("sqlite",
		"The rows of a query to an SQLite database.", sourceConfig{dialect: &sqliteDialect}, newSource)
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
	// start runs the query. types are what the columns are to be read as; the
	// dialect has agreed to each.
	start(ctx context.Context, types []pipelines.ColumnType) error
	// watch ends the query once ctx is done, until stop is called.
	watch(ctx context.Context) (stop func() bool)
	// next reads a row, one cell per column; io.EOF ends. Bytes in a cell are
	// good until the next call.
	next(row []cell) error
	// raw is the row read last as it stood, for the quarantine.
	raw() []byte
	// close ends the query, and waits until the connection is gone.
	close() error
}

// life is the context of a running query, which goes through many calls of
// Stream.Next, each with a context of its own.
type life struct {
	ctx context.Context
	end context.CancelFunc
}

func newLife(ctx context.Context) life {
	ctx, end := context.WithCancel(context.WithoutCancel(ctx))
	return life{ctx, end}
}

func (l life) watch(ctx context.Context) func() bool { return context.AfterFunc(ctx, l.end) }

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
