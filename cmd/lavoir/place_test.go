package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// place is somewhere to publish, and a way to look at it that is not lavoir's.
type place struct {
	kind       string // of the load and the connection
	connection string // its block, named portail
	env        []string

	endpoint, bucket, access, secret string // of an S3 store

	look func(t *testing.T) map[string]string // every object by key
	at   func(t *testing.T, dir string) place // the place of one project
}

// eachPlace runs a test for a folder, and for every S3 server that dev/services
// started.
func eachPlace(t *testing.T, test func(t *testing.T, p place)) {
	t.Run("folder", func(t *testing.T) { test(t, folder()) })
	for _, name := range []string{"MINIO", "VERSITYGW"} {
		t.Run(strings.ToLower(name), func(t *testing.T) {
			variable := "LAVOIR_TEST_S3_" + name
			address := os.Getenv(variable)
			if address == "" && os.Getenv("LAVOIR_REQUIRE_SERVICES") == "1" {
				t.Fatalf("%s is not set and LAVOIR_REQUIRE_SERVICES=1: start it with dev/services", variable)
			}
			if address == "" {
				t.Skipf("%s is not set: start it with dev/services", variable)
			}
			test(t, bucket(t, address))
		})
	}
}

func folder() place {
	return place{at: func(_ *testing.T, dir string) place {
		return place{
			kind:       "local",
			connection: "connection \"local\" \"portail\" {\n  path = \"public\"\n}\n",
			look:       func(t *testing.T) map[string]string { t.Helper(); return tree(t, filepath.Join(dir, "public")) },
		}
	}}
}

const bucketConnection = `
secret "cle" {
  env = "LAVOIR_TEST_ACCESS"
}
secret "mot_de_passe" {
  env = "LAVOIR_TEST_SECRET"
}
connection "s3" "portail" {
  endpoint   = %q
  bucket     = %q
  path_style = true
  insecure   = true
  access_key = secret.cle
  secret_key = secret.mot_de_passe
}
`

// bucket is a new bucket of the server for each project.
func bucket(t *testing.T, address string) place {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal("the address of the S3 server cannot be read")
	}
	secret, _ := u.User.Password()
	client, err := minio.New(u.Host, &minio.Options{Creds: credentials.NewStaticV4(u.User.Username(), secret, ""),
		Secure: u.Scheme == "https", BucketLookup: minio.BucketLookupPath, Region: "us-east-1"})
	if err != nil {
		t.Fatal(err)
	}
	return place{at: func(t *testing.T, _ string) place {
		name := "lavoir-" + strings.ToLower(rand.Text()[:12])
		ctx := context.Background()
		if err := client.MakeBucket(ctx, name, minio.MakeBucketOptions{Region: "us-east-1"}); err != nil {
			t.Fatal(err)
		}
		p := place{
			kind:     "s3",
			endpoint: u.Scheme + "://" + u.Host, bucket: name, access: u.User.Username(), secret: secret,
			connection: fmt.Sprintf(bucketConnection, u.Scheme+"://"+u.Host, name),
			env:        []string{"LAVOIR_TEST_ACCESS=" + u.User.Username(), "LAVOIR_TEST_SECRET=" + secret},
			look:       func(t *testing.T) map[string]string { t.Helper(); return objects(t, client, name) },
		}
		t.Cleanup(func() {
			for key := range p.look(t) {
				if err := client.RemoveObject(ctx, name, key, minio.RemoveObjectOptions{}); err != nil {
					t.Error(err)
				}
			}
			client.RemoveBucket(ctx, name)
		})
		return p
	}}
}

func objects(t *testing.T, client *minio.Client, bucket string) map[string]string {
	t.Helper()
	ctx := context.Background()
	all := map[string]string{}
	for o := range client.ListObjects(ctx, bucket, minio.ListObjectsOptions{Recursive: true}) {
		if o.Err != nil {
			t.Fatal(o.Err)
		}
		r, err := client.GetObject(ctx, bucket, o.Key, minio.GetObjectOptions{})
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
		all[o.Key] = string(data)
	}
	return all
}

// seen is what a reader finds under the prefix of the pipeline.
type seen struct {
	Generation int
	Release    string
	Previous   string
	files      map[string]string // of the current release, by name
	releases   []string          // whose manifest is there
}

// reader looks as a portal does: the pointer, its manifest, its files. What the
// pointer names must be whole.
func reader(t *testing.T, all map[string]string) seen {
	t.Helper()
	s := seen{files: map[string]string{}}
	for key := range all {
		rest, ok := strings.CutPrefix(key, "subventions/releases/")
		if id, manifest := strings.CutSuffix(rest, "/manifest.json"); ok && manifest {
			s.releases = append(s.releases, id)
		}
	}
	slices.Sort(s.releases)
	pointer, ok := all["subventions/current.json"]
	if !ok {
		return s
	}
	if err := json.Unmarshal([]byte(pointer), &s); err != nil {
		t.Fatalf("current.json is torn: %v", err)
	}
	base := "subventions/releases/" + s.Release + "/"
	var manifest struct {
		Files []struct {
			Name   string
			Bytes  int
			SHA256 string
		}
	}
	if err := json.Unmarshal([]byte(all[base+"manifest.json"]), &manifest); err != nil {
		t.Fatalf("the current release has no whole manifest: %v", err)
	}
	if len(manifest.Files) != 2 {
		t.Fatalf("the manifest names %d files", len(manifest.Files))
	}
	for _, f := range manifest.Files {
		data, there := all[base+f.Name]
		sum := sha256.Sum256([]byte(data))
		if !there || len(data) != f.Bytes || hex.EncodeToString(sum[:]) != f.SHA256 {
			t.Fatalf("%s of the current release is missing or torn", f.Name)
		}
		s.files[f.Name] = data
	}
	return s
}

// stable says that each stable name is the file of one of the given releases.
func stable(t *testing.T, all map[string]string, of ...seen) {
	t.Helper()
	for _, name := range []string{"subventions.csv", "subventions.parquet"} {
		if !slices.ContainsFunc(of, func(s seen) bool { return s.files[name] == all["subventions/"+name] }) {
			t.Fatalf("the stable name %s is of no whole release", name)
		}
	}
}
