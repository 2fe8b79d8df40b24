package sql

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

type postgresConfig struct {
	Host             string           `hcl:"host" doc:"Name or address of the server, or the folder of its socket."`
	Port             int              `hcl:"port,optional" doc:"Port of the server."`
	Database         string           `hcl:"database,optional" doc:"Name of the database; when it is not given, the name of the account."`
	User             string           `hcl:"user,optional" doc:"The account, which should have SELECT and nothing else."`
	Password         pipelines.Secret `hcl:"password,optional" doc:"Password of the account."`
	SSLMode          string           `hcl:"sslmode,optional" values:"verify-full|verify-ca|require|disable" doc:"How far the server must prove who it is: by a certificate for its name, by a certificate of the authority, by none but encrypted, not at all."`
	CA               string           `hcl:"ca,optional" doc:"PEM file with the certificates of the authority; when it is not given, those this machine trusts."`
	ConnectTimeout   time.Duration    `hcl:"connect_timeout,optional" doc:"How long connecting may take."`
	ApplicationName  string           `hcl:"application_name,optional" doc:"What the server's administrator sees in pg_stat_activity."`
	StatementTimeout time.Duration    `hcl:"statement_timeout,optional" doc:"How long the query may run, the time its rows wait for later steps included; 0 leaves it to the server."`
	SearchPath       []string         `hcl:"search_path,optional" doc:"Schemas in which the query's tables are looked for."`
}

var postgresDefaults = postgresConfig{Port: 5432, User: "lavoir", SSLMode: "verify-full",
	ConnectTimeout: 10 * time.Second, ApplicationName: "lavoir"}

// Validate checks what can be told without the server.
func (c postgresConfig) Validate() error {
	if c.Port < 1 || c.Port > 65535 {
		return pipelines.At("port", messages.WrongArgument.With("name", "port", "wanted", "a port", "why", "ports go from 1 to 65535"))
	}
	if c.CA != "" && !strings.HasPrefix(c.SSLMode, "verify") {
		return pipelines.At("ca", messages.WrongArgument.With("name", "ca", "wanted", "absent",
			"why", "sslmode = "+strconv.Quote(c.SSLMode)+" checks no certificate"))
	}
	return nil
}

// postgres reads a database through connections of its own, one per session,
// each gone with it. Everything it says to the server after login is said in one
// transaction and nothing is prepared under a name, so that it works behind
// PgBouncer in session and in transaction mode.
type postgres struct {
	postgresConfig
	env pipelines.Env
}

func newPostgres(env pipelines.Env, c postgresConfig) (*postgres, error) {
	if c.Database == "" {
		c.Database = c.User
	}
	c.CA = env.Path(c.CA)
	return &postgres{c, env}, nil
}

func (p *postgres) server() string { return net.JoinHostPort(p.Host, strconv.Itoa(p.Port)) }

// connect opens a connection; its errors are messages, or ctx's own.
func (p *postgres) connect(ctx context.Context) (*pgconn.PgConn, error) {
	cfg, err := p.settings(ctx)
	if err != nil {
		return nil, err
	}
	timed, cancel := context.WithTimeout(ctx, p.ConnectTimeout)
	defer cancel()
	conn, err := pgconn.ConnectConfig(timed, cfg)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, p.explainConnect(err)
	}
	return conn, nil
}

func (p *postgres) settings(ctx context.Context) (*pgconn.Config, error) {
	// A configuration can only be made by parsing, which also reads the
	// environment: all that it may have set is set again.
	cfg, err := pgconn.ParseConfig("host=localhost port=5432 user=u dbname=d password=p sslmode=disable sslnegotiation=postgres " +
		"target_session_attrs=any connect_timeout=0 channel_binding=prefer min_protocol_version=3.0 max_protocol_version=3.0")
	if err != nil {
		return nil, errors.New("make configuration: the PG… variables of the environment cannot be read")
	}
	cfg.Host, cfg.Port, cfg.Database, cfg.User = p.Host, uint16(p.Port), p.Database, p.User
	cfg.Password, cfg.Fallbacks, cfg.ConnectTimeout = "", nil, p.ConnectTimeout
	cfg.KerberosSrvName, cfg.KerberosSpn, cfg.RequireAuth = "", "", ""
	cfg.DialFunc = (&net.Dialer{KeepAlive: time.Minute}).DialContext
	cfg.RuntimeParams = map[string]string{"application_name": p.ApplicationName, "client_encoding": "UTF8"}
	if p.Password.IsSet() {
		if cfg.Password, err = p.Password.Reveal(ctx, p.env); err != nil {
			return nil, err
		}
	}
	cfg.TLSConfig, err = p.tls()
	return cfg, err
}

// tls is how the server is to prove itself; nil is no encryption.
func (p *postgres) tls() (*tls.Config, error) {
	if p.SSLMode == "disable" || strings.HasPrefix(p.Host, "/") {
		return nil, nil
	}
	c := &tls.Config{ServerName: p.Host, MinVersion: tls.VersionTLS12}
	if p.CA != "" {
		pem, err := os.ReadFile(p.CA)
		if err != nil {
			return nil, messages.DatabaseCA.With("why", reason(err))
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, messages.DatabaseCA.With("why", "no PEM certificate")
		}
	}
	switch p.SSLMode {
	case "require":
		c.InsecureSkipVerify = true
	case "verify-ca":
		// The chain is checked by hand because Go always checks the name with it.
		c.InsecureSkipVerify = true
		c.VerifyConnection = func(s tls.ConnectionState) error {
			rest := x509.NewCertPool()
			for _, cert := range s.PeerCertificates[1:] {
				rest.AddCert(cert)
			}
			_, err := s.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: c.RootCAs, Intermediates: rest})
			return err
		}
	}
	return c, nil
}

// reason is what the system says of a file, without the file's name.
func reason(err error) string {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return "it cannot be read"
}

// begin starts the one transaction of a connection. What a role or a database
// may have set otherwise, and what would change the text of a value, is set here.
func (p *postgres) begin(ctx context.Context, conn *pgconn.PgConn) error {
	sql := "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL synchronize_seqscans = off; " +
		"SET LOCAL standard_conforming_strings = on; SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, YMD'; " +
		"SET LOCAL IntervalStyle = 'postgres'; SET LOCAL extra_float_digits = 1; SET LOCAL bytea_output = 'hex'"
	if conn.ParameterStatus("server_encoding") == "SQL_ASCII" {
		// Such a server checks nothing on the way in, and would stop the query
		// at the first text that is not UTF-8: its bytes are judged here.
		sql += "; SET LOCAL client_encoding = 'SQL_ASCII'"
	}
	if p.StatementTimeout > 0 {
		sql += fmt.Sprintf("; SET LOCAL statement_timeout = %d", max(1, p.StatementTimeout.Milliseconds()))
	}
	if len(p.SearchPath) > 0 {
		quoted := make([]string, len(p.SearchPath))
		for i, s := range p.SearchPath {
			quoted[i] = quoteName(s)
		}
		sql += "; SET LOCAL search_path = " + strings.Join(quoted, ", ")
	}
	_, err := conn.Exec(ctx, sql).ReadAll()
	return err
}
