package pipelines

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// history is which tasks failed when they last ran, and with which code, and
// what was last published from here: a cache that makes reports and plans
// readable and may be lost at any time.
type history struct {
	path    string
	Format  int               `json:"format"`
	Failing map[string]string `json:"failing"` // code by task
	Done    map[string]done   `json:"done"`
}

type done struct {
	Config      string   `json:"config"`          // start of the hash of the configuration
	Fingerprint string   `json:"fingerprint"`     // keyed, of the input
	Stamp       string   `json:"stamp,omitempty"` // keyed, of the state of the input; see Stamper
	Releases    []string `json:"releases"`
	Unfinished  bool     `json:"unfinished,omitempty"` // not all loads were published
	Version     string   `json:"version,omitempty"`    // of the program, where bytes cannot tell; see flowRun.made
}

func readHistory(state string) (*history, error) {
	h := &history{path: filepath.Join(state, "history.json"), Format: 1, Failing: map[string]string{}, Done: map[string]done{}}
	data, err := os.ReadFile(h.path)
	if errors.Is(err, fs.ErrNotExist) {
		return h, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read history: %w", err)
	}
	if json.Unmarshal(data, h) != nil || h.Failing == nil || h.Done == nil { // a torn cache is an empty one
		h.Failing, h.Done = map[string]string{}, map[string]done{}
	}
	return h, nil
}

func (h *history) update(r *Report) error {
	for _, t := range r.Tasks {
		id := t.Task.String()
		switch t.Outcome {
		case Refused, FailedTask:
			code := ""
			if ms := messagesOf(t.Err); len(ms) > 0 {
				code = ms[0].Code
			}
			h.Failing[id] = code
		case Interrupted:
		default:
			delete(h.Failing, id)
		}
		if t.Outcome == Published || t.Outcome == Unchanged || t.Outcome == Incomplete {
			d := done{Config: t.config, Fingerprint: t.Fingerprint, Stamp: t.stamp, Unfinished: t.Err != nil, Version: t.version}
			for _, l := range t.Loads {
				if l.Receipt != nil {
					d.Releases = append(d.Releases, l.Receipt.Release)
				}
			}
			h.Done[id] = d
		}
	}
	data, err := json.MarshalIndent(h, "", "  ")
	if err != nil {
		return err
	}
	return replaceFile(h.path, data)
}

// replaceFile makes data the content of path: a reader sees all of the old or
// all of the new.
func replaceFile(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// moved is the history under the names of today: what is noted of a task under
// a former name counts for it, unless it has a note of its own.
func (h *history) moved(p *Project, t TaskID) {
	if p.Formerly == nil {
		return
	}
	id := t.String()
	for _, old := range p.Formerly(t) {
		if d, ok := h.Done[old.String()]; ok {
			if _, own := h.Done[id]; !own {
				h.Done[id] = d
			}
			delete(h.Done, old.String())
		}
		if code, ok := h.Failing[old.String()]; ok {
			h.Failing[id] = code
			delete(h.Failing, old.String())
		}
	}
}
