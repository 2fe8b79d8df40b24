package privacy

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/zeebo/xxh3"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/transforms/internal/convert"
	"github.com/lavoir-data/lavoir/transforms/internal/protect"
)

// tied says whether what leaves shows which rows are of one person: the subject leaves
// as a pseudonym, or as it is.
func (t policy) tied() bool {
	return t.subjectForm() != "" || slices.Contains(t.Public, t.Subject) ||
		slices.ContainsFunc(t.Sensitive, func(s sensitiveConfig) bool { return s.Column == t.Subject })
}

// owners tells of whom rows are. It is for one goroutine.
type owners struct {
	form    protect.Form // of the subject, where it leaves as a pseudonym
	numbers []uint64
	written []byte
	buf     []byte
}

func (t policy) owners() *owners { return &owners{form: t.subjectForm()} }

// of gives a number for the person of each row, which is good until the next call.
// All of which nobody knows the person are of one person, whose number is 0, and so
// are those that leave under one pseudonym.
func (w *owners) of(a arrow.Array) []uint64 {
	w.numbers = slices.Grow(w.numbers[:0], a.Len())[:a.Len()]
	var text func([]byte, int) []byte
	if w.form != "" {
		text = convert.Text(a)
	}
	for i := range w.numbers {
		switch {
		case a.IsNull(i):
			w.numbers[i] = 0
		case w.form == "":
			w.buf = arrowx.AppendKey(w.buf[:0], a, i, false)
			w.numbers[i] = xxh3.Hash(w.buf)
		default:
			w.written = text(w.written[:0], i)
			w.buf = w.form.AppendCanonical(w.buf[:0], w.written)
			w.numbers[i] = xxh3.Hash(w.buf)
		}
	}
	return w.numbers
}

// ties counts from a file the persons whose rows have the same classes, each as often.
// What is published ties those of a person together, so that all of them at once must
// look like those of others.
type ties struct {
	file    string
	k       int
	subject int
	persons map[xxh3.Uint128]xxh3.Uint128 // by subject, the sum of the hashes of its classes
	alike   map[xxh3.Uint128]int          // persons by that sum; k at most
	unknown map[xxh3.Uint128]bool         // classes with rows of which nobody knows the person
	of      uint64                        // how many parts the persons are counted in, by their hash
	part    uint64                        // which of them
	bound   int64                         // bytes; 0: none
	over    bool                          // more than the bound
	buf     []byte
}

// tieCost is what an entry of a map of ties holds, about.
const tieCost = 80

// ties is nil where the file does not show which rows are of one person.
func (c *recount) newTies() *ties {
	if c.subject < 0 || !c.t.tied() {
		return nil
	}
	if c.bound > 0 {
		c.bound /= 2 // the other half is for the persons
	}
	t := &ties{file: c.file, k: c.t.Model.K, subject: c.subject, of: 1, bound: c.bound}
	t.forget()
	t.alike = map[xxh3.Uint128]int{}
	return t
}

func (t *ties) forget() {
	t.persons, t.unknown = map[xxh3.Uint128]xxh3.Uint128{}, map[xxh3.Uint128]bool{}
}

// counts says whether rows are still looked at.
func (t *ties) counts() bool { return t != nil && !t.over }

// row counts row i of r, which is of a class.
func (t *ties) row(class xxh3.Uint128, r arrow.Record, i int) {
	if t.over {
		return
	}
	// The hash of a class is a sum of those of its values: sums of such would not tell
	// which values stand in one row.
	t.buf = binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(t.buf[:0], class.Hi), class.Lo)
	class = xxh3.Hash128(t.buf)
	a := r.Column(t.subject)
	if a.IsNull(i) {
		if class.Lo%t.of == t.part {
			t.unknown[class] = true
		}
	} else {
		t.buf = arrowx.AppendKey(t.buf[:0], a, i, false)
		who := xxh3.Hash128(t.buf)
		if who.Lo%t.of != t.part {
			return
		}
		sum := t.persons[who]
		lo := sum.Lo + class.Lo
		sum.Hi += class.Hi
		if lo < sum.Lo {
			sum.Hi++
		}
		sum.Lo = lo
		t.persons[who] = sum
	}
	if t.bound > 0 && int64(len(t.persons)+len(t.unknown)+len(t.alike))*tieCost > t.bound {
		t.over = true
		t.forget()
	}
}

// join adds up the persons of a part.
func (t *ties) join() {
	for _, sum := range t.persons {
		t.alike[sum] = min(t.alike[sum]+1, t.k)
	}
	for class := range t.unknown {
		t.alike[class] = min(t.alike[class]+1, t.k) // what one row of the class sums up to
	}
	t.forget()
}

// proven refuses the file when a person's rows, together, are unlike those of k persons.
// Where the persons of a first reading did not fit in memory, f is read again for each
// part of them.
func (t *ties) proven(ctx context.Context, c *recount, f pipelines.SealedFile) error {
	if t == nil {
		return nil
	}
	for t.over {
		if t.of *= 2; t.of > mostParts {
			return messages.TooManyClasses.With("bound", t.bound)
		}
		t.alike, t.over = map[xxh3.Uint128]int{}, false
		for t.part = 0; t.part < t.of && !t.over; t.part++ {
			if err := t.read(ctx, c, f); err != nil {
				return err
			}
			t.join()
		}
	}
	t.join()
	for _, n := range t.alike {
		if n < t.k {
			return messages.GatePersons.With("file", t.file, "k", t.k)
		}
	}
	return nil
}

func (t *ties) read(ctx context.Context, c *recount, f pipelines.SealedFile) error {
	in, err := f.Open(ctx)
	if err != nil {
		return fmt.Errorf("open the sealed file: %w", err)
	}
	defer in.Close()
	return pipelines.Each(ctx, in, func(b pipelines.Batch) error {
		defer b.Release()
		keys := make([]xxh3.Uint128, b.NumRows())
		c.hash(b.Record, 0, keys)
		for i, key := range keys {
			t.row(key, b.Record, i)
		}
		return nil
	})
}
