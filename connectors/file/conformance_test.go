package file

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lavoir-data/lavoir/connectors/store"
	"github.com/lavoir-data/lavoir/connectors/store/storetest"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

func TestLoadLocalConforms(t *testing.T) {
	pipelinetest.Sink(t, func(t testing.TB) pipelinetest.Place {
		body := fmt.Sprintf("path = %q", filepath.ToSlash(t.TempDir()))
		return publishing(t, LoadLocal, store.Local, body, storetest.Env(t.TempDir()))
	})
}

func TestLoadS3Conforms(t *testing.T) {
	for _, server := range storetest.Servers {
		t.Run(server.Name, func(t *testing.T) {
			storetest.NewBucket(t, server.Variable) // skips once, not at every check
			pipelinetest.Sink(t, func(t testing.TB) pipelinetest.Place {
				bucket := storetest.NewBucket(t, server.Variable)
				return publishing(t, LoadS3, store.S3, bucket.HCL(""), bucket.Env(t.TempDir()))
			})
		})
	}
}

func TestLoadSFTPConforms(t *testing.T) {
	storetest.NewSSH(t) // skips once, not at every check
	pipelinetest.Sink(t, func(t testing.TB) pipelinetest.Place {
		server := storetest.NewSSH(t)
		return publishing(t, LoadSFTP, store.SFTP, server.HCL("single_writer = true"), server.Env(t.TempDir()))
	})
}

func TestLoadWebDAVConforms(t *testing.T) {
	storetest.NewWeb(t) // skips once, not at every check
	pipelinetest.Sink(t, func(t testing.TB) pipelinetest.Place {
		body := fmt.Sprintf("url = %q\nsingle_writer = true", storetest.NewWeb(t).Plain)
		return publishing(t, LoadWebDAV, store.WebDAV, body, storetest.Env(t.TempDir()))
	})
}

// A store that is read only is refused before anything is read.
func TestLoadRefusesReadOnly(t *testing.T) {
	config, diags := storetest.Decode(store.SFTP, "host = \"sftp.val-fleuri.example\"\nuser = \"x\"\nknown_hosts = \"known_hosts\"\npassword = secret.secret")
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	loadConfig, diags := decodeLoad(t, LoadSFTP, store.SFTP, config, "name = \"essai\"\nfile \"csv\" {}\n")
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	_, err := pipelines.As[pipelines.Sink](pipelines.Built{Component: LoadSFTP, Label: "essai", Config: loadConfig}, storetest.Env(t.TempDir()))
	if !messages.Has(err, messages.StoreReadOnly) {
		t.Error(err)
	}
}

// publishing is where a load publishes both formats, into a store whose writes can fail.
func publishing(t testing.TB, load, connection pipelines.Component, body string, env pipelines.Env) pipelinetest.Place {
	t.Helper()
	config, diags := storetest.Decode(connection, body)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	faults := &writeFaults{}
	faulty := pipelines.DefineConnection(connection.Name, "A store whose writes can fail.", struct{}{},
		func(own pipelines.Env, _ struct{}) (store.Store, error) {
			own.Secrets = env.Secrets
			s, err := pipelines.As[store.Store](pipelines.Built{Component: connection, Config: config}, own)
			return &counted{s, faults.hit}, err
		})
	reader := storetest.Open(t, connection, body, env)
	return pipelinetest.Place{
		Sink: func(env pipelines.Env) (pipelines.Sink, error) {
			loadConfig, diags := decodeLoad(t, load, faulty, struct{}{}, "name = \"essai\"\nfile \"csv\" {}\nfile \"parquet\" {}\n")
			if diags.HasErrors() {
				return nil, diags
			}
			return pipelines.As[pipelines.Sink](pipelines.Built{Component: load, Label: "essai", Config: loadConfig}, env)
		},
		FailAt:  func(k int) { *faults = writeFaults{at: k} },
		Failed:  func() bool { return faults.failed },
		Visible: func() (map[string]string, error) { return current(reader) },
	}
}

// current is what a reader of the store sees: the files of the release that
// the pointer names.
func current(s store.Store) (map[string]string, error) {
	ctx := context.Background()
	l := &load{store: s}
	p, err := l.readPointer(ctx)
	if err != nil || p.Release == "" {
		return nil, err
	}
	seen := map[string]string{"release": p.Release}
	prefix := l.key(releasesName, p.Release) + "/"
	files, err := s.List(ctx, prefix)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		r, _, err := s.Open(ctx, f.Key)
		if err != nil {
			return nil, err
		}
		data, err := io.ReadAll(r)
		r.Close()
		if err != nil {
			return nil, err
		}
		seen[strings.TrimPrefix(f.Key, prefix)] = string(data)
	}
	if len(seen) != 4 { // two files, a manifest and the name
		return nil, fmt.Errorf("the current release has %d files", len(seen)-1)
	}
	return seen, nil
}

// writeFaults makes the at-th write fail, and all that follow; 0 is never.
type writeFaults struct {
	at, n  int
	failed bool
}

func (f *writeFaults) hit(op string) error {
	switch verb, _, _ := strings.Cut(op, " "); verb {
	case "put", "swap", "delete":
	default:
		return nil
	}
	f.n++
	if f.at > 0 && f.n >= f.at {
		f.failed = true
		return messages.Internal.With("what", "the test made a write fail")
	}
	return nil
}
