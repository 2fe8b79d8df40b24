package sql

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"sync"

	"github.com/zclconf/go-cty/cty"
	"modernc.org/libc"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

type sqliteConfig struct {
	Path string `hcl:"path" doc:"The database file. It is opened for reading only and must not be written to meanwhile."`
}

// sqliteFile reads an SQLite database file.
type sqliteFile struct {
	path string
	env  pipelines.Env
}

func (c *sqliteConfig) Validate() error {
	if at := messages.FirstUnseen(c.Path); at != "" { // "D:\neuf.db" is D:, the end of a line, and euf.db
		return pipelines.At("path", messages.PathUnseen.With("character", at))
	}
	return nil
}

func newSQLite(env pipelines.Env, c sqliteConfig) (*sqliteFile, error) {
	return &sqliteFile{env.Path(c.Path), env}, nil
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

type sqliteSession struct {
	db     *sqliteFile
	conn   driver.Conn
	stop   *interrupter
	state  fileState
	q      statement
	found  []resultColumn
	read   []sqliteValue
	rows   driver.Rows
	values []driver.Value
	life
}

// fileState tells whether a file was written to.
type fileState struct{ size, modified int64 }

// check refuses a file that is not there or that a program still writes to: the
// file is opened as one that nobody changes, so that no lock keeps the program
// waiting that owns it.
func (f *sqliteFile) check() (fileState, error) {
	info, err := os.Stat(f.path)
	if err != nil {
		return fileState{}, messages.DatabaseFile.With("why", reason(err))
	}
	if !info.Mode().IsRegular() {
		return fileState{}, messages.DatabaseFile.With("why", "it is not a file")
	}
	for _, suffix := range []string{"-wal", "-journal"} {
		if pending, err := os.Stat(f.path + suffix); err == nil && pending.Size() > 0 {
			return fileState{}, messages.DatabaseInUse.With()
		}
	}
	return fileState{info.Size(), info.ModTime().UnixNano()}, nil
}

func (f *sqliteFile) open(ctx context.Context) (driver.Conn, error) {
	path, err := filepath.Abs(f.path)
	if err != nil {
		return nil, messages.DatabaseFile.With("why", reason(err))
	}
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // C:/…
	}
	u := url.URL{Scheme: "file", Path: path, RawQuery: "mode=ro&immutable=1&_dqs=0&_defensive=1"}
	c, err := sqlite.NewConnector(u.String())
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	conn, err := c.Connect(ctx)
	if err != nil {
		return nil, explainSQLite(err, false)
	}
	return conn, nil
}

func (f *sqliteFile) prepare(ctx context.Context, q statement) (session, error) {
	state, err := f.check()
	if err != nil {
		return nil, err
	}
	conn, err := f.open(ctx)
	if err != nil {
		return nil, err
	}
	s := &sqliteSession{db: f, conn: conn, stop: newInterrupter(conn), state: state, q: q, life: newLife(ctx)}
	if err := s.describe(ctx); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *sqliteSession) query(ctx context.Context, text string) (driver.Rows, error) {
	args := make([]driver.NamedValue, len(s.q.names))
	for i, n := range s.q.names {
		args[i] = driver.NamedValue{Name: n, Ordinal: i + 1, Value: sqliteParam(s.q.values[i])}
	}
	return s.conn.(driver.QueryerContext).QueryContext(ctx, text, args)
}

// sqliteParam is a parameter as SQLite would store it. A number that is neither
// an int64 nor exactly a float64 is text, which SQLite compares as it should
// with a column of numbers.
func sqliteParam(v cty.Value) driver.Value {
	switch {
	case v.IsNull():
		return nil
	case v.Type() == cty.String:
		return v.AsString()
	case v.Type() == cty.Bool:
		return v.True()
	}
	n := v.AsBigFloat()
	if i, acc := n.Int64(); acc == 0 {
		return i
	}
	f, _ := n.Float64()
	if strconv.FormatFloat(f, 'f', -1, 64) == n.Text('f', -1) {
		return f
	}
	return n.Text('f', -1)
}

// describe asks for no row.
func (s *sqliteSession) describe(ctx context.Context) error {
	rows, err := s.query(ctx, "SELECT * FROM (\n"+s.q.text+"\n) LIMIT 0")
	if err != nil {
		return explainSQLite(err, true)
	}
	defer rows.Close()
	types := rows.(driver.RowsColumnTypeDatabaseTypeName)
	for i, name := range rows.Columns() {
		c := resultColumn{name: name, typeName: types.ColumnTypeDatabaseTypeName(i)}
		// A name given twice comes out of the parentheses as name:1.
		if base, n, ok := strings.Cut(name, ":"); ok && s.has(base) {
			if _, err := strconv.Atoi(n); err == nil {
				c.name = base
			}
		}
		s.found = append(s.found, c)
	}
	return nil
}

func (s *sqliteSession) has(name string) bool {
	for _, c := range s.found {
		if c.name == name {
			return true
		}
	}
	return false
}

func (s *sqliteSession) columns() []resultColumn { return s.found }

func (s *sqliteSession) open(ctx context.Context, r reading) (pipelines.Stream, error) {
	for i, t := range r.types {
		read, ok := sqliteDecoder(t)
		if !ok {
			return nil, fmt.Errorf("read column %q: no decoder", s.found[i].name)
		}
		s.read = append(s.read, read)
	}
	s.values = make([]driver.Value, len(s.found))
	defer s.watch(ctx)()
	var err error
	if s.rows, err = s.query(s.ctx, s.plain()); err != nil {
		return nil, explainSQLite(err, false)
	}
	rd := newReader(r.mem, s, r.schema, r.orderBy)
	return pipelines.NewStream(r.schema, rd.next, rd.close), nil
}

// plain is the query such that the driver sees no column declared as a date: it
// would turn their texts into instants. A unary plus leaves every value as it is.
func (s *sqliteSession) plain() string {
	dates := false
	names := make([]string, len(s.found))
	for i, c := range s.found {
		switch c.typeName {
		case "DATE", "DATETIME", "TIMESTAMP":
			dates = true
		}
		names[i] = `+"` + strings.ReplaceAll(c.name, `"`, `""`) + `"`
	}
	if !dates {
		return s.q.text
	}
	return "SELECT " + strings.Join(names, ", ") + " FROM (\n" + s.q.text + "\n)"
}

func (s *sqliteSession) next(row []cell) error {
	if s.ctx.Err() != nil {
		return s.ctx.Err()
	}
	if err := s.rows.Next(s.values); err == io.EOF {
		if now, err := s.db.check(); err != nil || now != s.state {
			return messages.SourceChanged.With()
		}
		return io.EOF
	} else if err != nil {
		return explainSQLite(err, false)
	}
	for i, v := range s.values {
		c := &row[i]
		c.why = nil
		if c.null = v == nil; !c.null {
			s.read[i](v, c)
		}
	}
	return nil
}

func (s *sqliteSession) close() error {
	s.end()
	if s.rows != nil {
		s.rows.Close()
		s.rows = nil
	}
	s.stop.forget()
	return s.conn.Close()
}

// watch also stops what SQLite computes between two rows.
func (s *sqliteSession) watch(ctx context.Context) func() bool {
	return context.AfterFunc(ctx, func() {
		s.end()
		s.stop.interrupt()
	})
}

// interrupter stops the query of a connection from any goroutine. The driver
// does so itself only until a query has given its first row, and keeps the
// handle of the database that sqlite3_interrupt wants in a field of its own.
type interrupter struct {
	mu sync.Mutex
	db uintptr // 0 when the connection is gone, or is none that we know
}

func newInterrupter(conn driver.Conn) *interrupter {
	if c := reflect.ValueOf(conn); c.Kind() == reflect.Pointer && c.Elem().Kind() == reflect.Struct {
		if db := c.Elem().FieldByName("db"); db.Kind() == reflect.Uintptr {
			return &interrupter{db: uintptr(db.Uint())}
		}
	}
	return &interrupter{}
}

func (i *interrupter) interrupt() {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.db != 0 {
		tls := libc.NewTLS() // the connection's own belongs to the goroutine that reads
		defer tls.Close()
		sqlite3.Xsqlite3_interrupt(tls, i.db)
	}
}

// forget comes before the connection is closed: its memory is then another's.
func (i *interrupter) forget() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.db = 0
}

// explainSQLite makes a message of an error. The library's words are shown only
// while no row has been read: later ones can quote a value.
func explainSQLite(err error, preparing bool) error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		if preparing {
			return messages.QueryWrong.With("what", err.Error())
		}
		return messages.QueryFailed.With("state", "SQLite")
	}
	switch e.Code() & 0xff {
	case 11, 26: // SQLITE_CORRUPT, SQLITE_NOTADB
		return messages.NotADatabase.With()
	case 3, 10, 14, 23: // SQLITE_PERM, SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_AUTH
		return messages.DatabaseFile.With("why", fmt.Sprintf("SQLite code %d", e.Code()))
	case 1: // SQLITE_ERROR
		if preparing {
			return messages.QueryWrong.With("what", e.Error())
		}
	}
	return messages.QueryFailed.With("state", fmt.Sprintf("SQLite code %d", e.Code()))
}
