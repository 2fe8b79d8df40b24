package privacy

import (
	"context"
	"encoding/binary"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/zeebo/xxh3"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// compares says whether two releases of the policy side by side may tell what neither
// tells: its rows keep a model, or are sums or means of persons.
func (c policyConfig) compares() bool { return c.Model != nil || len(c.Clears)+len(c.Micro) > 0 }

// tables compares releases of a policy without a model, whose rows are cells of a table
// (clear) or means of rows (microaggregate). A cell that changed, less what it was, is of
// those alone who came, went or were corrected, and nothing in the files says how many
// they are: the numbers of subjects do not leave, one who came and one who went cancel in
// them, and whoever is in two cells is in both numbers. Nor does it help to look at cells
// one by one: ten who moved from one to another hide one who came with them only as long
// as nobody adds up.
//
// So it is not the difference that is judged, but whether there is one. The cells of a
// release are its rows of which a value may be read, each as often as it stands there, in
// the columns that both publish. Where all cells of one release are in the other as well,
// and it has no column that the other has not, then whoever has both has no more numbers
// than the other has alone, and that one is of enough by itself; what is new is only which
// of its cells came late, or went. Every other pair counts as a small difference.
//
// Of means that is not enough: which rows came late is of the persons whose rows they
// are. As many as the policy asks for must have come, or gone, with each of them.
type tables struct {
	*comparison
	values [2][]int // columns by which a row is a cell; nil: all rows are
	groups [2][][]int
	of     uint64
	part   uint64
	excess [2]int64 // rows of one that the other has not
	micro  []microConfig
}

// compareTables gives why the difference is small, nil where it is not.
func (c *comparison) compareTables(ctx context.Context) (*messages.Error, error) {
	t := &tables{comparison: c}
	more, why, err := t.columns(ctx)
	if why != nil || err != nil {
		return why, err
	}
	for t.of = 1; t.of <= mostParts; t.of *= 2 {
		t.excess = [2]int64{}
		var few *microConfig
		for t.part = 0; t.part < t.of && err == nil; t.part++ {
			var found *microConfig
			if found, err = t.count(ctx); found != nil {
				few = found
			}
		}
		switch {
		case messages.Has(err, messages.TooManyClasses) && 2*t.of <= mostParts:
			err = nil
			continue
		case err != nil:
			return nil, err
		case (t.excess[0] > 0 || more[0]) && (t.excess[1] > 0 || more[1]):
			return messages.CellsDiffer.With("gone", t.excess[0], "come", t.excess[1]), nil
		case few != nil:
			return messages.MeansDiffer.With("group", few.Name, "k", few.K), nil
		}
		return nil, nil
	}
	return nil, err
}

// columns finds the columns of both, and which release has some that the other has not.
// Pseudonyms are drawn anew for each release and say nothing of a row.
func (t *tables) columns(ctx context.Context) (more [2]bool, why *messages.Error, err error) {
	var schemas [2]*arrow.Schema
	for i := range t.sides {
		in, err := t.openSide(ctx, i)
		if err != nil {
			return more, nil, err
		}
		schemas[i] = in.Schema()
		if err := in.Close(); err != nil {
			return more, nil, err
		}
	}
	column := func(i int, name string) int {
		if is := schemas[i].FieldIndices(name); len(is) == 1 {
			return is[0]
		}
		return -1
	}
	pseudonym := func(name string) bool {
		return slices.ContainsFunc(t.t.pseudonyms(), func(id identifierConfig) bool { return id.Column == name })
	}
	for i := range t.sides {
		for at, f := range schemas[i].Fields() {
			other := column(1-i, f.Name)
			switch {
			case pseudonym(f.Name):
			case other < 0:
				more[i] = true
			case !arrow.TypeEqual(f.Type, schemas[1-i].Field(other).Type):
				return more, messages.ColumnChanged.With("column", f.Name), nil
			case i == 1:
				t.whole = append(t.whole, len(t.common))
				t.common = append(t.common, f.Name)
				t.sides[0].common, t.sides[1].common = append(t.sides[0].common, other), append(t.sides[1].common, at)
			}
		}
		if len(t.t.Micro) > 0 {
			continue // rows of means are never masked
		}
		t.values[i] = []int{}
		for _, r := range t.t.Clears {
			if at := column(i, r.Column); at >= 0 {
				t.values[i] = append(t.values[i], at)
			}
		}
	}
	for _, m := range t.t.Micro {
		var at [2][]int
		for i := range t.sides {
			for _, name := range m.Columns {
				if c := column(i, name); c >= 0 {
					at[i] = append(at[i], c)
				}
			}
		}
		if len(at[0]) == len(m.Columns) && len(at[1]) == len(m.Columns) {
			t.micro = append(t.micro, m)
			for i := range at {
				t.groups[i] = append(t.groups[i], at[i])
			}
		}
	}
	return more, nil, nil
}

// tableCost is what memory holds of a row that is unlike others, about.
const tableCost = 64

// count adds up a part of the rows, by what they look like. It gives a group of columns
// of which fewer rows than its k came or went with one mean.
func (t *tables) count(ctx context.Context) (few *microConfig, err error) {
	base := t.held
	defer func() { t.held = base }()
	cells := map[xxh3.Uint128]int64{} // rows that came, less those that went
	means := make([]map[xxh3.Uint128]int64, len(t.micro))
	for g := range means {
		means[g] = map[xxh3.Uint128]int64{}
	}
	add := func(to map[xxh3.Uint128]int64, h xxh3.Uint128, side int) error {
		if h.Hi%t.of != t.part {
			return nil
		}
		n, known := to[h]
		to[h] = n + int64(2*side-1)
		if known {
			return nil
		}
		return t.hold(tableCost)
	}
	for i := range t.sides {
		err := t.read(ctx, i, func(i int, r arrow.Record, row int) error {
			if t.values[i] != nil && !slices.ContainsFunc(t.values[i], func(at int) bool { return !r.Column(at).IsNull(row) }) {
				return nil
			}
			if err := add(cells, t.hash(&t.sides[i], r, row, t.whole), i); err != nil {
				return err
			}
			for g, columns := range t.groups[i] {
				if !slices.ContainsFunc(columns, func(at int) bool { return !r.Column(at).IsNull(row) }) {
					continue
				}
				t.buf = binary.LittleEndian.AppendUint32(t.buf[:0], uint32(g))
				for _, at := range columns {
					t.buf = appendRead(t.buf, r.Column(at), row)
				}
				if err := add(means[g], xxh3.Hash128(t.buf), i); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	for _, n := range cells {
		t.excess[1] += max(n, 0)
		t.excess[0] += max(-n, 0)
	}
	for g, m := range t.micro {
		for _, n := range means[g] {
			if n != 0 && max(n, -n) < int64(m.K) {
				few = &t.micro[g]
			}
		}
	}
	return few, nil
}

// together is of how many rows, or persons, a difference must be. k_map alone counts the
// population, of whom nobody knows who is in the data; but of those who came between two
// releases more is known than that they are of the population, and their rows stand out.
// They must be as many as the population's must.
func (t policy) together() int {
	if t.Model.K < 2 {
		return t.Model.KMap
	}
	return t.Model.K
}
