package disclosure

import (
	"context"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Recoder says of each row whether its class stays, at levels that were chosen. It
// may be used by several goroutines, each with a Keys of its own.
type Recoder struct {
	Levels []int
	luts   [][]uint32
	keys   layout
	table  *table
	drops  bool // the table holds the classes that fail, else those that stay
	// Where rows are looked at by person; nil otherwise:
	gone    *personSet // who do not stay
	unknown *table     // classes whose rows of nobody known do not
}

// Recode prepares the second pass at levels. The classes that fail the models are
// known by their keys at these levels, or those that stay are, whichever are fewer.
func Recode(ctx context.Context, p Problem, levels []int) (*Recoder, error) {
	r, _, err := recode(ctx, p, levels, 0)
	return r, err
}

// recode gives the classes that stay too, each with a number from 1 on, where beside gives
// the bytes that are to be held for each of them: memory has room for all.
func recode(ctx context.Context, p Problem, levels []int, beside int64) (*Recoder, *table, error) {
	s, err := newSearcher(p)
	if err != nil {
		return nil, nil, err
	}
	r := &Recoder{Levels: levels, keys: s.keys}
	for j, level := range levels {
		r.luts = append(r.luts, p.Quasi[j].At(level))
	}
	m := p.Classes.memory
	full := messages.TooManyClasses.With("bound", m)
	part := func(to *sides) error {
		return s.visit(ctx, levels, func(n *node) error {
			for i, rows := range n.run.n {
				if rows == 0 {
					continue
				}
				if to.add(n.run.key(i), n.lost[i]); to.all && m > 0 && to.stay.bytes()+beside*int64(to.stays) > m {
					return full
				}
			}
			return nil
		})
	}
	all := newSides(r.keys.words, m, beside > 0)
	if err := part(all); err != nil {
		return nil, nil, err
	}
	if all.stays == 0 {
		return nil, nil, messages.AllSuppressed.With("rows", p.Classes.Rows)
	}
	stay := all.stay
	if r.drops = all.drops(); all.fewer() == nil {
		all = all.again()
		if err := part(all); err != nil {
			return nil, nil, err
		}
	}
	if r.table = all.stay; r.drops {
		r.table = all.fail
	}
	if r.table == nil {
		return nil, nil, full
	}
	return r, stay, nil
}

// Keys is room for the keys of a batch.
type Keys struct{ column []uint64 }

// Keep says for each row, given by the leaf codes of its quasi-identifiers, whether
// it stays.
func (r *Recoder) Keep(k *Keys, quasi [][]uint32, keep []bool) {
	words := r.keys.words
	if cap(k.column) < len(keep)*words {
		k.column = make([]uint64, len(keep)*words)
	}
	column := k.column[:len(keep)*words]
	clear(column)
	for j, f := range r.keys.fields {
		lut, codes := r.luts[j], quasi[j][:len(keep)]
		if words == 1 {
			for i, c := range codes {
				column[i] |= uint64(lut[c]) << f.shift
			}
			continue
		}
		for i, c := range codes {
			column[i*words+f.word] |= uint64(lut[c]) << f.shift
		}
	}
	if words == 1 {
		r.table.has(column, keep)
		for i, has := range keep {
			keep[i] = has != r.drops
		}
		return
	}
	for i := range keep {
		keep[i] = r.table.get(column[i*words:(i+1)*words]) > 0 != r.drops
	}
}

// ByPerson says whether KeepPersons has rows to take.
func (r *Recoder) ByPerson() bool { return r.gone != nil }

// KeepPersons takes from what Keep said last, with the same keys, the rows of persons
// that do not stay. subjects is of whom the rows are, as when they were counted.
func (r *Recoder) KeepPersons(k *Keys, subjects []uint64, keep []bool) {
	if r.gone == nil {
		return
	}
	words := r.keys.words
	for i, stays := range keep {
		switch {
		case !stays:
		case subjects[i] == nobody:
			keep[i] = r.unknown.get(k.column[i*words:(i+1)*words]) == 0
		default:
			keep[i] = !r.gone.has(subjects[i])
		}
	}
}
