package sql

import (
	"context"
	"io"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// closing is how long connections may take to say goodbye.
const closing = 5 * time.Second

// link is a connection in its one transaction. The rows of a statement are read
// off the connection in large pieces: a driver that looks at each message costs
// as much as making columns of them.
type link struct {
	db     *postgres
	conn   *pgconn.PgConn
	answer *answer // to the statement that runs; nil when none does
}

// link opens a connection and begins its transaction.
func (p *postgres) link(ctx context.Context) (*link, error) {
	conn, err := p.connect(ctx)
	if err != nil {
		return nil, err
	}
	l := &link{db: p, conn: conn}
	if err := p.begin(ctx, conn); err != nil {
		l.closeNow(ctx)
		return nil, p.explain(err, "")
	}
	return l, nil
}

// exec runs statements that give no rows.
func (l *link) exec(ctx context.Context, sql string) error {
	if _, err := l.conn.Exec(ctx, sql).ReadAll(); err != nil {
		return l.db.explain(err, "")
	}
	return nil
}

// copyOut starts the rows of a query by COPY, which takes no parameters.
func (l *link) copyOut(ctx context.Context, query string, memory *blocks) error {
	// The query may end in a comment.
	return l.send(ctx, rowOfCopy, memory, &pgproto3.Query{String: "COPY (" + query + "\n) TO STDOUT (FORMAT binary)"})
}

// execute starts the rows of the unnamed statement that was prepared last.
func (l *link) execute(ctx context.Context, params [][]byte, memory *blocks) error {
	return l.send(ctx, rowOfQuery, memory, &pgproto3.Bind{Parameters: params, ResultFormatCodes: []int16{1}}, &pgproto3.Execute{}, &pgproto3.Sync{})
}

func (l *link) send(ctx context.Context, row byte, memory *blocks, ms ...pgproto3.FrontendMessage) error {
	if err := l.conn.SyncConn(ctx); err != nil {
		return l.db.explain(err, "")
	}
	var text []byte
	for _, m := range ms {
		var err error
		if text, err = m.Encode(text); err != nil {
			return err
		}
	}
	defer l.watch(ctx)()
	l.answer = &answer{in: l.conn.Conn(), blocks: memory, row: row}
	if _, err := l.conn.Conn().Write(text); err != nil {
		return l.db.explain(err, "")
	}
	return nil
}

// watch ends reading and writing once ctx is done, until stop is called.
func (l *link) watch(ctx context.Context) (stop func() bool) {
	return context.AfterFunc(ctx, func() { _ = l.conn.Conn().SetDeadline(time.Unix(1, 0)) })
}

// next gives the next block of the answer; io.EOF is its end.
func (l *link) next(ctx context.Context) (*block, error) {
	defer l.watch(ctx)()
	b, err := l.answer.next()
	if err == nil {
		return b, nil
	}
	if l.answer.idle {
		l.answer = nil
	}
	switch {
	case err == io.EOF || err == errRowSize:
		return nil, err
	case err == errShape || ctx.Err() != nil:
		return nil, failed(ctx, err)
	}
	return nil, l.db.explain(err, "")
}

func (l *link) closeNow(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closing)
	defer cancel()
	l.close(ctx)
}

// close ends the statement on the server, however far it is, and the connection.
func (l *link) close(ctx context.Context) {
	defer context.AfterFunc(ctx, func() { l.conn.Conn().Close() })()
	if a := l.answer; a != nil {
		_ = l.conn.Conn().SetDeadline(time.Time{})
		// What is on its way is read: a connection closed before that is an error
		// to the server, and to a pooler one to throw away.
		if a.err == nil && l.conn.CancelRequest(ctx) == nil {
			for a.err == nil {
				if b, err := a.next(); err == nil {
					b.release()
				}
			}
		}
		a.discard()
		if !a.idle {
			l.conn.Conn().Close()
		}
	}
	if !l.conn.IsClosed() && l.conn.TxStatus() != 'I' {
		l.conn.Exec(ctx, "ROLLBACK").Close() // a pooler keeps its connection only so
	}
	l.conn.Close(ctx)
	select {
	case <-l.conn.CleanupDone():
	case <-ctx.Done():
	}
}
