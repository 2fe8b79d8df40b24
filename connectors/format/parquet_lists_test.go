package format

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/memory"
	pq "github.com/parquet-go/parquet-go/format"
)

// A page of lists that says that it has more elements than a row group may, all of them
// null, gets no memory for them; neither do many such pages of one column.
func TestParquetListsThatAreNotThere(t *testing.T) {
	run := func(n int, level byte) []byte { return append(binary.AppendUvarint(nil, uint64(n)<<1), level) }
	reps := func(n int) []byte { return append(run(1, 0), run(n-1, 1)...) }
	column := func() *groupDecoder {
		d := &groupDecoder{}
		d.column.reset(&fileLeaf{name: "l", physical: pq.ByteArray, typ: arrow.ListOf(arrow.BinaryTypes.String), maxDef: 3, maxRep: 1}, memory.NewGoAllocator(), ownBytes)
		return d
	}
	page := func(d *groupDecoder, n int) error {
		return d.data(&pq.ColumnMetaData{}, pageData{encoding: pq.Plain}, n, reps(n), run(n, elementNull), nil)
	}
	d := column()
	if err := page(d, math.MaxInt32); err == nil || cap(d.column.rep)+cap(d.column.def) > 0 {
		t.Errorf("one page: %v, %d levels are held", err, cap(d.column.rep)+cap(d.column.def))
	}
	d = column()
	var err error
	pages := 0
	for ; err == nil && pages < 100; pages++ {
		err = page(d, listSlots/4)
	}
	if pages != 5 || cap(d.column.rep) > 2*listSlots {
		t.Errorf("%d pages: %v, %d levels are held", pages, err, cap(d.column.rep))
	}
}
