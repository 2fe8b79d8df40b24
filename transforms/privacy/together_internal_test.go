package privacy

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"testing"
)

// taken is how many bytes f asks for.
func taken(f func()) int64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc)
}

// The parts of one large class, or of one large group of rows that came, take no more while
// they are judged than was held for the class (invariant 9).
func TestPartsTakeNoMoreThanWasHeld(t *testing.T) {
	const many = 20_000
	p := policy{policyConfig: policyConfig{Model: &modelConfig{Judged: "together"}}}
	for column := range 3 {
		p.Sensitive = append(p.Sensitive, sensitiveConfig{Column: fmt.Sprint(column), Diversity: &diversityConfig{L: 2}})
	}
	c := &recount{t: p, values: make([]valuesOf, 3), joint: []map[string]int64{{}}}
	changed := &comparison{t: p}
	all := &sums{joint: map[group]map[string]int64{}}
	g := group{side: 1}
	for v := range p.Sensitive {
		changed.texts = append(changed.texts, nil)
		for i := range many {
			changed.texts[v] = append(changed.texts[v], fmt.Sprintf("=%d", i))
		}
	}
	held := int64(0)
	for i := range many {
		var row []byte
		codes := []uint32{uint32(i % 2), uint32(i / 2), uint32(i / 4)}
		for _, code := range codes {
			text := fmt.Sprint(code)
			row = append(binary.AppendUvarint(row, uint64(len(text))+1), text...)
		}
		c.joint[0][string(row)] = 1
		held += int64(len(row)) + valueCost
		if err := changed.addTogether(all, g, codes, 1); err != nil {
			t.Fatal(err)
		}
	}
	for column, parts := range []int{many / 2, many / 2, many} {
		n := 0
		took := taken(func() {
			for range c.eachPart(column) {
				n++
			}
		})
		if n != parts || took > held {
			t.Errorf("%d parts, want %d; %d bytes of a class of %d", n, parts, took, held)
		}
		n = 0
		took = taken(func() {
			for range changed.eachPart(all, column) {
				n++
			}
		})
		if n != parts || took > held {
			t.Errorf("of what came %d parts, want %d; %d bytes of %d", n, parts, took, held)
		}
	}
}
