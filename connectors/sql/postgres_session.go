package sql

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
)

// postgresSession is a query that the server has looked at.
type postgresSession struct {
	*link
	q     statement
	found []resultColumn
}

func (p *postgres) prepare(ctx context.Context, q statement) (session, error) {
	l, err := p.link(ctx)
	if err != nil {
		return nil, err
	}
	s := &postgresSession{link: l, q: q}
	if err := s.describe(ctx); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *postgresSession) describe(ctx context.Context) error {
	d, err := s.conn.Prepare(ctx, "", s.q.text, nil)
	if err != nil {
		return s.explain(err)
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
		return s.explain(err)
	}
	return nil
}

// explain makes a message of what the server says of the query's text.
func (s *postgresSession) explain(err error) error {
	if s.q.table != nil {
		return s.db.explainTable(err, s.q.table)
	}
	return s.db.explain(err, s.q.text)
}

func (s *postgresSession) columns() []resultColumn { return s.found }

func (s *postgresSession) close() error {
	s.closeNow(context.Background())
	return nil
}

func (s *postgresSession) open(ctx context.Context, r reading) (pipelines.Stream, error) {
	chunks, err := s.chunks(ctx, r)
	if err != nil {
		return nil, err
	}
	return chunks.stream(), nil
}

// chunks runs the query: by COPY when it has no parameters, which COPY cannot take.
func (s *postgresSession) chunks(ctx context.Context, r reading) (*postgresChunks, error) {
	columns := func() ([]column, error) {
		cs := make([]column, len(r.types))
		for i, t := range r.types {
			c, ok := postgresColumn(postgresTypes[s.found[i].code].kind, t)
			if !ok {
				return nil, fmt.Errorf("read column %q: no decoder", s.found[i].name)
			}
			cs[i] = c
		}
		return cs, nil
	}
	if _, err := columns(); err != nil {
		return nil, err
	}
	chunks := &postgresChunks{schema: r.schema, orderBy: r.orderBy, in: s, readers: &arrowx.Spares[*rowReader]{New: func() *rowReader {
		cs, _ := columns()
		return &rowReader{schema: r.schema, mem: r.mem, found: s.found, columns: cs}
	}}}
	memory := newBlocks(r.mem)
	var err error
	switch {
	case s.q.table != nil:
		chunks.in, err = s.readTable(ctx, r, memory)
	case len(s.q.values) == 0:
		err = s.copyOut(ctx, s.q.text, memory)
	default:
		params := make([][]byte, len(s.q.values))
		for i, v := range s.q.values {
			params[i] = postgresText(v)
		}
		err = s.execute(ctx, params, memory)
	}
	return chunks, err
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
