package store

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

const (
	dialPatience = 10 * time.Second // for a connection, and for TLS on it
	idlePatience = time.Minute      // for a server that says nothing

	// A reading that broke is taken up again so often without a byte more, and so
	// often in all.
	triesWithoutProgress = 4
	triesInAll           = 50
)

// trusting is TLS that trusts the system's authorities and those of caFile.
func trusting(caFile string) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if caFile == "" {
		return c, nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	pem, err := os.ReadFile(caFile)
	if err != nil || !pool.AppendCertsFromPEM(pem) {
		return nil, messages.CAUnreadable.With()
	}
	c.RootCAs = pool
	return c, nil
}

// transport is how HTTP is spoken to a server.
func transport(caFile, proxy string) (*http.Transport, error) {
	trust, err := trusting(caFile)
	if err != nil {
		return nil, err
	}
	t := &http.Transport{
		DialContext:           (&net.Dialer{Timeout: dialPatience, KeepAlive: 30 * time.Second}).DialContext,
		MaxIdleConnsPerHost:   16,
		ResponseHeaderTimeout: time.Minute,
		IdleConnTimeout:       10 * time.Second, // every task has a client of its own
		TLSHandshakeTimeout:   dialPatience,
		ExpectContinueTimeout: 10 * time.Second,
		DisableCompression:    true,
		TLSClientConfig:       trust,
	}
	if proxy != "" {
		u, err := url.Parse(proxy)
		if err != nil {
			return nil, messages.PasswordInAddress.With("name", "proxy")
		}
		t.Proxy = http.ProxyURL(u)
	}
	return t, nil
}

// reveal fetches a secret that may not be given.
func reveal(ctx context.Context, env pipelines.Env, s pipelines.Secret) (string, error) {
	if !s.IsSet() {
		return "", nil
	}
	return s.Reveal(ctx, env)
}

// dial connects, with keep-alive packets for firewalls that forget who is silent.
func dial(ctx context.Context, address string) (net.Conn, error) {
	d := net.Dialer{Timeout: dialPatience, KeepAlive: 30 * time.Second}
	conn, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return newPatient(conn), nil
}

// patient is a connection on which a read or write that takes longer than
// idlePatience fails as one without an answer in time. Time in which nobody reads or
// writes does not count: who reads may be waited for himself, and the connection of
// FTP's commands is silent as long as a transfer takes.
type patient struct {
	net.Conn
	reading, writing *time.Timer
}

func newPatient(c net.Conn) *patient {
	p := &patient{Conn: c}
	p.reading, p.writing = time.AfterFunc(idlePatience, p.abort), time.AfterFunc(idlePatience, p.abort)
	p.reading.Stop()
	p.writing.Stop()
	return p
}

// abort ends what goes on, without waiting for the other side.
func (p *patient) abort() { _ = p.Conn.SetDeadline(time.Unix(1, 0)) }

func (p *patient) Read(b []byte) (int, error) {
	p.reading.Reset(idlePatience)
	defer p.reading.Stop()
	return p.Conn.Read(b)
}

func (p *patient) Write(b []byte) (int, error) {
	p.writing.Reset(idlePatience)
	defer p.writing.Stop()
	return p.Conn.Write(b)
}

func (p *patient) Close() error {
	p.reading.Stop()
	p.writing.Stop()
	return p.Conn.Close()
}

// pause waits, unless ctx ends first.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// resumed reads an object to its end although connections break. from continues
// at an offset, and gives FileChanged if the object is not the one that was
// opened: two halves of two exports are never put together.
type resumed struct {
	ctx  context.Context // of the reading, whose life this type is
	from func(ctx context.Context, offset int64) (io.ReadCloser, error)
	fail func(error) error
	body io.ReadCloser
	at   int64
	size int64 // -1: the server does not say; then nothing can be taken up
	idle int   // tries since the last byte
	all  int
	err  error
}

func (r *resumed) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for r.err == nil {
		// What the connection holds already would be given after the end of ctx.
		if r.err = r.ctx.Err(); r.err != nil {
			break
		}
		n, err := r.body.Read(p)
		if n > 0 {
			r.at, r.idle = r.at+int64(n), 0
			if err != nil && err != io.EOF {
				err = nil // the next read says it again
			}
		}
		switch {
		case err == io.EOF && r.size >= 0 && r.at < r.size:
			err = io.ErrUnexpectedEOF
			if n > 0 {
				return n, nil
			}
		case err == io.EOF:
			r.err = io.EOF
		}
		if n > 0 || err == nil || r.err != nil {
			return n, r.err
		}
		r.err = r.again(err)
	}
	return 0, r.err
}

// again takes the reading up where it broke.
func (r *resumed) again(broke error) error {
	for {
		if err := r.ctx.Err(); err != nil {
			return err
		}
		r.idle, r.all = r.idle+1, r.all+1
		if r.size < 0 || messages.Find(broke) != nil && !messages.Has(broke, messages.Unreachable) && !messages.Has(broke, messages.StoreBusy) ||
			r.idle > triesWithoutProgress || r.all > triesInAll {
			return r.fail(broke)
		}
		if r.idle > 1 {
			if err := pause(r.ctx, 100*time.Millisecond<<r.idle); err != nil {
				return err
			}
		}
		r.body.Close()
		body, err := r.from(r.ctx, r.at)
		if err == nil {
			r.body = body
			return nil
		}
		r.body, broke = closedBody{}, err
	}
}

func (r *resumed) Close() error { return r.body.Close() }

// closedBody stands for a body that could not be opened again.
type closedBody struct{}

func (closedBody) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }
func (closedBody) Close() error             { return nil }

func changed(env pipelines.Env, key string) error {
	hidden := ""
	if env.Hide != nil {
		hidden = env.Hide(key)
	}
	return messages.FileChanged.With("file", hidden)
}

// unanswered makes a message of what went wrong before the server answered, or in
// the middle of its answer. Texts of libraries name keys and are left out.
func unanswered(store, operation string, err error) error {
	var invalid x509.CertificateInvalidError
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var verify *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var dns *net.DNSError
	var timeout net.Error
	var file *fs.PathError
	switch {
	case err == nil, errors.Is(err, context.Canceled), messages.Find(err) != nil:
		return err
	case errors.As(err, &file):
		return messages.StoreFailed.With("store", "the temporary folder", "operation", operation, "code", osReason(err))
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return messages.CertificateExpired.With("store", store)
	case errors.As(err, &unknown):
		return messages.CertificateRefused.With("store", store, "reason", "its authority is unknown")
	case errors.As(err, &host):
		return messages.CertificateRefused.With("store", store, "reason", "it was made for another name")
	case errors.As(err, &verify), errors.As(err, &invalid):
		return messages.CertificateRefused.With("store", store, "reason", "it cannot be verified")
	case errors.As(err, &record):
		return messages.Unreachable.With("store", store, "reason", "it does not answer with TLS")
	case errors.As(err, &dns):
		return messages.Unreachable.With("store", store, "reason", "no such host")
	case errors.Is(err, syscall.ECONNREFUSED):
		return messages.Unreachable.With("store", store, "reason", "connection refused")
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return messages.Unreachable.With("store", store, "reason", "no answer in time")
	case strings.Contains(err.Error(), "gave HTTP response to HTTPS client"):
		return messages.Unreachable.With("store", store, "reason", "it does not answer with TLS")
	case diskFull(err):
		return messages.DiskFull.With("store", "the temporary folder")
	}
	return messages.Unreachable.With("store", store, "reason", "the connection broke in "+operation)
}
