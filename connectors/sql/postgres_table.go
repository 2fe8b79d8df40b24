package sql

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines"
)

// table is what the source's table argument names.
type table struct {
	name        []string // schema, where it is given, and name
	connections int
	// pages is how many pages of the table one connection reads at a time, and
	// ahead how many bytes of them before it is their turn: the rest stays with
	// the server until then.
	pages int64
	ahead int
}

// newTable reads schema.name, both as the database stores them.
func newTable(name string, connections int) *table {
	return &table{name: strings.SplitN(name, ".", 2), connections: connections, pages: 512, ahead: 2 << 20}
}

func (t *table) String() string { return strings.Join(t.name, ".") }

// quoted is the table's name in SQL.
func (t *table) quoted() string {
	parts := make([]string, len(t.name))
	for i, n := range t.name {
		parts[i] = quoteName(n)
	}
	return strings.Join(parts, ".")
}

func quoteName(n string) string { return `"` + strings.ReplaceAll(n, `"`, `""`) + `"` }

func (t *table) query() string { return "SELECT * FROM " + t.quoted() }

// between is the query of the rows on pages from (included) to to (excluded);
// to 0 is all the rest.
func (t *table) between(from, to int64) string {
	q := fmt.Sprintf("%s WHERE ctid >= '(%d,0)'::tid", t.query(), from)
	if to > 0 {
		q += fmt.Sprintf(" AND ctid < '(%d,0)'::tid", to)
	}
	return q
}

// asStored keeps the server from reading a table in another order than that of
// its pages, or with processes of which any may be first.
const asStored = "SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL enable_indexonlyscan = off"

// firstParallel and firstRanges are the first releases that use several
// processes for one query, and that find a range of pages without reading all.
const (
	firstParallel = 90600
	firstRanges   = 140000
)

// serverVersion is a server_version as server_version_num has it; 0 when it says nothing.
func serverVersion(s string) int {
	major, rest, _ := strings.Cut(s, ".")
	digits := func(s string) int {
		end := 0
		for end < len(s) && '0' <= s[end] && s[end] <= '9' {
			end++
		}
		n, _ := strconv.Atoi(s[:end])
		return n
	}
	n := digits(major) * 10000
	if n < 100000 { // then two numbers name a release
		n += digits(rest) * 100
	}
	return n
}

// readTable starts a whole table: in the order of a key when there is one, else
// as it is stored, over several connections where that is possible.
func (s *postgresSession) readTable(ctx context.Context, r reading, memory *blocks) (blockReader, error) {
	if len(r.orderBy) > 0 {
		return s, s.copyOut(ctx, s.q.table.query()+" ORDER BY "+s.keys(r.orderBy, r.types), memory)
	}
	version := serverVersion(s.conn.ParameterStatus("server_version"))
	if version >= firstParallel {
		if err := s.exec(ctx, asStored); err != nil {
			return s, err
		}
	}
	if s.q.table.connections > 1 && version >= firstRanges {
		if r, err := s.ranges(ctx, memory); err != nil {
			return nil, err
		} else if r != nil {
			return r, nil
		}
	}
	return s, s.copyOut(ctx, s.q.table.query(), memory)
}

// keys are the columns of order_by such that the server orders them as they
// are checked: texts by their bytes.
func (s *postgresSession) keys(orderBy []string, types []pipelines.ColumnType) string {
	keys := make([]string, len(orderBy))
	for i, name := range orderBy {
		keys[i] = quoteName(name)
		for j, c := range s.found {
			if c.name == name && types[j].Type.ID() == arrow.STRING && postgresTypes[c.code].kind != pgUUID {
				keys[i] += `::text COLLATE "C"`
			}
		}
	}
	return strings.Join(keys, ", ")
}
