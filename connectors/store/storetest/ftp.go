package storetest

import (
	"fmt"
	"net"
	"path/filepath"
	"testing"
)

// FTP is a new folder of the vsftpd servers that `dev/services env` tells of.
type FTP struct {
	Folder                   string // on this machine
	Explicit, Implicit, None string // addresses
	CA                       string
}

// NewFTP makes a folder on the servers, and removes it after the test.
func NewFTP(t testing.TB) FTP {
	t.Helper()
	return FTP{served(t, Variable(t, "LAVOIR_TEST_FTP_FOLDER")), Variable(t, "LAVOIR_TEST_FTP_EXPLICIT"),
		Variable(t, "LAVOIR_TEST_FTP_IMPLICIT"), Variable(t, "LAVOIR_TEST_FTP_NONE"), Variable(t, "LAVOIR_TEST_FTP_CA")}
}

// HCL is the body of a connection to the folder at an address.
func (f FTP) HCL(address, more string) string {
	host, port, _ := net.SplitHostPort(address)
	return fmt.Sprintf("host = %q\nport = %s\nuser = \"anonymous\"\npath = %q\n%s\n", host, port, filepath.Base(f.Folder), more)
}
