package sql

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// explainConnect makes a message of what kept a connection from being made.
func (p *postgres) explainConnect(err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch {
		case pg.Code == "3D000":
			return messages.DatabaseUnknown.With("server", p.server(), "database", p.Database)
		case strings.HasPrefix(pg.Code, "28") || pg.Code == "42501":
			return messages.DatabaseLogin.With("server", p.server(), "user", p.User, "state", pg.Code)
		}
		return messages.DatabaseBusy.With("server", p.server(), "state", pg.Code)
	}
	if cause := tlsCause(err); cause != nil {
		return messages.DatabaseTLS.Wrap(cause, "server", p.server())
	}
	if strings.Contains(err.Error(), "server refused TLS") {
		return messages.DatabaseTLS.Wrap(errors.New("the server offers none"), "server", p.server())
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return messages.DatabaseUnreachable.Wrap(op.Err, "server", p.server())
	}
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return messages.DatabaseUnreachable.Wrap(dns, "server", p.server())
	}
	if pgconn.Timeout(err) {
		return messages.DatabaseUnreachable.Wrap(errors.New("no answer within connect_timeout"), "server", p.server())
	}
	return messages.DatabaseUnreachable.With("server", p.server())
}

// tlsCause is what is wrong with a certificate or the handshake, or nil.
func tlsCause(err error) error {
	var verify *tls.CertificateVerificationError
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var header tls.RecordHeaderError
	var alert tls.AlertError
	for _, target := range []any{&verify, &unknown, &host, &invalid, &header, &alert} {
		if errors.As(err, target) {
			switch t := target.(type) {
			case **tls.CertificateVerificationError:
				return (*t).Err
			case *x509.UnknownAuthorityError:
				return *t
			case *x509.HostnameError:
				return *t
			case *x509.CertificateInvalidError:
				return *t
			case *tls.RecordHeaderError:
				return errors.New("what answers does not speak TLS")
			case *tls.AlertError:
				return *t
			}
		}
	}
	return nil
}

// explain makes a message of an error of a connection in use. query is the text
// that was being looked at when no row had been read yet, else "": only then
// may the server's words be shown, for later ones can quote a row.
func (p *postgres) explain(err error, query string) error {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return messages.DatabaseLost.With("server", p.server())
	}
	code := pg.Code
	switch {
	case code == "57014":
		return messages.QueryTooLong.With()
	case code == "42501":
		return messages.DatabaseForbids.With("user", p.User, "what", words(pg, query))
	case strings.HasPrefix(code, "57P") || strings.HasPrefix(code, "08"):
		return messages.DatabaseLost.With("server", p.server())
	case strings.HasPrefix(code, "53"):
		return messages.DatabaseBusy.With("server", p.server(), "state", code)
	case query != "" && strings.HasPrefix(code, "42"), query != "" && strings.HasPrefix(code, "0A"):
		return wrong(pg, query)
	case strings.HasPrefix(code, "22"):
		return messages.QueryValue.With("state", code)
	}
	return messages.QueryFailed.With("state", "SQLSTATE "+code)
}

// explainTable is explain of what the server says of a table it should read.
func (p *postgres) explainTable(err error, t *table) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && (pg.Code == "42P01" || pg.Code == "3F000") {
		return messages.TableUnknown.With("table", t)
	}
	return p.explain(err, t.query())
}

func words(pg *pgconn.PgError, query string) string {
	if query == "" {
		return "SQLSTATE " + pg.Code
	}
	return fmt.Sprintf("%s (SQLSTATE %s)", pg.Message, pg.Code)
}

// wrong blames the line of the query that the server points at. Parameters are
// shorter in the text it saw, so that only lines can be told.
func wrong(pg *pgconn.PgError, query string) error {
	what := words(pg, query)
	if pg.Position < 1 || !strings.Contains(query, "\n") {
		return messages.QueryWrong.With("what", what)
	}
	chars := []rune(query)
	before := string(chars[:min(int(pg.Position)-1, len(chars))])
	return messages.QueryWrongAt.With("line", 1+strings.Count(before, "\n"), "what", what)
}
