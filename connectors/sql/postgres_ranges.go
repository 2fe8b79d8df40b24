package sql

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/hashicorp/go-hclog"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// ranges reads a table over several connections that see one snapshot: each
// takes the next range of pages, and the ranges are given in their order. What
// is read ahead of its turn is bounded for each connection.
type ranges struct {
	session *postgresSession
	links   []*link // the session's first
	idle    chan *link
	memory  *blocks
	from    int64 // first page of the next range
	pages   int64 // of the table; the last range has all that come after, too
	ahead   *pipelines.Ahead[span, *rangeRows]
	now     *rangeRows
}

// span is a range and the connection that reads it.
type span struct {
	from, to int64
	link     *link
}

// rangeRows is what was read of a range.
type rangeRows struct {
	blocks []*block
	link   *link // has the rest, when there is more
	err    error // comes after the blocks
}

func (r *rangeRows) release() {
	for _, b := range r.blocks {
		b.release()
	}
	r.blocks = nil
}

// ranges is nil when the table is none that can be read so, or not worth it.
// It must be a table of its own (no view, no parent of others, of which each has
// pages of the same numbers) whose ranges the server finds without reading it whole.
func (s *postgresSession) ranges(ctx context.Context, memory *blocks) (*ranges, error) {
	t := s.q.table
	const facts = `SELECT pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::int8 FROM pg_catalog.pg_class c
		WHERE c.oid = pg_catalog.to_regclass($1::text) AND c.relkind IN ('r', 'm') AND NOT c.relhassubclass`
	res := s.conn.ExecParams(ctx, facts, [][]byte{[]byte(t.quoted())}, nil, nil, nil).Read()
	if res.Err != nil {
		return nil, s.db.explain(res.Err, "")
	}
	if len(res.Rows) == 0 {
		s.log().Info("one connection reads the table", "table", t.String(), "because", "it is a view, is partitioned or has tables that inherit from it")
		return nil, nil
	}
	pages, err := strconv.ParseInt(string(res.Rows[0][0]), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("read table size: %w", err)
	}
	if pages <= t.pages {
		return nil, nil
	}
	found, err := s.findsRanges(ctx, t.between(t.pages, min(2*t.pages, pages)))
	if err != nil {
		return nil, err
	}
	if !found {
		s.log().Info("one connection reads the table", "table", t.String(), "because", "the server cannot find a range of its pages without reading all")
		return nil, nil
	}
	r := &ranges{session: s, links: []*link{s.link}, memory: memory, pages: pages}
	if err := r.connect(ctx, min(t.connections, int((pages+t.pages-1)/t.pages))); err != nil {
		r.close()
		return nil, err
	}
	r.ahead = pipelines.NewAhead(len(r.links), r.nextSpan, r.read, (*rangeRows).release)
	return r, nil
}

func (s *postgresSession) log() hclog.Logger {
	if s.db.env.Log == nil {
		return hclog.NewNullLogger()
	}
	return s.db.env.Log
}

// findsRanges asks the server how it would read a range: row security, a setting
// or another way of storing tables may keep it from going straight there.
func (s *postgresSession) findsRanges(ctx context.Context, query string) (bool, error) {
	res, err := s.conn.Exec(ctx, "EXPLAIN (COSTS off) "+query).ReadAll()
	if err != nil {
		return false, s.db.explain(err, "")
	}
	for _, row := range res[0].Rows {
		if bytes.Contains(row[0], []byte("Tid Range Scan")) {
			return true, nil
		}
	}
	return false, nil
}

// connect opens the other connections, into the snapshot of the first.
func (r *ranges) connect(ctx context.Context, n int) error {
	db := r.session.db
	res := r.session.conn.ExecParams(ctx, "SELECT pg_catalog.pg_export_snapshot()", nil, nil, nil, nil).Read()
	if res.Err != nil {
		return db.explainSnapshot(res.Err)
	}
	snapshot := string(res.Rows[0][0])
	for len(r.links) < n {
		l, err := db.link(ctx)
		if err != nil {
			return err
		}
		r.links = append(r.links, l)
		if _, err := l.conn.Exec(ctx, "SET TRANSACTION SNAPSHOT '"+snapshot+"'").ReadAll(); err != nil {
			return db.explainSnapshot(err)
		}
		if err := l.exec(ctx, asStored); err != nil {
			return err
		}
		held, err := l.hold(ctx, r.session.q.table)
		if err != nil {
			return err
		}
		if !held {
			r.links = r.links[:len(r.links)-1]
			l.closeNow(ctx)
			r.session.log().Info("fewer connections read the table", "table", r.session.q.table.String(), "connections", len(r.links),
				"because", "another session waits to change it")
			break
		}
	}
	r.idle = make(chan *link, n)
	for _, l := range r.links {
		// A connection may wait long for the others to get on.
		if err := l.exec(ctx, "SET LOCAL idle_in_transaction_session_timeout = 0"); err != nil {
			return err
		}
		r.idle <- l
	}
	return nil
}

// hold takes the lock that reading the table takes, for the rest of the
// transaction; held is false when it would have to wait. Who waits to change the
// table stands before every lock taken later, and after that of the first
// connection, which waits for this one: nobody would ever go on, and the server
// does not see it, since one of those it would look at waits for its client.
func (l *link) hold(ctx context.Context, t *table) (held bool, err error) {
	const wait = "SET LOCAL lock_timeout = "
	if err := l.exec(ctx, wait+"'200ms'"); err != nil {
		return false, err
	}
	if _, err := l.conn.Exec(ctx, t.query()+" LIMIT 0").ReadAll(); err != nil {
		const lockNotAvailable = "55P03"
		if pg := (*pgconn.PgError)(nil); errors.As(err, &pg) && pg.Code == lockNotAvailable {
			return false, nil
		}
		return false, l.db.explain(err, "")
	}
	return true, l.exec(ctx, wait+"DEFAULT")
}

// nextSpan waits for a connection: the earliest range that is not read whole has
// one already, so that it is never waited for in vain.
func (r *ranges) nextSpan(ctx context.Context) (span, error) {
	if r.from >= r.pages {
		return span{}, io.EOF
	}
	select {
	case l := <-r.idle:
		s := span{from: r.from, to: r.from + r.session.q.table.pages, link: l}
		if r.from = s.to; s.to >= r.pages {
			s.to = 0
		}
		return s, nil
	case <-ctx.Done():
		return span{}, ctx.Err()
	}
}

// read reads a range as far as it may before its turn. What goes wrong comes
// after the rows before.
func (r *ranges) read(ctx context.Context, s span) (*rangeRows, error) {
	rows := &rangeRows{link: s.link}
	size := 0
	for rows.err = s.link.copyOut(ctx, r.session.q.table.between(s.from, s.to), r.memory); rows.err == nil && size < r.session.q.table.ahead; {
		var b *block
		if b, rows.err = s.link.next(ctx); rows.err == nil {
			rows.blocks = append(rows.blocks, b)
			size += b.used
		}
	}
	r.done(rows)
	return rows, nil
}

// done frees the connection of a range that was read whole.
func (r *ranges) done(rows *rangeRows) {
	if rows.err == io.EOF {
		r.idle <- rows.link
		rows.link, rows.err = nil, nil
	}
}

func (r *ranges) next(ctx context.Context) (*block, error) {
	for {
		for r.now == nil {
			var err error
			if r.now, err = r.ahead.Take(ctx); err != nil {
				return nil, failed(ctx, err)
			}
		}
		rows := r.now
		if len(rows.blocks) > 0 {
			b := rows.blocks[0]
			rows.blocks = rows.blocks[1:]
			return b, nil
		}
		if rows.err == nil && rows.link != nil {
			var b *block
			if b, rows.err = rows.link.next(ctx); rows.err == nil {
				return b, nil
			}
			r.done(rows)
		}
		if rows.err != nil {
			return nil, rows.err
		}
		if rows.link == nil {
			r.now = nil
		}
	}
}

func (r *ranges) close() error {
	if r.ahead != nil {
		r.ahead.Close()
	}
	if r.now != nil {
		r.now.release()
	}
	ctx, cancel := context.WithTimeout(context.Background(), closing)
	defer cancel()
	for _, l := range r.links {
		l.close(ctx)
	}
	return nil
}

// explainSnapshot makes a message of why connections cannot see one snapshot.
func (p *postgres) explainSnapshot(err error) error {
	if m := p.explain(err, ""); messages.Has(m, messages.QueryValue) || messages.Has(m, messages.QueryFailed) {
		return messages.SnapshotRefused.With("server", p.server())
	}
	return p.explain(err, "")
}
