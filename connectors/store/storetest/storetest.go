// Package storetest is what every store must pass, and the servers that tests
// of stores run against.
package storetest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/zclconf/go-cty/cty"

	"github.com/lavoir-data/lavoir/connectors/store"
	"github.com/lavoir-data/lavoir/pipelines"
)

// Servers are the S3 servers that `dev/services env` may tell of: the variable
// with the address, as http://access:secret@host:port, by the server's name.
var Servers = []struct{ Name, Variable string }{
	{"minio", "LAVOIR_TEST_S3_MINIO"},
	{"versitygw", "LAVOIR_TEST_S3_VERSITYGW"},
}

// Bucket is a new bucket of a server.
type Bucket struct {
	Endpoint, Name, Access, Secret string
}

// NewBucket makes a bucket on the server whose address the variable holds, and
// removes it after the test. Without the variable the test is skipped, or fails
// when LAVOIR_REQUIRE_SERVICES=1.
func NewBucket(t testing.TB, variable string) Bucket {
	t.Helper()
	address := Variable(t, variable)
	u, err := url.Parse(address)
	if err != nil {
		t.Fatalf("parse %s: %v", variable, err)
	}
	secret, _ := u.User.Password()
	nonce := make([]byte, 6)
	if _, err := rand.Read(nonce); err != nil {
		t.Fatal(err)
	}
	b := Bucket{u.Scheme + "://" + u.Host, "lavoir-test-" + hex.EncodeToString(nonce), u.User.Username(), secret}
	client, err := minio.New(u.Host, &minio.Options{
		Creds: credentials.NewStaticV4(b.Access, b.Secret, ""), Secure: u.Scheme == "https",
		Region: "us-east-1", BucketLookup: minio.BucketLookupPath,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	if err := client.MakeBucket(ctx, b.Name, minio.MakeBucketOptions{Region: "us-east-1"}); err != nil {
		t.Fatalf("make bucket on %s: %v", u.Host, err)
	}
	t.Cleanup(func() {
		for o := range client.ListObjectsIter(ctx, b.Name, minio.ListObjectsOptions{Recursive: true}) {
			client.RemoveObject(ctx, b.Name, o.Key, minio.RemoveObjectOptions{})
		}
		for u := range client.ListIncompleteUploads(ctx, b.Name, "", true) {
			client.RemoveIncompleteUpload(ctx, b.Name, u.Key)
		}
		if err := client.RemoveBucket(ctx, b.Name); err != nil {
			t.Errorf("remove bucket: %v", err)
		}
	})
	return b
}

// HCL is the body of a connection to the bucket, with more arguments.
func (b Bucket) HCL(more string) string {
	return fmt.Sprintf("endpoint = %q\nbucket = %q\ninsecure = true\naccess_key = secret.access\nsecret_key = secret.secret\n%s\n",
		b.Endpoint, b.Name, more)
}

// Env is an Env whose secrets are those of the bucket.
func (b Bucket) Env(dir string) pipelines.Env {
	env := Env(dir)
	env.Secrets = secrets{"access": b.Access, "secret": b.Secret}
	return env
}

// WithSecrets is env with secrets of these names and values.
func WithSecrets(env pipelines.Env, values map[string]string) pipelines.Env {
	env.Secrets = secrets(values)
	return env
}

type secrets map[string]string

func (s secrets) Reveal(_ context.Context, ref string) (string, error) {
	v, ok := s[ref]
	if !ok {
		return "", fmt.Errorf("reveal secret: there is no %s", ref)
	}
	return v, nil
}

// Env is an Env for tests, with dir for temporary files.
func Env(dir string) pipelines.Env {
	return pipelines.Env{
		Allocator: memory.NewGoAllocator(), Log: hclog.NewNullLogger(), Now: time.Now, Rand: rand.Reader,
		Secrets: secrets{}, Dir: dir, Hide: func(string) string { return "hidden" },
	}
}

// Values are what a body given to Decode may name: these secrets.
func Values() *hcl.EvalContext {
	ref := func(name string) cty.Value {
		return cty.CapsuleVal(pipelines.SecretValue, &pipelines.Secret{Ref: name})
	}
	return &hcl.EvalContext{Variables: map[string]cty.Value{"secret": cty.ObjectVal(map[string]cty.Value{
		"access": ref("access"), "secret": ref("secret"), "token": ref("token"), "phrase": ref("phrase"),
	})}}
}

// Decode reads the body of a component's block.
func Decode(c pipelines.Component, body string) (any, hcl.Diagnostics) {
	f, diags := hclsyntax.ParseConfig([]byte(body), "test.hcl", hcl.InitialPos)
	if diags.HasErrors() {
		return nil, diags
	}
	r, err := pipelines.NewRegistry([]pipelines.Component{c})
	if err != nil {
		return nil, hcl.Diagnostics{{Severity: hcl.DiagError, Summary: err.Error()}}
	}
	return c.Decode(r, f.Body, Values())
}

// Open builds the store of a connection's block.
func Open(t testing.TB, c pipelines.Component, body string, env pipelines.Env) store.Store {
	t.Helper()
	return open[store.Store](t, c, body, env)
}

// OpenReader builds a store that may only be read.
func OpenReader(t testing.TB, c pipelines.Component, body string, env pipelines.Env) store.Reader {
	t.Helper()
	return open[store.Reader](t, c, body, env)
}

func open[T any](t testing.TB, c pipelines.Component, body string, env pipelines.Env) T {
	t.Helper()
	cfg, diags := Decode(c, body)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	s, err := pipelines.As[T](pipelines.Built{Component: c, Label: "test", Config: cfg}, env)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
