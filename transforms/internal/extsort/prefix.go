package extsort

import (
	"bytes"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/internal/arrowx"
)

// prefix stands for the first values of a row's order: where two differ, the lesser
// comes first, where not the columns are asked.
type prefix [2]uint64

func (p prefix) compare(q prefix) int {
	switch {
	case p == q:
		return 0
	case p[0] < q[0] || p[0] == q[0] && p[1] < q[1]:
		return -1
	}
	return 1
}

// keyed makes the prefixes of rows: sixteen bytes of a text, else a word of the first
// column, and one of the second where the first leaves nothing open.
type keyed struct {
	order   Order
	text    bool
	decides [2]bool // so far: the word of that column leaves nothing open
	words   [2][]uint64
	made    []prefix
}

func newKeyed(schema *arrow.Schema, order Order) keyed {
	k := keyed{order: order}
	if len(order.Columns) > 0 {
		id := schema.Field(order.Columns[0]).Type.ID()
		k.text = id == arrow.STRING || id == arrow.BINARY
	}
	for i := range min(2, len(order.Columns)) {
		k.decides[i] = !k.text
	}
	return k
}

// meet looks at rows of which prefixes will be asked.
func (k *keyed) meet(r arrow.Record) {
	for i := range k.decides {
		k.decides[i] = k.decides[i] && arrowx.PrefixDecides(r.Column(k.order.Columns[i]))
	}
}

// decided is how many columns equal prefixes leave no difference in.
func (k *keyed) decided() int {
	switch {
	case !k.decides[0]:
		return 0
	case !k.decides[1]:
		return 1
	}
	return 2
}

// prefixes gives those of the rows of r, until it is called again. All rows that were
// met count: prefixes compare with those of other records as long as nothing is met.
// Texts are taken from after the first skip bytes.
func (k *keyed) prefixes(r arrow.Record, skip int) []prefix {
	n := int(r.NumRows())
	k.made = slices.Grow(k.made[:0], n)[:n]
	clear(k.made)
	for i := range k.words {
		column := i
		switch {
		case k.text:
			column = 0
		case i > 0 && !k.decides[0], i >= len(k.order.Columns):
			return k.made
		}
		k.words[i] = k.order.of(column).AppendPrefixes(k.words[i][:0], r.Column(k.order.Columns[column]), skip)
		for row, w := range k.words[i] {
			k.made[row][i] = w
		}
		if k.text {
			skip += 8
		}
	}
	return k.made
}

// common is how many bytes the texts of all arrays begin with.
func common(arrays []arrow.Array) int {
	var first []byte
	met := false
	for _, a := range arrays {
		ends, data := arrowx.Texts(a)
		for i := range a.Len() {
			if a.IsNull(i) {
				continue
			}
			text := data[ends[i]:ends[i+1]]
			switch {
			case !met:
				first, met = text, true
			case !bytes.HasPrefix(text, first):
				n := 0
				for n < len(first) && n < len(text) && first[n] == text[n] {
					n++
				}
				first = first[:n]
			}
			if met && len(first) == 0 {
				return 0
			}
		}
	}
	return len(first)
}
