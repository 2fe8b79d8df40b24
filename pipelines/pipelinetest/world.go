package pipelinetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/hashicorp/go-hclog"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
)

// Canaries are values that nothing may show. The secret is what every secret
// of an Env made here holds; the name is put into the rows.
const (
	CanarySecret = "kanari-7d1f0c5b9e2a4863f1b7c0d95e6a8213" // also 32 bytes and more, as keys must be
	CanaryName   = "Zoé Kanari-Vermeille"
	canaryFile   = "kanari_vermeille.csv"
)

// Env is an Env for a test: a fixed clock, a repeatable random source, secrets
// that all hold CanarySecret, a spool in memory, a folder of its own. When the
// test ends, Arrow memory or a spool that is left, or a canary in the log, fails it.
func Env(t testing.TB) pipelines.Env {
	t.Helper()
	w := newWorld()
	t.Cleanup(func() {
		if err := w.close(); err != nil {
			t.Error(err)
		}
	})
	return w.Env
}

// world is an Env and all that watches it.
type world struct {
	pipelines.Env
	mem   *memory.CheckedAllocator
	log   *logBuffer
	spool *spool
}

func newWorld() *world {
	w := &world{mem: memory.NewCheckedAllocator(arrowx.Poison{}), log: &logBuffer{}}
	w.spool = &spool{mem: w.mem}
	dir, err := os.MkdirTemp("", "lavoir-test-")
	if err != nil {
		panic("pipelinetest: " + err.Error())
	}
	w.Env = pipelines.Env{
		Allocator: w.mem,
		Log:       hclog.New(&hclog.LoggerOptions{Level: hclog.Trace, Output: w.log, JSONFormat: true}),
		Now:       func() time.Time { return time.Date(2024, 3, 31, 1, 30, 0, 0, time.UTC) },
		Rand:      repeated{},
		Secrets:   secrets{},
		Spool:     w.spool,
		Dir:       dir,
		Memory:    64 << 20,
		Task:      pipelines.TaskID{Pipeline: "essai", Tenant: "val-fleuri", Partition: "2024"},
		Keys:      map[string]string{"tenant": "val-fleuri", "exercice": "2024"},
		Hide:      func(string) string { return "5f3c0a9b" },
	}
	return w
}

// close says what is left that should not be.
func (w *world) close() error {
	var errs []error
	if n := w.mem.CurrentAlloc(); n != 0 {
		errs = append(errs, fmt.Errorf("%d bytes of Arrow memory are left", n))
	}
	errs = append(errs, w.spool.left(), noCanary("the log", w.log.String()))
	return errors.Join(append(errs, os.RemoveAll(w.Dir))...)
}

func noCanary(where, text string) error {
	for _, c := range []string{CanarySecret, CanaryName, canaryFile} {
		if strings.Contains(text, c) {
			return fmt.Errorf("%s shows %q (invariant 6)", where, c)
		}
	}
	return nil
}

// repeated draws the same each time: what a stage draws at random is then no reason for
// two decisions to differ.
type repeated struct{}

func (repeated) Read(p []byte) (int, error) { return rand.NewChaCha8([32]byte{1}).Read(p) }

type secrets struct{}

func (secrets) Reveal(context.Context, string) (string, error) { return CanarySecret, nil }

type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
