package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Wherever the disk is enough for a task that reads its file twice, it is enough for one
// whose stage may keep rows (invariant 9).
func TestKeptRowsTakeNoDiskFromOthers(t *testing.T) {
	t.Parallel()
	tb := crowd(14_000, false)
	for i, row := range tb.Rows { // more than files hold in memory
		row[len(row)-1] = fmt.Sprintf("salle %d %s", i, strings.Repeat("x", 400))
	}
	r := rand.New(rand.NewPCG(7, 7))
	r.Shuffle(len(tb.Rows), func(i, j int) { tb.Rows[i], tb.Rows[j] = tb.Rows[j], tb.Rows[i] })
	published, failed := 0, 0
	for disk := pipelines.Size(28 << 20); disk < 128<<20 && published < 3; disk += disk / 12 {
		d := deal{batch: 4096, workers: 2, memory: "1GiB", again: true, disk: disk, aside: &aside{memory: 8 << 20}}
		twice := d.forged(t, tb, "parquet", func(rows [][]string) [][]string { return rows })
		kept := d.forged(t, tb, "parquet", nil)
		for _, err := range []error{twice.Err, kept.Err} {
			if err != nil && !messages.Has(err, messages.DiskBound) {
				t.Fatal(err)
			}
		}
		if kept.Err != nil && twice.Err == nil {
			t.Errorf("%s of disk: %v, where reading twice has enough", disk, kept.Err)
		}
		if twice.Err == nil {
			published++
		} else {
			failed++
		}
	}
	if published == 0 || failed == 0 {
		t.Errorf("%d publish and %d do not: the test tests nothing", published, failed)
	}
}
