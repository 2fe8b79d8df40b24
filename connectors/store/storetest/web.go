package storetest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Web is a new folder of the nginx server that `dev/services env` tells of.
type Web struct {
	Folder     string // on this machine
	Plain, TLS string // its addresses
	CA         string // file of the certificate of TLS
}

// NewWeb makes a folder on the server, and removes it after the test.
func NewWeb(t testing.TB) Web {
	t.Helper()
	dir := served(t, Variable(t, "LAVOIR_TEST_WEB_FOLDER"))
	at := "/" + filepath.Base(dir)
	return Web{dir, Variable(t, "LAVOIR_TEST_WEB") + at, Variable(t, "LAVOIR_TEST_WEB_TLS") + at, Variable(t, "LAVOIR_TEST_WEB_CA")}
}

// Certificate is one for the loopback that is valid until a time, and the file of
// the authority that it is of: itself.
func Certificate(t testing.TB, until time.Time) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	about := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: until,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, about, about, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, filepath.ToSlash(file)
}
