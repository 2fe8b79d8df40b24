package privacy

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/decimal128"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/transforms/internal/disclosure"
)

// ordering makes the best groups of one column, from its values in their order. What memory
// does not hold of these is put on disk: only the means are held.
type ordering struct {
	*micro
	policy policy
	values *bins
	bound  int64   // bytes; 0: none
	top    float64 // the greatest absolute value of floats
	rows   int64
	known  int64 // rows whose value is not null
	key    []byte
}

func (m *micro) ordering(t policy, bound int64) *ordering {
	t.env.Memory = bound
	return &ordering{micro: m, policy: t, bound: bound, values: t.newBins(0, bound/4)}
}

func (o *ordering) add(r arrow.Record, at origin) error {
	a := r.Column(o.index[0])
	for i := range int(r.NumRows()) {
		o.rows++
		if a.IsNull(i) {
			continue
		}
		o.known++
		if f, ok := a.(*array.Float64); ok {
			x := math.Abs(f.Value(i))
			if !(x <= math.MaxFloat64) {
				return messages.MicroValue.With("column", o.Columns[0], "row", at.row(i)+1)
			}
			o.top = max(o.top, x)
		}
		o.key = arrowx.AppendKey(o.key[:0], a, i, false)
		if err := o.values.add(0, placed(o.key)); err != nil {
			return o.full(err, o.rows)
		}
	}
	return nil
}

// full is err, which says that there is no memory and no disk, in terms of the group.
func (o *ordering) full(err error, rows int64) error {
	if messages.Has(err, messages.TooManyClasses) {
		return messages.MicroRows.With("group", o.Name, "rows", rows, "bound", o.bound)
	}
	return err
}

// placed is the key of a number as a pair, in the same order.
func placed(key []byte) (p pair) {
	switch payload := key[1:]; len(payload) {
	case 4:
		p[1] = uint64(binary.BigEndian.Uint32(payload))
	case 8:
		p[1] = binary.BigEndian.Uint64(payload)
	default:
		p[0], p[1] = binary.BigEndian.Uint64(payload), binary.BigEndian.Uint64(payload[8:])
	}
	return p
}

// number is what a pair is the place of: exactly, but of floats, and as a float.
func (p pair) number(t arrow.Type) (*big.Int, float64) {
	switch t {
	case arrow.INT32:
		n := int64(int32(uint32(p[1]) ^ 1<<31))
		return big.NewInt(n), float64(n)
	case arrow.INT64:
		n := int64(p[1] ^ 1<<63)
		return big.NewInt(n), float64(n)
	case arrow.DECIMAL128:
		n := decimal128.New(int64(p[0]^1<<63), p[1]).BigInt()
		x, _ := new(big.Float).SetInt(n).Float64()
		return n, x
	}
	if p[1]>>63 == 1 {
		return nil, math.Float64frombits(p[1] &^ (1 << 63))
	}
	return nil, math.Float64frombits(^p[1])
}

// entry is a value, how many rows have it, and how many values the last group has of the
// best grouping of all up to it.
type entry struct {
	value pair
	rows  int64
	back  uint32
}

const entrySize = pairSize + 8 + 4

// ledger is entries, which are read backwards. What memory does not hold is on disk.
type ledger struct {
	create func() (pipelines.SpoolBytes, error)
	room   int64 // bytes; 0: there is no bound
	count  int
	open   []byte
	file   pipelines.SpoolBytes
	at     int // of open, once the entries are read: the number of its first
}

func (l *ledger) add(e entry) error {
	if l.room > 0 && int64(len(l.open)) > l.room {
		if err := l.put(); err != nil {
			return err
		}
	}
	l.count++
	l.open = binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(l.open, e.value[0]), e.value[1])
	l.open = binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint64(l.open, uint64(e.rows)), e.back)
	return nil
}

func (l *ledger) put() (err error) {
	if l.create == nil {
		return messages.TooManyClasses.With("bound", l.room)
	}
	if l.file == nil {
		if l.file, err = l.create(); err != nil {
			return err
		}
	}
	_, err = l.file.Write(l.open)
	l.open = l.open[:0]
	return err
}

// read begins to read backwards.
func (l *ledger) read() error {
	if l.file == nil {
		return nil
	}
	l.at = l.count
	return l.put()
}

func (l *ledger) entry(n int) (e entry, err error) {
	if l.file != nil && (n < l.at || n >= l.at+len(l.open)/entrySize) {
		l.at = max(0, n+1-leastRun)
		l.open = slices.Grow(l.open[:0], leastRun*entrySize)[:(n+1-l.at)*entrySize]
		if read, err := l.file.ReadAt(l.open, int64(l.at)*entrySize); read < len(l.open) {
			return e, fmt.Errorf("read what was put aside: %w", err)
		}
	}
	b := l.open[(n-l.at)*entrySize:]
	e.value = pair{binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])}
	e.rows, e.back = int64(binary.LittleEndian.Uint64(b[16:])), binary.LittleEndian.Uint32(b[24:])
	return e, nil
}

func (l *ledger) close() error {
	if l.file == nil {
		return nil
	}
	return l.file.Close()
}

// meanCost is what is held of a group, about.
const meanCost = 96

func (o *ordering) decide(ctx context.Context) (m *means, err error) {
	if o.rows > 0 && o.rows < int64(o.K) {
		return nil, messages.TooFewRows.With("rows", o.rows, "least", o.K)
	}
	m = o.means()
	m.lost.scaled([][]float64{{o.top}})
	if o.known < int64(o.K) {
		m.groups = falling(nil)
		m.finish(o.rows)
		return m, nil
	}
	if o.bound > 0 && disclosure.OptimalBytes(min(int64(o.K), o.known)) > o.bound/4 {
		return nil, messages.MicroRows.With("group", o.Name, "rows", o.known, "bound", o.bound)
	}
	l := &ledger{create: o.values.create, room: o.bound / 8}
	defer func() { err = cmp.Or(err, l.close()) }()
	best := disclosure.NewOptimal(int64(o.K))
	var e entry
	add := func() error {
		e.back = uint32(best.Add(o.place(e.value), uint64(e.rows)))
		return l.add(e)
	}
	err = o.values.sorted(ctx, 0, func(p pair) error {
		if e.rows > 0 && p != e.value {
			if err := add(); err != nil {
				return err
			}
			e.rows = 0
		}
		e.value = p
		e.rows++
		return nil
	})
	o.values.drop(0)
	if err == nil {
		err = add()
	}
	if err == nil {
		err = l.read()
	}
	if err != nil {
		return nil, o.full(err, o.known)
	}
	ends, err := o.groups(l, m)
	if err != nil {
		return nil, err
	}
	m.groups = ends
	m.finish(o.rows - o.known)
	return m, nil
}

// falling is the greatest value of each group, from the last group to the first. No value
// has one where there are none.
type falling []pair

func (f falling) of(key []byte) (int32, bool) {
	if ofNulls(key) || len(f) == 0 {
		return -1, true
	}
	p := placed(key)
	at, found := slices.BinarySearchFunc(f, p, func(end, p pair) int { return comparePairs(p, end) })
	if !found {
		at-- // the first that is below it is that of the group before
	}
	return int32(at), at >= 0
}

// groups notes the means from the last group to the first, and gives the greatest value
// of each.
func (o *ordering) groups(l *ledger, m *means) (ends falling, err error) {
	var members []weighed
	for end := l.count; end > 0; end -= len(members) {
		last, err := l.entry(end - 1)
		if err != nil {
			return nil, err
		}
		if ends = append(ends, last.value); o.bound > 0 && int64(len(ends))*meanCost > o.bound {
			return nil, messages.MicroGroups.With("group", o.Name, "means", len(ends), "bound", o.bound)
		}
		members = members[:0]
		rows := int64(0)
		for n := end - int(last.back); n < end; n++ {
			e, err := l.entry(n)
			if err != nil {
				return nil, err
			}
			exact, near := e.value.number(o.types[0].ID())
			members = append(members, weighed{exact, near, e.rows})
			rows += e.rows
		}
		m.lost.add(0, members)
		m.add(rows, func(b array.Builder, _ int) { appendMean(b, members, rows) })
	}
	return ends, nil
}

// place is a value as whole numbers that are as far apart: floats as the nearest of those
// of which there are 2^62 up to the power of two that no value is above.
func (o *ordering) place(p pair) [2]uint64 {
	if o.types[0].ID() != arrow.FLOAT64 {
		return p
	}
	_, exponent := math.Frexp(o.top)
	_, x := p.number(arrow.FLOAT64)
	return [2]uint64{0, uint64(int64(math.RoundToEven(math.Ldexp(x, 62-exponent)))) ^ 1<<63}
}

func (o *ordering) close() error { return o.values.close() }
