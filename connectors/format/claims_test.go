package format

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// drain decodes all rows and drops them; largest is the most cells of a batch.
func drain(r Reader, in Input) (rows, largest int64, err error) {
	ctx := context.Background()
	chunks, err := r.Chunks(ctx, in)
	if err != nil {
		return 0, 0, err
	}
	defer chunks.Close()
	for {
		c, err := chunks.Next(ctx)
		if err == io.EOF {
			return rows, largest, nil
		}
		if err != nil {
			return rows, largest, err
		}
		b, err := c.Decode(ctx)
		if err != nil {
			return rows, largest, err
		}
		rows, largest = rows+b.NumRows(), max(largest, b.NumRows()*b.NumCols())
		b.Release()
	}
}

// unsized is a file of which nothing tells how large it is, as one that is compressed.
func unsized(in Input) Input {
	in.Size = 0
	return in
}

// Files of all kinds that claim, or hold, more than their bytes could stand for take no
// more than a small multiple of them, or than what a chunk may have (invariant 9).
func TestWhatFilesClaimIsNotBelieved(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)

	var none []testField
	for range 2000 {
		none = append(none, testField{name: "C", kind: 'C', size: 0})
	}
	empty := table(3, 3, append(none, testField{name: "N", kind: 'N', size: 1}), strings.Split(strings.Repeat(" 1,", 3000), ",")[:3000]...)

	shp, _ := shapeFile(1, shapeContent(1, [][2]float64{{3, 48}}))
	long := bytes.Clone(shp)
	binary.BigEndian.PutUint32(long[24:], 100<<20)
	binary.BigEndian.PutUint32(long[104:], 100<<20-54)
	shapes := unsized(tableInput(long, map[string][]byte{".dbf": numbered(1), ".prj": []byte(prjWGS84)}))

	for _, c := range []struct {
		name string
		r    Reader
		in   Input
		want *messages.Message // nil: it is read
		most int64
	}{
		{"columns of a table that take no byte", dbfFrom(t, mem, ""), inputOf(empty), nil, 2 << 30},
		{"a table of four thousand million records", dbfFrom(t, mem, ""), unsized(inputOf(recordsOf(empty, 1<<32-1))), messages.DBFCut, 1 << 30},
		{"a shape of 200 MB", shapeFrom(t, mem, ""), shapes, messages.ShapeBroken, 16 << 20},
		{"a row of names without end", csvFrom(t, mem, `delimiter = ";"`), inputOf(bytes.Repeat([]byte{';'}, 12<<20)), messages.TooManyColumns, 64 * 12 << 20},
		{"a row without end", csvFrom(t, mem, `delimiter = ";"`), inputOf(append([]byte("a;b\n"), bytes.Repeat([]byte{';'}, 12<<20)...)), nil, 64 * 12 << 20},
		{"arrays in one another", treeFrom(t, mem, "json", `fields = { a = "a" }`, treeChunkSize), inputOf(bytes.Repeat([]byte{'['}, 8<<20)), messages.JSONMalformed, 64 << 20},
		{"a record of many keys", treeFrom(t, mem, "json", `fields = { a = "a" }`, treeChunkSize),
			inputOf([]byte(`[{"a":1` + strings.Repeat(`,"":1`, 2<<20) + `}]`)), nil, 512 << 20},
	} {
		var err error
		var largest int64
		took := allocated(func() { _, largest, err = drain(c.r, c.in) })
		t.Logf("%s: %d MB, %d cells, %v", c.name, took>>20, largest, err)
		if c.want == nil && err != nil || c.want != nil && !messages.Has(err, c.want) || took > c.most || largest > 4<<20 {
			t.Errorf("%s: %d bytes were taken, of %d cells; %v", c.name, took, largest, err)
		}
	}
}

// recordsOf is a table that says that it has so many records.
func recordsOf(table []byte, n uint32) []byte {
	table = bytes.Clone(table)
	binary.LittleEndian.PutUint32(table[4:], n)
	return table
}

// A row of an old workbook that never ends is refused before it is held.
func TestARowOfAnOldWorkbookWithoutEnd(t *testing.T) {
	s := &xlsSheet{in: Input{Name: "f1"}}
	cell := biffText(7, 1, strings.Repeat("x", 200))
	for name, stream := range map[string]io.Reader{
		"cells": io.MultiReader(bytes.NewReader(cell), &endless{of: cell}),
		"a text": io.MultiReader(bytes.NewReader(append(append([]byte(nil), cell...), biff(biffString, 1, "\x00x")...)),
			&endless{of: biff(biffContinue, strings.Repeat("x", 8000))}),
	} {
		s.records, s.ended = &biffReader{in: bufio.NewReaderSize(stream, 1<<16)}, false
		var err error
		if took := allocated(func() { _, err = s.next() }); !messages.Has(err, messages.BookBomb) || took > 8*pieceBound {
			t.Errorf("%s: %d bytes were taken; %v", name, took, err)
		}
	}
}

// endless reads the same bytes again and again.
type endless struct {
	of []byte
	at int
}

func (e *endless) Read(p []byte) (n int, err error) {
	for n < len(p) {
		k := copy(p[n:], e.of[e.at:])
		n += k
		e.at = (e.at + k) % len(e.of)
	}
	return n, nil
}

// Of the headers of a tar only names and sizes are held, and names up to a bound.
func TestWhatHeadersOfATarHoldBesides(t *testing.T) {
	var headers []tar.Header
	for range 40 {
		headers = append(headers, tar.Header{Name: "a.csv", Mode: 0o600, Format: tar.FormatPAX, PAXRecords: map[string]string{"LAVOIR.note": strings.Repeat("x", 900<<10)}})
	}
	data := tarOf(t, headers...)
	f := &randomFile{ReaderAt: bytes.NewReader(data), size: int64(len(data)), unchanged: func() error { return nil }}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	members, err := tarMembers(context.Background(), f, Input{})
	runtime.GC()
	runtime.ReadMemStats(&after)
	if held := int64(after.HeapAlloc) - int64(before.HeapAlloc); err != nil || len(members) != 40 || held > 4<<20 {
		t.Errorf("%d members hold %d bytes; %v", len(members), held, err)
	}
	runtime.KeepAlive(members)

	headers = nil
	for range 80 {
		headers = append(headers, tar.Header{Name: strings.Repeat("n", 1000<<10), Mode: 0o600, Format: tar.FormatPAX})
	}
	data = tarOf(t, headers...)
	f = &randomFile{ReaderAt: bytes.NewReader(data), size: int64(len(data)), unchanged: func() error { return nil }}
	if _, err := tarMembers(context.Background(), f, Input{}); !messages.Has(err, messages.UnpackMany) {
		t.Errorf("80 MB of names: %v", err)
	}
}
