package disclosure

import (
	"encoding/binary"
)

// trail is of whom each row is and what its values are, row by row: what it takes to
// look at all rows of a person together, once it is known what they are generalised to.
// All rows of a person are in the same pile of every worker.
type trail struct {
	*piles
	layouts []layout // of the keys, by kind of the entries
	lists   int      // of each row's values
}

// trailShare is the part of the memory that holds rows before they go to a file.
const trailShare = 16

// nobody is the number of the subject of a row of which nobody knows it.
const nobody = 0

// begin says that keys have another layout from now on.
func (t *trail) begin(l layout) { t.layouts = append(t.layouts, l) }

// size is that of an entry: the person, the key and the codes of sensitive columns.
func (t *trail) size(kind int) int { return 8 + 8*t.layouts[kind].words + 4*t.lists }

// add notes the rows of a batch, whose keys are in column.
func (t *trail) add(r Rows, column []uint64) error {
	kind := len(t.layouts) - 1
	words, size := t.layouts[kind].words, t.size(kind)
	for i, person := range r.Subjects[:r.N] {
		key := column[i*words : (i+1)*words]
		pile := pileOf(spreadHash(person))
		if person == nobody {
			pile = pileOf(hashKey(key)) // these are tied to no others, and may be many
		}
		b, err := t.room(pile, kind, size)
		if err != nil {
			return err
		}
		binary.LittleEndian.PutUint64(b, person)
		b = b[8:]
		for _, k := range key {
			binary.LittleEndian.PutUint64(b, k)
			b = b[8:]
		}
		for _, codes := range r.Sensitive {
			binary.LittleEndian.PutUint32(b, codes[i])
			b = b[4:]
		}
	}
	return nil
}

func (t *trail) close() error {
	if t == nil {
		return nil
	}
	return t.piles.close()
}
