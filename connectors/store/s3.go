package store

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/minio/minio-go/v7/pkg/s3utils"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// S3 is a bucket of any server that speaks S3.
var S3 = pipelines.DefineConnection("s3", "A bucket of a server that speaks S3.", s3Config{
	Region: "us-east-1", PathStyle: true, Credentials: "secrets", Checksum: "auto", PartSize: 16 << 20,
}, newS3)

type s3Config struct {
	Endpoint     string           `hcl:"endpoint" doc:"Address of the server, as https://s3.example.org."`
	Bucket       string           `hcl:"bucket" doc:"Name of the bucket, which must exist."`
	Region       string           `hcl:"region,optional" doc:"Region that requests are signed for."`
	PathStyle    bool             `hcl:"path_style,optional" doc:"Put the bucket in the path of the address instead of in the host name."`
	Insecure     bool             `hcl:"insecure,optional" doc:"Allow an endpoint with http."`
	CAFile       string           `hcl:"ca_file,optional" doc:"File of PEM certificates to trust besides the system's."`
	Proxy        string           `hcl:"proxy,optional" doc:"Address of an HTTP proxy; the environment's is not used."`
	Credentials  string           `hcl:"credentials,optional" values:"secrets|environment" doc:"Where the keys come from: the arguments below, or the variables AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN."`
	AccessKey    pipelines.Secret `hcl:"access_key,optional" doc:"Access key."`
	SecretKey    pipelines.Secret `hcl:"secret_key,optional" doc:"Secret key."`
	SessionToken pipelines.Secret `hcl:"session_token,optional" doc:"Session token that goes with temporary keys."`
	Checksum     string           `hcl:"checksum,optional" values:"auto|md5|crc32c|none" doc:"How the server checks what it receives: auto signs its SHA-256; md5 and crc32c add a checksum in a header; none signs no content, for proxies that change it."`
	PartSize     pipelines.Size   `hcl:"part_size,optional" doc:"Files larger than this are uploaded in parts of this size."`
	SingleWriter bool             `hcl:"single_writer,optional" doc:"Promise that one process at a time publishes here, for a server that ignores conditional writes."`
}

func (c *s3Config) Validate() error {
	if err := checkAddress("endpoint", c.Endpoint); err != nil {
		return pipelines.At("endpoint", err)
	}
	if strings.HasPrefix(c.Endpoint, "http://") && !c.Insecure {
		return pipelines.At("endpoint", messages.PlainHTTP.With())
	}
	if err := s3utils.CheckValidBucketNameStrict(c.Bucket); err != nil {
		return pipelines.At("bucket", messages.WrongArgument.With("name", "bucket", "wanted", "the name of a bucket", "why", "3 to 63 lower-case letters, digits, - and ."))
	}
	if c.Proxy != "" {
		if err := checkAddress("proxy", c.Proxy); err != nil {
			return pipelines.At("proxy", err)
		}
	}
	if c.Credentials == "secrets" && (!c.AccessKey.IsSet() || !c.SecretKey.IsSet()) {
		return pipelines.At("credentials", messages.MissingKeys.With())
	}
	if c.PartSize < 5<<20 || c.PartSize > 5<<30 {
		return pipelines.At("part_size", messages.WrongArgument.With("name", "part_size", "wanted", "between 5MiB and 5GiB", "why", "S3 allows no others"))
	}
	return nil
}

func checkAddress(name, address string) error {
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil ||
		strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return messages.PasswordInAddress.With("name", name)
	}
	return nil
}

type s3 struct {
	s3Config
	keeps
	env  pipelines.Env
	seen seen

	mu     sync.Mutex
	core   *minio.Core
	proven bool // conditional writes are honoured
}

func newS3(env pipelines.Env, c s3Config) (*s3, error) {
	c.CAFile = env.Path(c.CAFile)
	s := &s3{s3Config: c, env: env}
	s.in = s
	return s, nil
}

func (s *s3) Describe() string { return strings.TrimRight(s.Endpoint, "/") + "/" + s.Bucket }

// client connects at first use, when secrets may be fetched.
func (s *s3) client(ctx context.Context) (*minio.Core, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.core != nil {
		return s.core, nil
	}
	creds, err := s.credentials(ctx)
	if err != nil {
		return nil, err
	}
	transport, err := s.transport()
	if err != nil {
		return nil, err
	}
	lookup := minio.BucketLookupDNS
	if s.PathStyle {
		lookup = minio.BucketLookupPath
	}
	u, err := url.Parse(s.Endpoint)
	if err != nil {
		return nil, messages.PasswordInAddress.With("name", "endpoint")
	}
	core, err := minio.NewCore(u.Host, &minio.Options{
		Creds: creds, Secure: u.Scheme == "https", Transport: transport, Region: s.Region, BucketLookup: lookup, MaxRetries: 5,
	})
	if err != nil {
		return nil, messages.Unreachable.With("store", s.Describe(), "reason", "the address is not usable")
	}
	s.core = core
	return core, nil
}

func (s *s3) credentials(ctx context.Context) (*credentials.Credentials, error) {
	if s.Credentials == "environment" {
		return credentials.NewEnvAWS(), nil
	}
	var v [3]string
	for i, secret := range []pipelines.Secret{s.AccessKey, s.SecretKey, s.SessionToken} {
		if !secret.IsSet() {
			continue
		}
		var err error
		if v[i], err = secret.Reveal(ctx, s.env); err != nil {
			return nil, err
		}
	}
	return credentials.NewStaticV4(v[0], v[1], v[2]), nil
}

func (s *s3) transport() (http.RoundTripper, error) {
	t, err := transport(s.CAFile, s.Proxy)
	s.seen.next = t
	return &s.seen, err
}

// seen is a transport that remembers what answers say of the server besides
// their content: its clock and the end of its certificate.
type seen struct {
	next http.RoundTripper

	mu     sync.Mutex
	clock  time.Time
	expiry time.Time
}

func (s *seen) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := s.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if t, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		s.clock = t
	}
	if resp.TLS != nil && len(resp.TLS.PeerCertificates) > 0 {
		s.expiry = resp.TLS.PeerCertificates[0].NotAfter
	}
	return resp, nil
}

func (s *seen) told() (clock, expiry time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.clock, s.expiry
}
