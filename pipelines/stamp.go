package pipelines

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
)

// Stamper is the ability of a source to tell the states of its input apart
// without reading a row: files by their names, sizes and times. Another stamp
// says that the rows may be others, the same stamp that nothing shows it. A stamp
// informs a plan and decides nothing: what a run does follows from the rows.
type Stamper interface {
	// Stamp writes to s.To what tells the present state of the input from
	// others. known is false where that cannot be told: without s.Connect, of an
	// input that only a network reaches. An input that is not there has a stamp too.
	Stamp(ctx context.Context, s Stamping) (known bool, err error)
}

// Stamping is how a stamp is taken.
type Stamping struct {
	Connect bool      // the network may be used
	To      io.Writer // is keyed: what is written may name inputs
	// Once gives what do gives, or gave before for the same key: many tasks of a
	// plan look into one folder.
	Once func(key string, do func() (any, error)) (any, error)
}

// unknown is why there is no stamp.
type unknown string

const (
	inputUnread  unknown = "unread"  // a source cannot tell before it is read
	inputOffline unknown = "offline" // it could, over the network
)

// stamp is the keyed stamp of all that a flow reads, or why there is none.
func (f *Flow) stamp(ctx context.Context, key []byte, s Stamping) (string, unknown, error) {
	names, sources := []string{f.SourceName}, []Source{f.rows()}
	for _, step := range f.Steps {
		if fd, ok := step.Transform.(Feeder); ok {
			for name, src := range sorted(fd.Feeds()) {
				names, sources = append(names, step.Name+" "+name), append(sources, src)
			}
		}
	}
	for _, src := range f.beside {
		names, sources = append(names, "beside"), append(sources, src)
	}
	for _, src := range sources {
		if _, ok := src.(Stamper); !ok {
			return "", inputUnread, nil
		}
	}
	h := hmac.New(sha256.New, key)
	fmt.Fprint(h, "lavoir stamp\x00")
	s.To = h
	for i, src := range sources {
		fmt.Fprintf(h, "%q", names[i])
		known, err := src.(Stamper).Stamp(ctx, s)
		if err != nil {
			return "", "", f.at(names[i], err)
		}
		if !known {
			return "", inputOffline, nil
		}
	}
	return hex.EncodeToString(h.Sum(nil)), "", nil
}

// unshared is Once of a single task.
func unshared(_ string, do func() (any, error)) (any, error) { return do() }

// memo keeps what was last found out, a few things at a time.
type memo struct {
	keys   [8]string
	values [8]any
	next   int
}

func (m *memo) once(key string, do func() (any, error)) (any, error) {
	for i, k := range m.keys {
		if k == key && m.values[i] != nil {
			return m.values[i], nil
		}
	}
	v, err := do()
	if err == nil {
		m.keys[m.next], m.values[m.next] = key, v
		m.next = (m.next + 1) % len(m.keys)
	}
	return v, err
}
