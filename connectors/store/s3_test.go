package store_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/lavoir-data/lavoir/connectors/store"
	"github.com/lavoir-data/lavoir/connectors/store/storetest"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

func eachServer(t *testing.T, test func(t *testing.T, b storetest.Bucket)) {
	for _, s := range storetest.Servers {
		t.Run(s.Name, func(t *testing.T) { test(t, storetest.NewBucket(t, s.Variable)) })
	}
}

func openS3(t *testing.T, b storetest.Bucket, more string) store.Store {
	t.Helper()
	return storetest.Open(t, store.S3, b.HCL(more), b.Env(t.TempDir()))
}

func TestS3(t *testing.T) {
	eachServer(t, func(t *testing.T, b storetest.Bucket) {
		storetest.Run(t, openS3(t, b, `part_size = "5MiB"`))
	})
}

func TestS3ChecksumModes(t *testing.T) {
	eachServer(t, func(t *testing.T, b storetest.Bucket) {
		large := bytes.Repeat([]byte("Val-Fleuri"), 1<<20+7) // three parts
		for _, mode := range []string{"auto", "md5", "crc32c", "none"} {
			s := openS3(t, b, "part_size = \"5MiB\"\nchecksum = \""+mode+"\"")
			for _, data := range [][]byte{large, []byte("x")} {
				if _, err := s.Put(context.Background(), "x", store.Bytes(data, "text/plain")); err != nil {
					t.Fatalf("%s, %d bytes: %v", mode, len(data), err)
				}
				info, err := s.Stat(context.Background(), "x")
				if err != nil || info.SHA256 != store.Bytes(data, "").SHA256 {
					t.Errorf("%s, %d bytes: %+v %v", mode, len(data), info, err)
				}
			}
		}
	})
}

func TestS3Doctor(t *testing.T) {
	eachServer(t, func(t *testing.T, b storetest.Bucket) {
		s := openS3(t, b, "")
		for _, f := range s.(pipelines.Doctor).Examine(context.Background()) {
			t.Logf("%-36s %v %s", f.Check, f.OK, f.Note)
			if !f.OK {
				t.Errorf("%s: %v", f.Check, f.Err)
			}
		}
		if left, err := s.List(context.Background(), ""); err != nil || len(left) > 0 {
			t.Errorf("the doctor left %v: %v", left, err)
		}
	})
}

func TestS3Sweep(t *testing.T) {
	eachServer(t, func(t *testing.T, b storetest.Bucket) {
		ctx := context.Background()
		u, err := url.Parse(b.Endpoint)
		if err != nil {
			t.Fatal(err)
		}
		core, err := minio.NewCore(u.Host, &minio.Options{Creds: credentials.NewStaticV4(b.Access, b.Secret, ""), Region: "us-east-1", BucketLookup: minio.BucketLookupPath})
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"set/releases/a/x", "set/releases/b/x", "other/x"} {
			if _, err := core.NewMultipartUpload(ctx, b.Name, key, minio.PutObjectOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		s := openS3(t, b, "")
		now, err := s.Now(ctx)
		if err != nil {
			t.Fatal(err)
		}
		// MinIO lists unfinished uploads by exact key only: what is under a
		// prefix is found when the prefix is the key's.
		prefixes := []string{"set/", "set/releases/a/x", "set/releases/b/x"}
		for _, when := range []struct {
			before time.Time
			want   int
		}{{now.Add(-time.Hour), 0}, {now.Add(time.Hour), 2}} {
			got := 0
			for _, p := range prefixes {
				n, err := s.(store.Sweeper).Sweep(ctx, p, when.before)
				if err != nil {
					t.Fatal(err)
				}
				got += n
			}
			if got != when.want {
				t.Errorf("swept %d, wanted %d", got, when.want)
			}
		}
	})
}

func TestS3Refusals(t *testing.T) {
	eachServer(t, func(t *testing.T, b storetest.Bucket) {
		ctx := context.Background()
		absent, wrong, unknown := b, b, b
		absent.Name += "-absent"
		wrong.Secret = "canary-secret-wrong"
		unknown.Access = "canary-access-unknown"
		for _, c := range []struct {
			name string
			b    storetest.Bucket
			want *messages.Message
		}{
			{"no such bucket", absent, messages.NoSuchBucket},
			{"wrong secret", wrong, messages.CredentialRefused},
			{"unknown key", unknown, messages.CredentialRefused},
		} {
			_, _, err := openS3(t, c.b, "").Open(ctx, "canary-name.csv")
			checkRefusal(t, c.name, err, c.want)
			_, err = openS3(t, c.b, "").Put(ctx, "canary-name.csv", store.Bytes([]byte("x"), ""))
			checkRefusal(t, c.name, err, c.want)
			_, err = openS3(t, c.b, "").List(ctx, "canary-")
			checkRefusal(t, c.name, err, c.want)
		}
	})
}

// checkRefusal wants a message of the environment that gives nothing away.
func checkRefusal(t *testing.T, name string, err error, want *messages.Message) {
	t.Helper()
	if !messages.Has(err, want) || messages.Find(err).Class != messages.Environment {
		t.Errorf("%s: %v", name, err)
	}
	if err != nil && (strings.Contains(err.Error(), "canary") || strings.Contains(messages.Find(err).Remedy(messages.French), "canary")) {
		t.Errorf("%s: the error gives something away: %v", name, err)
	}
}

func fake(t *testing.T, handler http.HandlerFunc, secure bool) storetest.Bucket {
	t.Helper()
	srv := httptest.NewUnstartedServer(handler)
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	if secure {
		srv.StartTLS()
	} else {
		srv.Start()
	}
	t.Cleanup(srv.Close)
	return storetest.Bucket{Endpoint: srv.URL, Name: "bucket", Access: "canary-access", Secret: "canary-secret"}
}

func answer(status int, code string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		fmt.Fprintf(w, "<Error><Code>%s</Code><Message>canary-message</Message><Key>canary-name.csv</Key></Error>", code)
	}
}

func TestS3AnswersAreMessages(t *testing.T) {
	for code, c := range map[string]struct {
		status int
		want   *messages.Message
	}{
		"AccessDenied":         {403, messages.NotAllowed},
		"InvalidAccessKeyId":   {403, messages.CredentialRefused},
		"ExpiredToken":         {400, messages.CredentialRefused},
		"NoSuchBucket":         {404, messages.NoSuchBucket},
		"RequestTimeTooSkewed": {403, messages.ClockSkewed},
		"XMinioStorageFull":    {507, messages.DiskFull},
		"BadDigest":            {400, messages.UploadDiffers},
		"InvalidStorageClass":  {400, messages.StoreFailed},
		"canary <odd> code":    {400, messages.StoreFailed},
	} {
		if code == "ExpiredToken" {
			continue // the client retries this one, for seconds
		}
		s := openS3(t, fake(t, answer(c.status, code), false), "")
		_, err := s.Put(context.Background(), "canary-name.csv", store.Bytes([]byte("x"), ""))
		checkRefusal(t, code, err, c.want)
	}
}

func TestS3Unreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	b := storetest.Bucket{Endpoint: "http://" + address, Name: "bucket", Access: "canary-access", Secret: "canary-secret"}
	_, err = openS3(t, b, "").Stat(context.Background(), "canary-name.csv")
	checkRefusal(t, "refused", err, messages.Unreachable)

	untrusted := fake(t, answer(200, ""), true)
	_, err = openS3(t, untrusted, "").Stat(context.Background(), "canary-name.csv")
	checkRefusal(t, "unknown authority", err, messages.CertificateRefused)

	plain := fake(t, answer(200, ""), false)
	plain.Endpoint = strings.Replace(plain.Endpoint, "http:", "https:", 1)
	_, err = openS3(t, plain, "").Stat(context.Background(), "canary-name.csv")
	checkRefusal(t, "no TLS", err, messages.Unreachable)

	_, err = openS3(t, untrusted, `ca_file = "`+filepath.ToSlash(filepath.Join(t.TempDir(), "none.pem"))+`"`).Stat(context.Background(), "x")
	checkRefusal(t, "no CA file", err, messages.CAUnreadable)
}

func TestS3CertificateExpired(t *testing.T) {
	certificate, ca := storetest.Certificate(t, time.Now().Add(-24*time.Hour))
	srv := httptest.NewUnstartedServer(answer(200, ""))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	srv.StartTLS()
	defer srv.Close()
	b := storetest.Bucket{Endpoint: srv.URL, Name: "bucket", Access: "canary-access", Secret: "canary-secret"}
	_, err := openS3(t, b, "ca_file = \""+ca+"\"").Stat(context.Background(), "canary-name.csv")
	checkRefusal(t, "expired", err, messages.CertificateExpired)
}

// A server that takes every conditional write is refused, unless there is but
// one writer.
func TestS3ConditionsIgnored(t *testing.T) {
	held := map[string]string{}
	b := fake(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodPut:
			held[r.URL.Path] = r.Header.Get("X-Amz-Meta-Sha256")
			w.Header().Set("ETag", `"0123"`)
		case http.MethodDelete:
			delete(held, r.URL.Path)
			w.WriteHeader(http.StatusNoContent)
		default:
			if _, there := held[r.URL.Path]; !there {
				answer(404, "NoSuchKey")(w, r)
				return
			}
			w.Header().Set("ETag", `"0123"`)
			w.Header().Set("Last-Modified", time.Now().UTC().Format(http.TimeFormat))
		}
	}, false)
	ctx := context.Background()
	_, err := openS3(t, b, "").Swap(ctx, "set/current.json", []byte("1"), "")
	checkRefusal(t, "two writers", err, messages.ConditionsIgnored)
	if len(held) > 0 {
		t.Errorf("left behind or written: %v", held)
	}
	alone := openS3(t, b, "single_writer = true")
	if _, err := alone.Swap(ctx, "set/current.json", []byte("1"), ""); err != nil {
		t.Error(err)
	}
	if _, err := alone.Swap(ctx, "set/current.json", []byte("1"), ""); !messages.Has(err, messages.ConditionFailed) {
		t.Errorf("one writer: %v", err)
	}
}

func TestS3Config(t *testing.T) {
	keys := "\naccess_key = secret.access\nsecret_key = secret.secret\n"
	for body, want := range map[string]string{
		`endpoint = "https://s3.example.org"` + "\nbucket = \"donnees\"" + keys:                                  "",
		`endpoint = "http://s3.example.org"` + "\nbucket = \"donnees\"" + keys:                                   "LAV-6015",
		`endpoint = "https://moi:motdepasse@s3.example.org"` + "\nbucket = \"donnees\"" + keys:                   "LAV-6016",
		`endpoint = "s3.example.org"` + "\nbucket = \"donnees\"" + keys:                                          "LAV-6016",
		`endpoint = "https://s3.example.org"` + "\nbucket = \"donnees\"":                                         "LAV-6017",
		`endpoint = "https://s3.example.org"` + "\nbucket = \"donnees\"\ncredentials = \"environment\"":          "",
		`endpoint = "https://s3.example.org"` + "\nbucket = \"Données\"" + keys:                                  "LAV-1004",
		`endpoint = "https://s3.example.org"` + "\nbucket = \"donnees\"\npart_size = \"1MiB\"" + keys:            "LAV-1004",
		`endpoint = "https://s3.example.org"` + "\nbucket = \"donnees\"\nproxy = \"http://u:p@proxy:80\"" + keys: "LAV-6016",
	} {
		_, diags := storetest.Decode(store.S3, body)
		got := ""
		if diags.HasErrors() {
			got, _, _ = strings.Cut(diags[0].Summary, ":")
		}
		if got != want {
			t.Errorf("%s\ngot %q, wanted %q", body, got, want)
		}
		if strings.Contains(fmt.Sprint(diags), "motdepasse") {
			t.Error("a password is shown")
		}
	}
}

// A reading that breaks goes on where it broke, with the same object or not at all.
func TestS3BrokenReadings(t *testing.T) {
	data := bytes.Repeat([]byte("id;commune\n"), 20_000)
	half := len(data) / 2
	for name, c := range map[string]struct {
		second http.HandlerFunc
		want   *messages.Message
	}{
		"continued": {func(w http.ResponseWriter, r *http.Request) {
			from, _ := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(r.Header.Get("Range"), "bytes="), "-"))
			if r.Header.Get("If-Match") != `"1"` || from == 0 || from > half {
				t.Errorf("asked for %q if %q", r.Header.Get("Range"), r.Header.Get("If-Match"))
			}
			w.Header().Set("ETag", `"1"`)
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(data)-1, len(data)))
			w.WriteHeader(http.StatusPartialContent)
			_, _ = w.Write(data[from:])
		}, nil},
		"another object": {answer(http.StatusPreconditionFailed, "PreconditionFailed"), messages.FileChanged},
		"gone":           {answer(http.StatusNotFound, "NoSuchKey"), messages.FileChanged},
		"no ranges": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("ETag", `"1"`)
			_, _ = w.Write(data)
		}, messages.FileChanged},
		"no conditions": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("ETag", `"2"`)
			w.WriteHeader(http.StatusPartialContent)
		}, messages.FileChanged},
	} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			b := fake(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Last-Modified", "Tue, 03 Nov 2026 10:00:00 GMT")
				if asked++; asked > 1 {
					c.second(w, r)
					return
				}
				w.Header().Set("ETag", `"1"`)
				w.Header().Set("Content-Length", strconv.Itoa(len(data)))
				_, _ = w.Write(data[:half])
				w.(http.Flusher).Flush()
				panic(http.ErrAbortHandler)
			}, false)
			body, info, err := openS3(t, b, "").Open(context.Background(), "canary-name.csv")
			if err != nil || info.Size != int64(len(data)) {
				t.Fatal(info, err)
			}
			defer body.Close()
			got, err := io.ReadAll(body)
			if c.want == nil && (err != nil || !bytes.Equal(got, data)) || c.want != nil && !messages.Has(err, c.want) {
				t.Errorf("%d bytes of %d, %v", len(got), len(data), err)
			}
		})
	}
}
