package sql

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"strconv"
	"testing"
	"testing/iotest"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines"
)

// frame is a message of the server's.
func frame(kind byte, body ...byte) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{kind}, uint32(len(body)+4)), body...)
}

// tuple is a row as both ways of asking send it; nil is null.
func tuple(values ...[]byte) []byte {
	b := binary.BigEndian.AppendUint16(nil, uint16(len(values)))
	for _, v := range values {
		if v == nil {
			b = binary.BigEndian.AppendUint32(b, 1<<32-1)
			continue
		}
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(v))), v...)
	}
	return b
}

func int8Value(i int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(i)) }

var copyStart = append(append([]byte(nil), copySignature...), 0, 0, 0, 0, 0, 0, 0, 0)

// sent is what a server sends for rows: row is rowOfCopy or rowOfQuery.
func sent(row byte, tuples ...[]byte) []byte {
	var b []byte
	if row == rowOfQuery {
		b = append(b, frame('2')...)
		for _, t := range tuples {
			b = append(b, frame(rowOfQuery, t...)...)
		}
		return append(append(b, frame('C', []byte("SELECT\x00")...)...), frame('Z', 'T')...)
	}
	b = append(b, frame('H', 1, 0, 0)...)
	head := copyStart // comes with the first row, or with the trailer
	for _, t := range append(tuples[:len(tuples):len(tuples)], copyTrailer) {
		b = append(b, frame(rowOfCopy, append(head[:len(head):len(head)], t...)...)...)
		head = nil
	}
	return append(append(append(b, frame('c')...), frame('C', []byte("COPY\x00")...)...), frame('Z', 'T')...)
}

// sentBlocks reads what a server would have sent.
type sentBlocks struct{ *answer }

func (s sentBlocks) next(context.Context) (*block, error) { return s.answer.next() }

func (s sentBlocks) close() error {
	s.discard()
	return nil
}

// sentChunks are the chunks of what a server would have sent, whose columns are
// an int64 and a text.
func sentChunks(in io.Reader, row byte, mem memory.Allocator, pool *blocks) *postgresChunks {
	c := decodedChunks([]resultColumn{{name: "id", code: 20}, {name: "nom", code: 25}},
		map[uint32]pipelines.ColumnType{20: {Type: arrow.PrimitiveTypes.Int64}, 25: {Type: arrow.BinaryTypes.String}}, mem)
	c.in = sentBlocks{&answer{in: in, blocks: pool, row: row}}
	return c
}

// decodedChunks are chunks of columns whose types are read as types says.
func decodedChunks(found []resultColumn, types map[uint32]pipelines.ColumnType, mem memory.Allocator) *postgresChunks {
	fields := make([]arrow.Field, len(found))
	for i, f := range found {
		fields[i] = arrow.Field{Name: f.name, Type: types[f.code].Type, Nullable: true}
	}
	schema := arrow.NewSchema(fields, nil)
	return &postgresChunks{schema: schema, readers: &arrowx.Spares[*rowReader]{New: func() *rowReader {
		r := &rowReader{schema: schema, mem: mem, found: found}
		for _, f := range found {
			c, _ := postgresColumn(postgresTypes[f.code].kind, types[f.code])
			r.columns = append(r.columns, c)
		}
		return r
	}}}
}

// drainChunks decodes every chunk, and gives how many rows each had.
func drainChunks(c *postgresChunks, each func(pipelines.Batch)) (cuts []int64, err error) {
	ctx := context.Background()
	defer c.Close()
	for {
		chunk, err := c.Next(ctx)
		if err == io.EOF {
			return cuts, nil
		}
		if err != nil {
			return cuts, err
		}
		b, err := chunk.Decode(ctx)
		if err != nil {
			return cuts, err
		}
		cuts = append(cuts, b.NumRows()+int64(len(b.Rejects)))
		if each != nil {
			each(b)
		}
		b.Release()
	}
}

// However the bytes come and whichever way they were asked for, the rows and the
// cuts are the same; rows are longer than a block, too.
func TestSentRowsAreCutTheSameWay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		mem := checked(t)
		memory := newBlocks(mem)
		n := rapid.IntRange(0, 150).Draw(t, "rows")
		scale := rapid.SampledFrom([]int{1, 100, 3000, blockSize}).Draw(t, "scale")
		tuples := make([][]byte, n)
		texts := make([]string, n)
		for i := range tuples {
			if scale == blockSize && i > 12 {
				scale = 100
			}
			text := bytes.Repeat([]byte("é"), rapid.IntRange(0, 3).Draw(t, "times")*scale/2)
			texts[i] = string(text)
			tuples[i] = tuple(int8Value(int64(i)), text)
		}
		read := func(row byte, in io.Reader) []int64 {
			i := int64(0)
			cuts, err := drainChunks(sentChunks(in, row, mem, memory), func(b pipelines.Batch) {
				for j, id := range b.Column(0).(*array.Int64).Int64Values() {
					if id != i || b.Places.Lines[j] != i+1 || b.Column(1).(*array.String).Value(j) != texts[i] {
						t.Fatalf("row %d came as row %d, place %d", i, id, b.Places.Lines[j])
					}
					i++
				}
			})
			if err != nil || i != int64(n) {
				t.Fatalf("%d of %d rows, %v", i, n, err)
			}
			return cuts
		}
		byCopy, byQuery := sent(rowOfCopy, tuples...), sent(rowOfQuery, tuples...)
		want := read(rowOfCopy, bytes.NewReader(byCopy))
		for _, got := range [][]int64{
			read(rowOfQuery, bytes.NewReader(byQuery)),
			read(rowOfCopy, iotest.HalfReader(bytes.NewReader(byCopy))),
			read(rowOfQuery, iotest.DataErrReader(bytes.NewReader(byQuery))),
			read(rowOfCopy, &oddReader{b: byCopy, sizes: rapid.SliceOfN(rapid.IntRange(1, 3000), 1, 9).Draw(t, "reads")}),
		} {
			if len(got) != len(want) {
				t.Fatalf("cuts %v, and %v", want, got)
			}
			for i := range got {
				if got[i] != want[i] {
					t.Fatalf("cuts %v, and %v", want, got)
				}
			}
		}
	})
}

// oddReader gives pieces of the sizes, over and over.
type oddReader struct {
	b     []byte
	sizes []int
	n     int
}

func (r *oddReader) Read(p []byte) (int, error) {
	if len(r.b) == 0 {
		return 0, io.EOF
	}
	size := min(len(p), len(r.b), r.sizes[r.n%len(r.sizes)])
	r.n++
	copy(p, r.b[:size])
	r.b = r.b[size:]
	return size, nil
}

func checked(t interface {
	Cleanup(func())
	Errorf(string, ...any)
}) memory.Allocator {
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	t.Cleanup(func() {
		if n := mem.CurrentAlloc(); n != 0 {
			t.Errorf("%d bytes of Arrow memory are left", n)
		}
	})
	return mem
}

// A stream that ends anywhere but at its end is an error, never fewer rows.
func TestSentRowsCutShort(t *testing.T) {
	mem := checked(t)
	for _, row := range []byte{rowOfCopy, rowOfQuery} {
		all := sent(row, tuple(int8Value(1), []byte("a")), tuple(nil, nil), tuple(int8Value(3), []byte("c")))
		for n := range all {
			if _, err := drainChunks(sentChunks(bytes.NewReader(all[:n]), row, mem, newBlocks(mem)), nil); err == nil {
				t.Errorf("%c: nothing is said when it ends after %d of %d bytes", row, n, len(all))
			}
		}
		if cuts, err := drainChunks(sentChunks(bytes.NewReader(all), row, mem, newBlocks(mem)), nil); err != nil || len(cuts) != 1 || cuts[0] != 3 {
			t.Errorf("%c: %v, %v", row, cuts, err)
		}
	}
}

func TestSentOutOfForm(t *testing.T) {
	mem := checked(t)
	good := tuple(int8Value(1), []byte("a"))
	critical := append([]byte(nil), copyStart...)
	critical[len(copySignature)+1] = 1
	stream := func(first []byte, rest ...[]byte) []byte {
		b := append(frame('H', 1, 0, 0), frame(rowOfCopy, first...)...)
		for _, r := range rest {
			b = append(b, r...)
		}
		return append(b, frame('Z', 'T')...)
	}
	trailer := frame(rowOfCopy, copyTrailer...)
	for name, b := range map[string][]byte{
		"text format":        append(frame('H', 0, 0, 0), frame('Z', 'T')...),
		"no signature":       stream(good, trailer),
		"unknown flag":       stream(append(critical, good...), trailer),
		"endless extension":  stream(append(append([]byte(nil), copySignature...), 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff), trailer),
		"no trailer":         stream(append(copyStart[:len(copyStart):len(copyStart)], good...)),
		"row after trailer":  stream(copyStart, trailer, frame(rowOfCopy, good...)),
		"two trailers":       stream(copyStart, trailer, trailer),
		"two rows at once":   stream(append(append(copyStart[:len(copyStart):len(copyStart)], good...), good...), trailer),
		"half a row":         stream(append(copyStart[:len(copyStart):len(copyStart)], good[:8]...), trailer),
		"fields":             stream(append(copyStart[:len(copyStart):len(copyStart)], tuple(int8Value(1))...), trailer),
		"length of a field":  stream(append(copyStart[:len(copyStart):len(copyStart)], tuple([]byte{1}, nil)...), trailer),
		"negative length":    stream(append(copyStart[:len(copyStart):len(copyStart)], 0, 2, 0xff, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xff, 0xff), trailer),
		"a row of a query":   stream(copyStart, frame(rowOfQuery, good...), trailer),
		"unknown message":    stream(copyStart, frame('?'), trailer),
		"length of nothing":  {rowOfCopy, 0, 0, 0, 3},
		"a row over bounds":  {rowOfCopy, 0xff, 0xff, 0xff, 0xff},
		"error out of shape": frame('E', 'S', 'x'),
	} {
		_, err := drainChunks(sentChunks(bytes.NewReader(b), rowOfCopy, mem, newBlocks(mem)), nil)
		if err == nil || errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	for name, b := range map[string][]byte{
		"notices":        append(append(frame('N', 0), frame('S', []byte("a\x00b\x00")...)...), sent(rowOfCopy, good)...),
		"extension":      stream(append(append(append([]byte(nil), copySignature...), 0, 0, 0, 0, 0, 0, 0, 1, 'x'), good...), trailer),
		"header alone":   stream(copyStart, frame(rowOfCopy, good...), trailer),
		"notice between": stream(append(copyStart[:len(copyStart):len(copyStart)], good...), frame('N', 0), trailer),
	} {
		cuts, err := drainChunks(sentChunks(bytes.NewReader(b), rowOfCopy, mem, newBlocks(mem)), nil)
		if err != nil || len(cuts) != 1 || cuts[0] != 1 {
			t.Errorf("%s: %v, %v", name, cuts, err)
		}
	}
}

// Rows before an error come before it.
func TestSentRowsBeforeAnError(t *testing.T) {
	all := sent(rowOfQuery, tuple(int8Value(1), nil), tuple(int8Value(2), nil))
	all = append(all[:bytes.IndexByte(all, 'C')], append(frame('E', []byte("SERROR\x00C22P02\x00Mx\x00\x00")...), frame('Z', 'E')...)...)
	mem := checked(t)
	cuts, err := drainChunks(sentChunks(bytes.NewReader(all), rowOfQuery, mem, newBlocks(mem)), nil)
	if len(cuts) != 1 || cuts[0] != 2 || err == nil || err.Error() != "ERROR: x (SQLSTATE 22P02)" {
		t.Errorf("%v, %v", cuts, err)
	}
}

// A row costs no allocation: not when it is cut, not when it is decoded.
func TestRowsAllocateNothing(t *testing.T) {
	mem := arrowx.NewPool(1 << 24)
	memory := newBlocks(mem)
	allocations := func(rows int) float64 {
		tuples := make([][]byte, rows)
		for i := range tuples {
			tuples[i] = tuple(int8Value(int64(i)), []byte("association "+strconv.Itoa(i%7)))
			if i%10 == 0 {
				tuples[i] = tuple(int8Value(int64(i)), nil)
			}
		}
		all := sent(rowOfCopy, tuples...)
		chunks := sentChunks(nil, rowOfCopy, mem, memory)
		return testing.AllocsPerRun(5, func() {
			c := *chunks
			c.in = sentBlocks{&answer{in: bytes.NewReader(all), blocks: memory, row: rowOfCopy}}
			if _, err := drainChunks(&c, nil); err != nil {
				t.Fatal(err)
			}
		})
	}
	// What a chunk costs is in both.
	few, many := allocations(10*batchRows), allocations(20*batchRows)
	perRow := (many - few) / (10 * batchRows)
	t.Logf("%.0f allocations for %d rows, %.0f for %d: %.4f a row", few, 10*batchRows, many, 20*batchRows, perRow)
	if perRow > 0.01 {
		t.Errorf("%.4f allocations for each row", perRow)
	}
}

// No bytes make reading panic, and what is read of a stream that is cut short is
// an error.
func FuzzSent(f *testing.F) {
	rows := [][]byte{tuple(int8Value(1), []byte("a")), tuple(nil, nil), tuple(int8Value(-1), []byte("\xff"))}
	f.Add(sent(rowOfCopy, rows...), true)
	f.Add(sent(rowOfQuery, rows...), false)
	f.Add(sent(rowOfCopy), true)
	f.Add(append(frame('N', 0), frame('E', []byte("SERROR\x00C22P02\x00Mx\x00\x00")...)...), false)
	f.Fuzz(func(t *testing.T, b []byte, byCopy bool) {
		row := byte(rowOfQuery)
		if byCopy {
			row = rowOfCopy
		}
		mem := checked(t)
		memory := newBlocks(mem)
		cuts, err := drainChunks(sentChunks(bytes.NewReader(b), row, mem, memory), nil)
		again, err2 := drainChunks(sentChunks(iotest.OneByteReader(bytes.NewReader(b)), row, mem, memory), nil)
		if (err == nil) != (err2 == nil) || len(cuts) != len(again) {
			t.Fatalf("%v %v, and byte by byte %v %v", cuts, err, again, err2)
		}
		if err != nil {
			return
		}
		end := 0
		for b[end] != 'Z' {
			end += len(message(b[end:]))
		}
		if _, err := drainChunks(sentChunks(bytes.NewReader(b[:end+messageHeader-1]), row, mem, memory), nil); err == nil {
			t.Fatal("nothing is said of a stream that is cut short")
		}
	})
}
