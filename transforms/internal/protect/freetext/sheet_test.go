package freetext_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lavoir-data/lavoir/transforms/internal/protect/freetext"
)

func sheet(n int, texts ...string) *freetext.Sheet {
	s := freetext.NewSheet(freetext.New(freetext.All, freetext.FrenchNames()), n, []byte("graine"))
	for _, text := range texts {
		s.Add([]byte(text))
	}
	return s
}

// The same texts give the same sheet in whatever order they come, however often,
// and on however many workers.
func TestSheetDependsOnTheTextsAlone(t *testing.T) {
	var texts []string
	for i := range 300 {
		texts = append(texts, fmt.Sprintf("dossier %d sans suite", i))
		if i%5 == 0 {
			texts = append(texts, fmt.Sprintf("dossier %d de Mme Vermeillac, tél. 06 12 34 56 %02d", i, i%100))
		}
	}
	want := sheet(20, texts...).Rows()
	if len(want) != 20 {
		t.Fatalf("%d rows", len(want))
	}
	found := 0
	for i, row := range want {
		if row.Number != i+1 {
			t.Errorf("row %d has number %d", i+1, row.Number)
		}
		if row.Found != "" {
			found++
			if row.Found != "nom, téléphone" || !strings.Contains(row.Marked, "Mme ⟦Vermeillac⟧, tél. ⟦06 12") {
				t.Errorf("row %d: %s: %s", row.Number, row.Found, row.Marked)
			}
		}
	}
	if found != 10 {
		t.Errorf("%d of 20 rows have passages", found)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 5 {
		r.Shuffle(len(texts), func(i, j int) { texts[i], texts[j] = texts[j], texts[i] })
		parts := sheet(20, texts[:100]...)
		parts.Merge(sheet(20, append(texts[100:], texts[:50]...)...))
		if diff := cmp.Diff(want, parts.Rows()); diff != "" {
			t.Error(diff)
		}
	}
}

func TestSheetOfFewTexts(t *testing.T) {
	for _, c := range []struct {
		n, want int
		texts   []string
	}{
		{4, 0, nil}, {0, 0, []string{"a"}}, {4, 2, []string{"a", "b", "a"}}, {4, 4, []string{"a", "Mme Vermeillac", "b", "c", "d"}},
		{4, 4, []string{"Mme Vermeillac", "Mme Lœnvique", "Mme Quercyval", "Mme Éventoux", "a"}},
	} {
		if got := len(sheet(c.n, c.texts...).Rows()); got != c.want {
			t.Errorf("%d rows of %v, not %d", got, c.texts, c.want)
		}
	}
}
