// Package messages holds every sentence lavoir says about a problem: a stable
// code, the text in English and in French, and what to do about it.
//
// A message never carries a value of a row, a secret, or the name of an input
// file; its parameters are names the user wrote (columns, blocks, options),
// places (line numbers) and counts. The package decides nothing and prints
// nothing.
package messages

import (
	"errors"
	"fmt"
	"strings"
)

// Class says whose move it is, and is what an exit code is derived from.
type Class int

const (
	// Failed is a run that went wrong for no better-known reason (exit 1).
	Failed Class = iota
	// Language is a mistake in a pipeline file (exit 2).
	Language
	// Environment is a store, database, disk, clock or credential (exit 3).
	Environment
	// Refused is a check, a contract or the privacy gate saying no (exit 4).
	Refused
	// Incomplete is something published with a part missing (exit 5).
	Incomplete
	// Warning changes no exit code.
	Warning
	// Row is the reason one row was rejected; the step's policy decides what follows.
	Row
)

// Lang is a language messages can be said in.
type Lang string

const (
	English Lang = "en"
	French  Lang = "fr"
)

// Text is a message in one language. {name} stands for the parameter name.
type Text struct {
	What   string // what happened, one sentence without a full stop
	Remedy string // what to do now, one sentence without a full stop
}

// Message is one entry of the catalogue. Declare it as a package-level
// variable in the file of its area and name it in that file's list.
type Message struct {
	Code   string // LAV-nnnn, never reused
	Class  Class
	EN, FR Text
}

// Do is what to do about an error, as a parameter of the message of another.
type Do struct{ *Error }

// With makes an error of the message. kv are parameter names and values in turn;
// a value that is itself an Error or several of them, or a known phrase, is said in the
// language of the whole.
func (m *Message) With(kv ...any) *Error {
	return &Error{Message: m, params: pairs(kv)}
}

// Wrap is With around a cause, which errors.Is and errors.As still find. The
// cause's own text is shown after the message: hand over only causes whose
// text holds no value of a row and no secret.
func (m *Message) Wrap(cause error, kv ...any) *Error {
	return &Error{Message: m, params: pairs(kv), cause: cause}
}

// Error is a message with its parameters.
type Error struct {
	*Message
	params []param
	cause  error
}

type param struct {
	name  string
	value any
}

func pairs(kv []any) []param {
	if len(kv)%2 != 0 {
		panic("messages: a parameter without a value")
	}
	ps := make([]param, 0, len(kv)/2)
	for i := 0; i < len(kv); i += 2 {
		ps = append(ps, param{kv[i].(string), kv[i+1]})
	}
	return ps
}

// Error is the English text with its code, on one line.
func (e *Error) Error() string {
	s := e.Code + ": " + e.What(English)
	if e.cause != nil {
		s += ": " + e.cause.Error()
	}
	return s
}

// Unwrap is the cause, or nil.
func (e *Error) Unwrap() error { return e.cause }

// Is matches another Error, or a *Message wrapped by As, of the same code.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// What says what happened.
func (e *Error) What(l Lang) string { return e.fill(l, e.text(l).What) }

// Remedy says what to do now.
func (e *Error) Remedy(l Lang) string { return e.fill(l, e.text(l).Remedy) }

// Param is the value of a parameter, or "".
func (e *Error) Param(name string) string {
	for _, p := range e.params {
		if p.name == name {
			return say(English, p.value)
		}
	}
	return ""
}

func (e *Error) text(l Lang) Text {
	if l == French {
		return e.FR
	}
	return e.EN
}

func (e *Error) fill(l Lang, s string) string {
	if !strings.Contains(s, "{") {
		return s
	}
	old := make([]string, 0, 2*len(e.params))
	for _, p := range e.params {
		old = append(old, "{"+p.name+"}", say(l, p.value))
	}
	return strings.NewReplacer(old...).Replace(s)
}

func say(l Lang, v any) string {
	switch v := v.(type) {
	case Do:
		return v.Remedy(l)
	case *Error:
		return v.What(l)
	case []*Error:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = e.What(l)
		}
		return strings.Join(parts, "; ")
	case TypeWord:
		s, _ := v.in(l)
		return s
	}
	s := fmt.Sprint(v)
	if strings.Contains(s, " ") { // a single word may be a name that the user gave
		s = Phrase(l, s)
	}
	return Visible(s)
}

// Find is the outermost message in err's chain, or nil.
func Find(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}

// Has says whether err's chain holds m.
func Has(err error, m *Message) bool {
	for err != nil {
		e := Find(err)
		if e == nil {
			return false
		}
		if e.Message == m {
			return true
		}
		err = e.cause
	}
	return false
}

// All is the whole catalogue, by area.
func All() []*Message {
	var all []*Message
	for _, area := range [][]*Message{
		language, syntax, engine, rows, expressions, files, trees, books, foreign, geodata, inputs, guesses, parquets, stores, databases, steps, privacies, disclosures, records, subjects, methods, identifiers, protections, commands, sets, geoguesses, reports, acceptances, freetexts, crossings, besides, verbs, lookedTexts, waivers, bounds, means, unfit, explorations, groupings, togethers, claims, attacks, asked, newcomers,
	} {
		all = append(all, area...)
	}
	return all
}
