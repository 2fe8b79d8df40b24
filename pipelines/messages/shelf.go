package messages

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// Shelf keeps errors outside memory. It remembers the messages it met, so that
// those of components that are not in the catalogue come back too. Put is for
// one goroutine; Get for any once nothing is put any more.
type Shelf struct{ met []*Message }

type shelved struct {
	Message int            `json:"m"`
	Params  []shelvedParam `json:"p,omitempty"`
	Cause   string         `json:"c,omitempty"`
}

type shelvedParam struct {
	Name  string   `json:"n"`
	Text  string   `json:"t,omitempty"`
	Error *shelved `json:"e,omitempty"`
}

// Put gives e as text. Of a parameter, and of a cause, what is said of it stays.
func (s *Shelf) Put(e *Error) []byte {
	text, err := json.Marshal(s.flat(e))
	if err != nil {
		panic("messages: " + err.Error()) // it is numbers and strings
	}
	return text
}

func (s *Shelf) flat(e *Error) *shelved {
	i := slices.Index(s.met, e.Message)
	if i < 0 {
		i = len(s.met)
		s.met = append(s.met, e.Message)
	}
	out := &shelved{Message: i}
	for _, p := range e.params {
		q := shelvedParam{Name: p.name}
		if inner, ok := p.value.(*Error); ok {
			q.Error = s.flat(inner)
		} else {
			q.Text = fmt.Sprint(p.value)
		}
		out.Params = append(out.Params, q)
	}
	if e.cause != nil {
		out.Cause = e.cause.Error()
	}
	return out
}

// Get gives back what Put gave as text.
func (s *Shelf) Get(text []byte) (*Error, error) {
	var flat shelved
	if err := json.Unmarshal(text, &flat); err != nil {
		return nil, fmt.Errorf("read a kept message: %w", err)
	}
	return s.full(&flat), nil
}

func (s *Shelf) full(flat *shelved) *Error {
	e := &Error{Message: s.met[flat.Message]}
	for _, p := range flat.Params {
		if p.Error != nil {
			e.params = append(e.params, param{p.Name, s.full(p.Error)})
		} else {
			e.params = append(e.params, param{p.Name, p.Text})
		}
	}
	if flat.Cause != "" {
		e.cause = errors.New(flat.Cause)
	}
	return e
}
