package format

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

// The marks of 64 bytes are those that one finds byte by byte, whatever stands
// beside them: also bytes that differ from a mark in one bit.
func TestCSVMarksAreTheBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := csvDialect{delimiter: rapid.SampledFrom([]byte(",;\t|")).Draw(t, "delimiter"), lineEnd: rapid.SampledFrom([]byte("\n\r")).Draw(t, "line end"),
			quote: rapid.SampledFrom([]byte{'"', '\'', 0}).Draw(t, "quote")}
		near := []byte{0, 1, 'a', 0xFF, 0x80, d.delimiter, d.lineEnd, d.delimiter ^ 1, d.lineEnd ^ 1, d.delimiter ^ 0x80, d.lineEnd ^ 0x80}
		if d.quote != 0 {
			near = append(near, d.quote, d.quote^1, d.quote^0x80)
		}
		b := rapid.SliceOfN(rapid.SampledFrom(near), 0, 200).Draw(t, "bytes")
		at := rapid.IntRange(0, len(b)+3).Draw(t, "at")
		want := uint64(0)
		for i := range min(marksAtOnce, max(len(b)-at, 0)) {
			if c := b[at+i]; c == d.delimiter || c == d.lineEnd || d.quote != 0 && c == d.quote {
				want |= 1 << i
			}
		}
		if got := d.marks().in(b, at); got != want {
			t.Fatalf("%q from %d: %064b, want %064b", b, at, got, want)
		}
	})
}

// Cells of any length, so that the marks of a row are in several steps of the
// search, are cut where a plain loop cuts them.
func TestCSVLongRowsAreCut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := csvDialect{delimiter: ',', lineEnd: '\n', quote: '"'}
		var b []byte
		var want []string
		rows := rapid.IntRange(1, 4).Draw(t, "rows")
		width := rapid.IntRange(2, 5).Draw(t, "width")
		for r := range rows {
			for c := range width {
				text := bytes.Repeat([]byte{'x'}, rapid.SampledFrom([]int{0, 1, 7, 8, 30, 62, 63, 64, 65, 127, 128, 200}).Draw(t, "length"))
				if c > 0 {
					b = append(b, ',')
				}
				if rapid.Bool().Draw(t, "quoted") {
					text = append(text, rapid.SampledFrom([]string{"", ",", "\n", ",\n,"}).Draw(t, "inside")...)
					b = append(append(append(b, '"'), text...), '"')
				} else {
					b = append(b, text...)
				}
				want = append(want, string(text))
			}
			if r < rows-1 || rapid.Bool().Draw(t, "ends") {
				b = append(b, '\n')
			}
		}
		g := csvGrid{dialect: &d}
		g.reset("", width)
		g.scan(b, 1)
		var got []string
		for _, c := range g.cells {
			got = append(got, string(b[c.start:c.end]))
		}
		if len(g.rejects) > 0 || len(g.rows) != rows || len(got) != len(want) {
			t.Fatalf("%q: %d rows, %d rejects, cells %q", b, len(g.rows), len(g.rejects), got)
		}
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("%q: cell %d is %q, want %q", b, i, got[i], want[i])
			}
		}
	})
}
