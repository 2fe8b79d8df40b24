package sql

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/zclconf/go-cty/cty"

	"github.com/lavoir-data/lavoir/pipelines"
)

// closing is how long a connection may take to say goodbye.
const closing = 5 * time.Second

type postgresSession struct {
	db       *postgres
	conn     *pgconn.PgConn
	q        statement
	found    []resultColumn
	decoders []decoder
	rows     *pgconn.ResultReader
	life
}

func (p *postgres) prepare(ctx context.Context, q statement) (session, error) {
	conn, err := p.connect(ctx)
	if err != nil {
		return nil, err
	}
	s := &postgresSession{db: p, conn: conn, q: q, life: newLife(ctx)}
	if err := s.describe(ctx); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *postgresSession) describe(ctx context.Context) error {
	if err := s.db.begin(ctx, s.conn); err != nil {
		return s.db.explain(err, "")
	}
	d, err := s.conn.Prepare(ctx, "", s.q.text, nil)
	if err != nil {
		return s.db.explain(err, s.q.text)
	}
	var unknown []string
	for _, f := range d.Fields {
		c := resultColumn{name: f.Name, code: f.DataTypeOID, modifier: f.TypeModifier, typeName: postgresTypes[f.DataTypeOID].name}
		if c.code == 1700 {
			c.typeName = numericName(c.modifier)
		}
		if c.typeName == "" {
			unknown = append(unknown, strconv.FormatUint(uint64(c.code), 10))
		}
		s.found = append(s.found, c)
	}
	if len(unknown) == 0 {
		return nil
	}
	return s.lookUp(ctx, unknown)
}

// lookUp asks the catalogue for types that are not built in. It uses up the
// unnamed statement, which is prepared again.
func (s *postgresSession) lookUp(ctx context.Context, codes []string) error {
	const sql = "SELECT oid, pg_catalog.format_type(oid, NULL), typtype = 'e' OR typname = 'citext' FROM pg_catalog.pg_type WHERE oid = ANY ($1::oid[])"
	list := []byte("{" + strings.Join(codes, ",") + "}")
	res := s.conn.ExecParams(ctx, sql, [][]byte{list}, nil, nil, nil).Read()
	if res.Err != nil {
		return s.db.explain(res.Err, "")
	}
	for _, row := range res.Rows {
		code, err := strconv.ParseUint(string(row[0]), 10, 32)
		if err != nil {
			return fmt.Errorf("read type catalogue: %w", err)
		}
		for i := range s.found {
			if c := &s.found[i]; c.code == uint32(code) {
				c.typeName = string(row[1])
				if string(row[2]) == "t" {
					c.code = textCode
				}
			}
		}
	}
	if _, err := s.conn.Prepare(ctx, "", s.q.text, nil); err != nil {
		return s.db.explain(err, s.q.text)
	}
	return nil
}

func (s *postgresSession) columns() []resultColumn { return s.found }

func (s *postgresSession) start(ctx context.Context, types []pipelines.ColumnType) error {
	for i, t := range types {
		d, ok := postgresDecoder(postgresTypes[s.found[i].code].kind, t)
		if !ok {
			return fmt.Errorf("read column %q: no decoder", s.found[i].name)
		}
		s.decoders = append(s.decoders, d)
	}
	params := make([][]byte, len(s.q.values))
	for i, v := range s.q.values {
		params[i] = postgresText(v)
	}
	defer s.watch(ctx)()
	s.rows = s.conn.ExecPrepared(s.ctx, "", params, nil, []int16{1})
	return nil
}

// postgresText is a parameter in text form, whose type the server infers; nil is null.
func postgresText(v cty.Value) []byte {
	switch {
	case v.IsNull():
		return nil
	case v.Type() == cty.String:
		return []byte(v.AsString())
	case v.Type() == cty.Number:
		return []byte(v.AsBigFloat().Text('f', -1))
	case v.Type() == cty.Bool:
		return strconv.AppendBool(nil, v.True())
	}
	list := []byte{'{'}
	for _, e := range v.AsValueSlice() {
		if len(list) > 1 {
			list = append(list, ',')
		}
		text := postgresText(e)
		if text == nil {
			list = append(list, "NULL"...)
			continue
		}
		list = append(list, '"')
		for _, b := range text {
			if b == '"' || b == '\\' {
				list = append(list, '\\')
			}
			list = append(list, b)
		}
		list = append(list, '"')
	}
	return append(list, '}')
}

func (s *postgresSession) next(row []cell) error {
	if !s.rows.NextRow() {
		if _, err := s.rows.Close(); err != nil {
			return s.db.explain(err, "")
		}
		return io.EOF
	}
	for i, b := range s.rows.Values() {
		c := &row[i]
		c.why = nil
		if c.null = b == nil; c.null {
			continue
		}
		if err := s.decoders[i](b, c); err != nil {
			return fmt.Errorf("read column %q: %w", s.found[i].name, err)
		}
	}
	return nil
}

// close ends the query on the server, however far it is, and waits until the
// connection is gone.
func (s *postgresSession) close() error {
	s.end()
	if s.rows != nil {
		for s.rows.NextRow() { // until it notices the end, and cancels what still runs
		}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), closing)
	defer cancel()
	if !s.conn.IsClosed() && !s.conn.IsBusy() && s.conn.TxStatus() != 'I' {
		s.conn.Exec(ctx, "ROLLBACK").Close() // a pooler keeps its connection only so
	}
	s.conn.Close(ctx)
	select {
	case <-s.conn.CleanupDone():
	case <-ctx.Done():
		s.conn.Conn().Close()
	}
	return nil
}
