package freetext_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/transforms/internal/protect/freetext"
)

const termList = "\ufeff# lieux et surnoms\r\nLa Brûlefontaine\nTy-Guenolas\nl'Ankou\nVermeillac\n06\nrue\n\n"

func terms(t testing.TB, list string) *freetext.Terms {
	t.Helper()
	terms, err := freetext.ReadTerms(strings.NewReader(list))
	if err != nil {
		t.Fatal(err)
	}
	return terms
}

func TestTerms(t *testing.T) {
	d := freetext.New(freetext.All, freetext.FrenchNames()).With(terms(t, termList))
	for text, want := range map[string]string{
		"route de la Brûlefontaine":           "route de [terme]",
		"LA BRULEFONTAINE, la-brûlefontaine":  "[terme], [terme]",
		"la Brûle fontaine":                   "la Brûle fontaine",
		"la Brûlefontaines":                   "la Brûlefontaines",
		"hameau de Ty Guenolas et Ty-Guenola": "hameau de [terme] et Ty-Guenola",
		"dit L’Ankou":                         "dit [terme]",
		"vermeillac":                          "[terme]",
		"Mme Vermeillac au 06 12 34 56 78":    "Mme [nom] au [téléphone]",
		"12 rue Haute":                        "[adresse]",
	} {
		var c freetext.Counts
		if got := string(d.Redact(nil, []byte(text), &c)); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

func TestTermsThatCannotBe(t *testing.T) {
	for _, bad := range []string{"nom", "Date", "sécurité sociale", "téléphone", "terme", "a/b", "é;", "-", "Дом", strings.Repeat("a", 25), strings.Repeat("a ", 9)} {
		if _, err := freetext.ReadTerms(strings.NewReader("Vermeillac\n" + bad)); !messages.Has(err, messages.TermLine) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// Terms too leave nothing to find in what was redacted, whatever stands beside them.
func TestNothingIsFoundOfTermsInWhatWasRedacted(t *testing.T) {
	list := terms(t, termList+"Jean\n12\net\nM\nné le\n35000 Rennes\n33\ncours\n")
	some := append([]string{"La", "Brûlefontaine", "Vermeillac", "l'", "Ankou"}, pieces...)
	rapid.Check(t, func(r *rapid.T) {
		var b strings.Builder
		for range rapid.IntRange(1, 14).Draw(r, "pieces") {
			b.WriteString(rapid.SampledFrom(some).Draw(r, "piece"))
			b.WriteString(rapid.SampledFrom(betweens).Draw(r, "between"))
		}
		d := freetext.New(freetext.All, freetext.FrenchNames()).With(list)
		var c freetext.Counts
		got := d.Redact(nil, []byte(b.String()), &c)
		if left := d.Spans(nil, got); len(left) > 0 {
			r.Errorf("%q became %q, in which is found %v", b.String(), got, left)
		}
	})
}

func TestKindsHaveWords(t *testing.T) {
	words := freetext.All.Words()
	for _, word := range words {
		if k, ok := freetext.KindOf(word); !ok || k.Word() != word || k.Token() == "[]" {
			t.Errorf("%q is %v, %t", word, k, ok)
		}
	}
	if _, ok := freetext.KindOf(""); ok || len(words) != 12 {
		t.Errorf("kinds %v", words)
	}
}

// low are pieces that stand around numbers in texts without a second capital.
var low = []string{"Aide", "né", "né le", "née", "ne", "naissance", "naiss", "ddn", "lieu", "dit", "lieu-dit", "lieudit", "de", "la", "du", "et", "a", "à", "au",
	"b", "bis", "ter", "rue", "grande", "grand-", "av", "av.", "place", "mars", "mai", "juin", "1er", "er", "er mars", "1", "2", "5", "12", "14", "31", "80", "01",
	"03", "1980", "2024", "35000", "123456", "1234567", "06 12 34 56 78", "ab", "cd", "ab-123-cd", "fr", "fr76", "ad12", "m.", "mme", "famille", "ans", "euros",
	"école", "été", "n°", "°", "(", ")", "%", ";", ":", ",", ".", "-", "/", "'", "’", "«", "\u00a0", "\u00ad", "m", "kg", "x", "rond-point", "za", "zone", "r", "+32"}

// Texts that are passed over without being read hold nothing when they are read.
func TestWhatIsPassedOverHoldsNothing(t *testing.T) {
	nothing := terms(t, "zzz\n") // with terms every text is read
	r := rand.New(rand.NewPCG(1, 2))
	for range 200_000 {
		var b []byte
		for range 1 + r.IntN(8) {
			b = append(b, low[r.IntN(len(low))]...)
			b = append(b, betweens[r.IntN(len(betweens))]...)
		}
		read := freetext.New(freetext.Persons, freetext.FrenchNames()).With(nothing).Spans(nil, b)
		if got := freetext.New(freetext.Persons, freetext.FrenchNames()).Spans(nil, b); !slices.Equal(got, read) {
			t.Fatalf("in %q is found %v, and %v when it is read", b, got, read)
		}
	}
}

// Identifiers of things are nobody's: hashes, permits, associations, parcels,
// establishments and their like hold nothing, however many there are.
func TestIdentifiersOfThingsHoldNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 5))
	n := func(most int) int { return r.IntN(most) }
	kinds := map[string]func() string{
		"md5":        func() string { return fmt.Sprintf("%016x%016x", r.Uint64(), r.Uint64()) },
		"MD5":        func() string { return fmt.Sprintf("%016X%016X", r.Uint64(), r.Uint64()) },
		"short hash": func() string { return fmt.Sprintf("%x", r.Uint64()) },
		"sha256": func() string {
			return fmt.Sprintf("%016x%016x%016x%016x", r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64())
		},
		"uuid": func() string {
			return fmt.Sprintf("%08x-%04x-4%03x-a%03x-%012x", r.Uint32(), n(1<<16), n(1<<12), n(1<<12), r.Uint64()>>16)
		},
		"permit": func() string {
			return fmt.Sprintf("%s0%02d%03d%02d%05d", []string{"PC", "DP", "PA", "CU", "PD", "AT"}[n(6)], 1+n(95), n(1000), n(30), n(100000))
		},
		"permit, new": func() string { return fmt.Sprintf("PC 0%02d %03d %02d A%04d", 1+n(95), n(1000), n(30), n(10000)) },
		"rna":         func() string { return fmt.Sprintf("W%02d%d%06d", 1+n(95), n(10), n(1000000)) },
		"siren":       func() string { return withLuhn(fmt.Sprintf("%08d", n(1e8))) },
		"siret":       func() string { return withLuhn(withLuhn(fmt.Sprintf("%08d", n(1e8))) + fmt.Sprintf("%04d", n(1e4))) },
		"parcel": func() string {
			return fmt.Sprintf("%02d%03d000%c%c%04d", 1+n(95), n(1000), 'A'+n(26), 'A'+n(26), n(10000))
		},
		"address key": func() string { return fmt.Sprintf("%02d%03d_%04d_%05d", 1+n(95), n(1000), n(10000), n(10000)) },
		"instant": func() string {
			return fmt.Sprintf("20%02d-%02d-%02dT%02d:%02d:%02d+02:00", n(30), 1+n(12), 1+n(28), n(24), n(60), n(60))
		},
		"position": func() string { return fmt.Sprintf("%.7f, %.7f", 40+10*r.Float64(), 5*r.Float64()) },
		"amount":   func() string { return fmt.Sprintf("%d %03d %03d,%02d €", 1+n(999), n(1000), n(1000), n(100)) },
	}
	d := freetext.New(freetext.Persons, freetext.FrenchNames())
	for _, name := range slices.Sorted(maps.Keys(kinds)) {
		for range 50_000 {
			if text := kinds[name](); len(d.Spans(nil, []byte(text))) > 0 {
				t.Errorf("%s: %q is found to be %v", name, text, freetext.Detect(text))
				break
			}
		}
	}
}

// withLuhn is a number with the digit that makes it pass the check of Luhn.
func withLuhn(digits string) string {
	sum := 0
	for i := range len(digits) {
		n := int(digits[len(digits)-1-i] - '0')
		if i%2 == 0 {
			if n *= 2; n > 9 {
				n -= 9
			}
		}
		sum += n
	}
	return digits + fmt.Sprint((10-sum%10)%10)
}
