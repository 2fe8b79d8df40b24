package privacy

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/transforms/internal/protect"
)

// hashed says whether an identifier leaves as what a key makes of it.
func (id identifierConfig) hashed() bool { return id.Action == "pseudonym" || id.Action == "surrogate" }

// pseudonyms are the identifiers that leave as keyed hashes, or as numbers in their order.
func (t policy) pseudonyms() []identifierConfig {
	var all []identifierConfig
	for _, id := range t.Identifiers {
		if id.hashed() {
			all = append(all, id)
		}
	}
	return all
}

func (id identifierConfig) form() protect.Form {
	if id.Canonical == "" {
		return protect.Text
	}
	return protect.Form(id.Canonical)
}

// subjectForm is how the values of the subject are compared where they leave as
// pseudonyms; "" where they do not.
func (t policy) subjectForm() protect.Form {
	for _, id := range t.pseudonyms() {
		if id.Column == t.Subject {
			return id.form()
		}
	}
	return ""
}

// Draw derives the keys of the pseudonyms of one release from the fingerprint of
// what was read: the same input has the same ones again, and those of two releases
// do not match. A key that is destroyed is drawn at random and kept nowhere but in the
// decision.
func (t policy) Draw(ctx context.Context, d pipelines.Decision, fingerprint []byte) (pipelines.Decision, error) {
	s, ok := d.(*seen)
	if !ok {
		return d, nil
	}
	drawn := *s
	drawn.keys = nil
	destroyed, err := t.destroyed()
	if err != nil {
		return nil, err
	}
	for _, id := range t.pseudonyms() {
		root, epoch := destroyed, ""
		if id.Destroy == "" {
			if root, epoch, err = t.rotated(ctx, id, fingerprint); err != nil {
				return nil, err
			}
		}
		domain := id.Domain
		if domain == "" {
			domain = id.Column
		}
		key, err := root.Key(protect.Scope{Dataset: t.env.Task.Pipeline, Domain: domain, Epoch: epoch})
		if err != nil {
			return nil, err
		}
		if drawn.keys == nil {
			drawn.keys = map[string]protect.Key{}
		}
		drawn.keys[id.Column] = key
		if id.Action == "surrogate" && s.verdict != nil {
			drawn.numbers = numbered(key, s.persons)
		}
	}
	return &drawn, nil
}

// Draws: rows of a policy with a model, or with means, leave in an order of their own, and
// nothing that is decided depends on that of the source.
func (t policy) Draws() pipelines.Drawn {
	switch {
	case !t.Forgets() && !slices.ContainsFunc(t.pseudonyms(), t.rotates):
		return pipelines.DrawnFromNothing
	case t.Model == nil && len(t.Micro) == 0:
		return pipelines.DrawnFromRows
	}
	return pipelines.DrawnFromSet
}

// Forgets says whether a key is destroyed.
func (t policy) Forgets() bool {
	return slices.ContainsFunc(t.pseudonyms(), func(id identifierConfig) bool { return id.Destroy != "" })
}

// rotates says whether the pseudonyms of an identifier are those of one release.
func (t policy) rotates(id identifierConfig) bool {
	return id.Destroy == "" && (id.Rotate != "" || t.env.NoRelease)
}

// rotated is the root of an identifier whose pseudonyms can be made again, and the
// epoch of the release that is made of what was read.
func (t policy) rotated(ctx context.Context, id identifierConfig, fingerprint []byte) (root protect.Root, epoch string, err error) {
	rotates := t.rotates(id)
	if rotates && len(fingerprint) == 0 {
		return root, "", messages.NoFingerprint.With("column", id.Column)
	}
	secret, err := id.Key.Reveal(ctx, t.env)
	if err != nil {
		return root, "", fmt.Errorf("fetch the key of pseudonyms: %w", err)
	}
	if root, err = protect.NewRoot(secret, "identifier "+id.Column); err != nil {
		return root, "", err
	}
	if rotates { // else the law lets the same ones out in every release
		epoch, err = root.ReleaseEpoch(fingerprint)
	}
	return root, epoch, err
}

// destroyed is the root of the identifiers whose key nobody is to have: one for all of
// them, so that the columns of one domain match.
func (t policy) destroyed() (root protect.Root, err error) {
	if t.Forgets() {
		root, err = protect.NewRandomRoot(t.env.Rand)
	}
	return root, err
}

// numbered gives each person a number, in the order of what the key makes of them.
func numbered(key protect.Key, persons []uint64) *protect.Surrogates {
	s := key.Surrogates(protect.Exact)
	for part := range slices.Chunk(persons, 1<<16) {
		a := personNumbers(memory.DefaultAllocator, part)
		s.Observe(a)
		a.Release()
	}
	return s
}

// personNumbers are persons as a column; nobody known is null.
func personNumbers(mem memory.Allocator, persons []uint64) arrow.Array {
	b := array.NewInt64Builder(mem)
	defer b.Release()
	b.Reserve(len(persons))
	for _, p := range persons {
		if p == 0 {
			b.AppendNull()
		} else {
			b.Append(int64(p))
		}
	}
	return b.NewArray()
}

// surrogates are the numbers of the persons of a.
func (m *masking) surrogates(e *recoding, a arrow.Array) (arrow.Array, error) {
	persons := personNumbers(m.mem, e.whose.of(a))
	defer persons.Release()
	col, err := m.numbers.Column(m.mem, persons)
	if err != nil {
		return nil, messages.SourceChanged.With()
	}
	return col, nil
}

// draw takes the keys of a release.
func (m *masking) draw(s *seen) {
	if s.numbers != nil {
		m.numbers = s.numbers.Fork()
	}
	keys := s.keys
	m.pseudonyms = map[string]*protect.Pseudonyms{}
	for _, c := range m.columns {
		if c.rule != nil && c.rule.pseudonym != "" && !c.rule.surrogate {
			m.pseudonyms[c.name] = keys[c.name].Pseudonyms(c.rule.pseudonym)
		}
	}
}

// pseudonyms says whether all texts that are not null can be pseudonyms.
func pseudonyms(a arrow.Array) bool {
	if coded, ok := a.(*array.Dictionary); ok {
		a = coded.Dictionary()
	}
	texts := a.(*array.String)
	if ends, data := arrowx.Texts(a); len(ends) > 1 && a.NullN() == 0 {
		other := int32(0)
		for i, start := range ends[:len(ends)-1] {
			other |= ends[i+1] - start ^ pseudonymLength
		}
		return other == 0 && letters(data[ends[0]:ends[len(ends)-1]])
	}
	for i := range texts.Len() {
		if !pseudonymous(texts.Value(i)) && texts.IsValid(i) {
			return false
		}
	}
	return true
}

// Added to bytes below 128, these reach the top bit from a letter of base32 on, or from
// the one after the last. They are no constants, which would be loaded at every use.
var fromA, afterZ, from2, after7 = 0x80*eachByte - 'A'*eachByte, 0x7f*eachByte - 'Z'*eachByte, 0x80*eachByte - '2'*eachByte, 0x7f*eachByte - '7'*eachByte

const eachByte, topBits uint64 = 0x0101010101010101, 0x8080808080808080

// letters says whether all bytes are letters of base32; there are eight at least.
func letters(text []byte) bool {
	a, z, two, seven := fromA, afterZ, from2, after7
	good, all := topBits, uint64(0) // a byte with a top bit spoils the sums beside it, and is none
	rest := strangers(binary.LittleEndian.Uint64(text[len(text)-8:]))
	for ; len(text) >= 32; text = text[32:] {
		b := text[:32:32]
		x, y, u, v := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:]), binary.LittleEndian.Uint64(b[16:]), binary.LittleEndian.Uint64(b[24:])
		all |= x | y | u | v
		good &= (x+a)&^(x+z) | (x+two)&^(x+seven)
		good &= (y+a)&^(y+z) | (y+two)&^(y+seven)
		good &= (u+a)&^(u+z) | (u+two)&^(u+seven)
		good &= (v+a)&^(v+z) | (v+two)&^(v+seven)
	}
	for ; len(text) >= 8; text = text[8:] {
		rest |= strangers(binary.LittleEndian.Uint64(text))
	}
	return good == topBits && all&topBits|rest == 0
}

const pseudonymLength = 26

// pseudonymous says whether a text can be a pseudonym: nothing else may stand in its
// column.
func pseudonymous(text string) bool {
	return len(text) == pseudonymLength && strange(text)|strange(text[8:])|strange(text[16:])|strange(text[18:]) == 0
}

// strange is not 0 when one of the first eight bytes of a text is no letter of base32.
func strange(text string) uint64 {
	_ = text[7]
	return strangers(uint64(text[0]) | uint64(text[1])<<8 | uint64(text[2])<<16 | uint64(text[3])<<24 |
		uint64(text[4])<<32 | uint64(text[5])<<40 | uint64(text[6])<<48 | uint64(text[7])<<56)
}

// strangers is not 0 when one of eight bytes is no letter of base32.
func strangers(x uint64) uint64 {
	const each, top = eachByte, topBits
	y := x &^ top // adding to a byte of it what is below 128 reaches no other byte
	letter := (y + (0x80-'A')*each) &^ (y + (0x7f-'Z')*each)
	figure := (y + (0x80-'2')*each) &^ (y + (0x7f-'7')*each)
	return ^((letter | figure) &^ x) & top
}
