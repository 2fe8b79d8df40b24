package sql

import (
	"context"
	"crypto/tls"
	"fmt"
	"math"
	"os"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

const (
	clockTolerance = 60     // seconds
	oldestServer   = 150000 // server_version_num of the oldest release still mended upstream
)

// postgresFacts is what an examination asks, in one row: whether the account
// can write, the clock, the encoding, the version.
const postgresFacts = `SELECT
	(SELECT rolsuper OR rolcreaterole OR rolcreatedb FROM pg_catalog.pg_roles WHERE rolname = current_user)
	OR pg_catalog.has_database_privilege(current_database(), 'CREATE')
	OR EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p') AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
		AND pg_catalog.has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')),
	extract(epoch FROM clock_timestamp())::text,
	current_setting('server_encoding'), current_setting('server_version_num'), current_setting('server_version')`

// Examine connects, and looks at rights, encryption, clock, encoding and version.
func (p *postgres) Examine(ctx context.Context) []pipelines.Finding {
	conn, err := p.connect(ctx)
	if err != nil {
		return []pipelines.Finding{{Check: "reach", Err: err}}
	}
	defer func() {
		bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), closing)
		defer cancel()
		conn.Close(bye)
	}()
	found := []pipelines.Finding{{Check: "reach", OK: true, Note: p.server()}, p.encryption(conn)}
	res := conn.ExecParams(ctx, postgresFacts, nil, nil, nil, nil).Read()
	if res.Err != nil {
		return append(found, pipelines.Finding{Check: "rights", Err: p.explain(res.Err, "")})
	}
	row := res.Rows[0]
	return append(found,
		finding("rights", string(row[0]) != "t", messages.DatabaseWritable.With("user", p.User), "the account can only read"),
		p.clock(string(row[1])),
		finding("encoding", string(row[2]) != "SQL_ASCII", messages.DatabaseEncoding.With("encoding", string(row[2])), string(row[2])),
		version(string(row[3]), string(row[4])))
}

// finding is good, or a warning.
func finding(check string, ok bool, warning *messages.Error, note string) pipelines.Finding {
	if ok {
		return pipelines.Finding{Check: check, OK: true, Note: note}
	}
	return pipelines.Finding{Check: check, Err: warning}
}

func (p *postgres) encryption(conn *pgconn.PgConn) pipelines.Finding {
	t, ok := conn.Conn().(*tls.Conn)
	if !ok {
		local := len(p.Host) > 0 && p.Host[0] == '/'
		return finding("TLS", local, messages.DatabasePlain.With(), "a socket of this machine")
	}
	note := tls.VersionName(t.ConnectionState().Version)
	if certs := t.ConnectionState().PeerCertificates; len(certs) > 0 {
		note += ", certificate until " + certs[0].NotAfter.UTC().Format(time.DateOnly)
	}
	return pipelines.Finding{Check: "TLS", OK: true, Note: note}
}

func (p *postgres) clock(server string) pipelines.Finding {
	there, err := strconv.ParseFloat(server, 64)
	if err != nil {
		return pipelines.Finding{Check: "clock", Err: fmt.Errorf("read server clock: %w", err)}
	}
	apart := math.Abs(there - float64(p.env.Now().Unix()))
	return finding("clock", apart <= clockTolerance,
		messages.DatabaseClock.With("seconds", int64(apart)), "the same, within a minute")
}

func version(number, name string) pipelines.Finding {
	n, err := strconv.Atoi(number)
	if err != nil {
		return pipelines.Finding{Check: "version", Err: fmt.Errorf("read server version: %w", err)}
	}
	return finding("version", n >= oldestServer, messages.DatabaseOld.With("version", name), name)
}

// Examine opens the file, and looks at what it is and whether the account could write to it.
func (f *sqliteFile) Examine(ctx context.Context) []pipelines.Finding {
	if _, err := f.check(); err != nil {
		return []pipelines.Finding{{Check: "reach", Err: err}}
	}
	q, err := sqliteDialect.parse("SELECT count(*), sqlite_version() FROM sqlite_schema")
	if err != nil {
		return []pipelines.Finding{{Check: "reach", Err: err}}
	}
	s, err := f.prepare(ctx, q)
	if err != nil {
		return []pipelines.Finding{{Check: "reach", Err: failed(ctx, err)}}
	}
	if err := s.close(); err != nil {
		return []pipelines.Finding{{Check: "reach", Err: explainSQLite(err, false)}}
	}
	writable := false
	if w, err := os.OpenFile(f.path, os.O_WRONLY, 0); err == nil {
		writable = true
		w.Close()
	}
	return []pipelines.Finding{
		{Check: "reach", OK: true, Note: "an SQLite database"},
		finding("rights", !writable, messages.DatabaseFileWritable.With(), "the file can only be read"),
	}
}
