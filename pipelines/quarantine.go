package pipelines

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"filippo.io/age"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// quarantine keeps rejected rows as they stood, one JSON object a line,
// encrypted to the project's age recipients: the service that writes it cannot
// read it. It is a file of its own name only once it is whole.
type quarantine struct {
	file *os.File
	seal io.WriteCloser
	path string
	rows int64
}

type quarantined struct {
	Input  string `json:"input,omitempty"`
	Line   int64  `json:"line,omitempty"`
	Column string `json:"column,omitempty"`
	Step   string `json:"step"`
	Code   string `json:"code"`
	Why    string `json:"why"`
	Raw    []byte `json:"raw,omitempty"`
}

// openQuarantine starts the file of one task and run.
func openQuarantine(dir string, task TaskID, run string, recipients []string) (*quarantine, error) {
	to, err := parseRecipients(recipients)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create quarantine: %w", err)
	}
	name := strings.Join(task.fileNames(), "+") + "_" + run + ".jsonl.age"
	f, err := os.CreateTemp(dir, "incoming-*")
	if err != nil {
		return nil, fmt.Errorf("create quarantine: %w", err)
	}
	w, err := age.Encrypt(f, to...)
	if err != nil {
		f.Close()
		os.Remove(f.Name())
		return nil, fmt.Errorf("encrypt quarantine: %w", err)
	}
	return &quarantine{file: f, seal: w, path: filepath.Join(dir, name)}, nil
}

// parseRecipients are the project's recipients; none is refused.
func parseRecipients(recipients []string) (to []age.Recipient, err error) {
	if len(recipients) == 0 {
		return nil, messages.NoRecipient.With()
	}
	for _, r := range recipients {
		rs, err := age.ParseRecipients(strings.NewReader(r))
		if err != nil {
			if !strings.HasPrefix(r, "age1") { // it may be the secret half
				r = "AGE-…"
			}
			return nil, messages.BadRecipient.With("recipient", r)
		}
		to = append(to, rs...)
	}
	return to, nil
}

func (q *quarantine) add(r Reject) error {
	line, err := json.Marshal(quarantined{r.Input, r.Line, r.Column, r.Step, r.Why.Code, r.Why.What(messages.English), r.Raw})
	if err != nil {
		return err
	}
	if _, err := q.seal.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("write quarantine: %w", err)
	}
	q.rows++
	return nil
}

// keep makes the file whole, or removes it when it holds nothing.
func (q *quarantine) keep() error {
	if q.rows == 0 {
		q.discard()
		return nil
	}
	err := q.seal.Close()
	if err == nil {
		err = q.file.Sync()
	}
	if e := q.file.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(q.file.Name(), q.path)
	}
	if err != nil {
		os.Remove(q.file.Name())
		return fmt.Errorf("keep quarantine: %w", err)
	}
	q.file = nil
	return nil
}

func (q *quarantine) discard() {
	if q.file != nil {
		q.file.Close()
		os.Remove(q.file.Name())
		q.file = nil
	}
}
