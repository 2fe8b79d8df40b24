package format

import (
	"sync"

	"github.com/hashicorp/go-hclog"
)

// tally counts rows that are left out because the file or its declaration says
// so, over all chunks of a file, and logs how many once they are all decoded.
type tally struct {
	log         hclog.Logger
	what, input string

	mu      sync.Mutex
	waiting int
	ended   bool
	rows    int64
}

func newTally(log hclog.Logger, what, input string) *tally {
	return &tally{log: log, what: what, input: input}
}

// open announces a chunk, done ends one, end says that no more will come.
func (t *tally) open() { t.change(1, 0, false) }

func (t *tally) done(rows int64) { t.change(-1, rows, false) }

func (t *tally) end() { t.change(0, 0, true) }

func (t *tally) change(chunks int, rows int64, end bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.waiting, t.rows, t.ended = t.waiting+chunks, t.rows+rows, t.ended || end
	if t.ended && t.waiting == 0 && t.rows > 0 && t.log != nil {
		t.log.Info("rows left out", "file", t.input, "rows", t.rows, "which", t.what)
	}
}
