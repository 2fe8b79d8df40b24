package store_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lavoir-data/lavoir/connectors/store"
	"github.com/lavoir-data/lavoir/connectors/store/storetest"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

func openFTP(t *testing.T, body string) store.Reader {
	t.Helper()
	return storetest.OpenReader(t, store.FTP, body, storetest.WithSecrets(storetest.Env(t.TempDir()), map[string]string{"secret": "canary-password"}))
}

// The one with explicit TLS wants the session of the first connection on the others.
func TestFTP(t *testing.T) {
	server := storetest.NewFTP(t)
	storetest.Fill(t, server.Folder)
	ca := fmt.Sprintf("\nca_file = %q", server.CA)
	for name, body := range map[string]string{
		"explicit": server.HCL(server.Explicit, ca),
		"implicit": server.HCL(server.Implicit, "tls = \"implicit\""+ca),
		"none":     server.HCL(server.None, `tls = "none"`),
	} {
		t.Run(name, func(t *testing.T) {
			r := openFTP(t, body)
			storetest.Read(t, r, true)
			for _, x := range r.(pipelines.Doctor).Examine(context.Background()) {
				if !x.OK && !messages.Has(x.Err, messages.CertificateEnding) {
					t.Errorf("%s: %v", x.Check, x.Err)
				}
			}
		})
	}
	_, err := openFTP(t, server.HCL(server.Explicit, "")).List(context.Background(), "canary-name")
	checkRefusal(t, "unknown authority", err, messages.CertificateRefused)
	_, err = openFTP(t, server.HCL(server.None, ca)).List(context.Background(), "canary-name")
	if err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("a server without TLS: %v", err)
	}
	_, err = openFTP(t, strings.Replace(server.HCL(server.None, `tls = "none"`), "path = \"", "path = \"none-", 1)).List(context.Background(), "canary-name")
	checkRefusal(t, "a folder that is not there", err, messages.FolderMissing)
	_, err = openFTP(t, strings.Replace(server.HCL(server.None, "tls = \"none\"\npassword = secret.secret"), "anonymous", "canary-user", 1)).List(context.Background(), "canary-name")
	checkRefusal(t, "another account", err, messages.LoginRefused)
}

// ftpServer is a server of this process that has one file and a fault.
type ftpServer struct {
	mu    sync.Mutex
	data  []byte
	time  string
	cut   []int  // after how many bytes the next transfers break
	retr  string // what is answered to RETR instead
	after func() // each transfer
}

func (s *ftpServer) listen(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go s.serve(conn)
		}
	}()
	return l.Addr().String()
}

func (s *ftpServer) serve(conn net.Conn) {
	defer conn.Close()
	say := func(text string) { fmt.Fprintf(conn, "%s\r\n", text) }
	say("220 here")
	var data net.Listener
	offset := 0
	in := bufio.NewScanner(conn)
	for in.Scan() {
		verb, arg, _ := strings.Cut(in.Text(), " ")
		s.mu.Lock()
		switch verb {
		case "USER":
			say("331 a password")
		case "PASS":
			say("230 in")
		case "FEAT":
			say("211-these\r\n MDTM\r\n SIZE\r\n211 all")
		case "PWD":
			say(`257 "/"`)
		case "SIZE":
			say("213 " + strconv.Itoa(len(s.data)))
		case "MDTM":
			say("213 " + s.time)
		case "EPSV":
			data, _ = net.Listen("tcp", "127.0.0.1:0")
			say(fmt.Sprintf("229 there (|||%d|)", data.Addr().(*net.TCPAddr).Port))
		case "REST":
			offset, _ = strconv.Atoi(arg)
			say("350 go on")
		case "RETR":
			to, err := data.Accept()
			data.Close()
			if err != nil {
				s.mu.Unlock()
				return
			}
			if s.retr != "" {
				say(s.retr)
				to.Close()
				break
			}
			say("150 now")
			end := len(s.data)
			if len(s.cut) > 0 {
				end, s.cut = min(end, offset+s.cut[0]), s.cut[1:]
			}
			_, _ = to.Write(s.data[offset:end])
			to.Close()
			if s.after != nil {
				s.after()
			}
			if end < len(s.data) {
				say("426 broken")
			} else {
				say("226 done")
			}
			offset = 0
		default:
			say("200 well")
		}
		s.mu.Unlock()
	}
}

func TestFTPFaults(t *testing.T) {
	want := bytes.Repeat([]byte("Val-Fleuri;"), 40_000)
	for name, c := range map[string]struct {
		server *ftpServer
		want   *messages.Message
	}{
		"whole":             {&ftpServer{}, nil},
		"broken":            {&ftpServer{cut: []int{100_000, 0, 50_000}}, nil},
		"always broken":     {&ftpServer{cut: []int{10, 0, 0, 0, 0, 0, 0}}, messages.Unreachable},
		"session wanted":    {&ftpServer{retr: "522 canary session reuse required"}, messages.TLSReuse},
		"absent":            {&ftpServer{retr: "550 canary.csv: no such file"}, messages.NotFound},
		"too many of us":    {&ftpServer{retr: "421 canary"}, messages.StoreBusy},
		"something unusual": {&ftpServer{retr: "451 canary"}, messages.StoreFailed},
	} {
		t.Run(name, func(t *testing.T) {
			c.server.data, c.server.time = want, "20241103100000"
			host, port, _ := net.SplitHostPort(c.server.listen(t))
			r := openFTP(t, fmt.Sprintf("host = %q\nport = %s\nuser = \"canary-user\"\npassword = secret.secret\ntls = \"none\"", host, port))
			body, _, err := r.Open(context.Background(), "canary.csv")
			var got []byte
			if err == nil {
				got, err = io.ReadAll(body)
				body.Close()
			}
			if c.want == nil {
				if err != nil || !bytes.Equal(got, want) {
					t.Errorf("%d of %d bytes, %v", len(got), len(want), err)
				}
				return
			}
			checkRefusal(t, name, err, c.want)
		})
	}
	t.Run("written anew", func(t *testing.T) {
		s := &ftpServer{data: want, time: "20241103100000", cut: []int{1000}}
		s.after = func() { s.time = "20241103110000" }
		host, port, _ := net.SplitHostPort(s.listen(t))
		body, _, err := openFTP(t, fmt.Sprintf("host = %q\nport = %s\nuser = \"x\"\ntls = \"none\"", host, port)).Open(context.Background(), "canary.csv")
		if err != nil {
			t.Fatal(err)
		}
		defer body.Close()
		if _, err := io.Copy(io.Discard, body); !messages.Has(err, messages.FileChanged) {
			t.Error(err)
		}
	})
}

// The time of LIST is to the minute; what is compared later is to the second.
func TestFTPTimes(t *testing.T) {
	server := storetest.NewFTP(t)
	storetest.Fill(t, server.Folder)
	at := time.Now().Add(-24 * time.Hour).Truncate(time.Minute).Add(17 * time.Second)
	if err := os.Chtimes(filepath.Join(server.Folder, "plain.csv"), at, at); err != nil {
		t.Fatal(err)
	}
	r := openFTP(t, server.HCL(server.None, `tls = "none"`))
	infos, err := r.List(context.Background(), "plain.csv")
	if err != nil || len(infos) != 1 {
		t.Fatalf("%v, %v", infos, err)
	}
	stat, err := r.Stat(context.Background(), "plain.csv")
	if err != nil || !infos[0].Modified.Equal(at) || !stat.Modified.Equal(at) {
		t.Errorf("%v and %v, not %v: %v", infos[0], stat, at, err)
	}
}
