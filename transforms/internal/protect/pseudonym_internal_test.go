package protect

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"hash"
	"os"
	"strings"
	"testing"
	"unicode"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

const secret = "une clé d'essai de trente-deux octets"

func rootOf(t testing.TB, s string) Root {
	t.Helper()
	r, err := NewRoot(s, "essai")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func keyOf(t testing.TB, s Scope) Key {
	t.Helper()
	k, err := rootOf(t, secret).Key(s)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func mac(key, data []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(data)
	return h.Sum(nil)
}

// The formula, step by step: HKDF (RFC 5869) of the root for the scope, without
// salt, then HMAC of tag, 00 and canonical value, then base32.
func TestPseudonymIsTheFormula(t *testing.T) {
	info := []byte("lavoir pseudonym")
	for _, part := range []string{"permis", "dossier", "2024"} {
		info = append(binary.BigEndian.AppendUint32(info, uint32(len(part))), part...)
	}
	extracted := mac(make([]byte, sha256.Size), []byte(secret))
	key := mac(extracted, append(info, 1))
	want := base32.StdEncoding.EncodeToString(mac(key, []byte("v1\x00ÉLODIE MARTIN")))[:26]

	k := keyOf(t, Scope{"permis", "dossier", "2024"})
	for _, value := range []string{"Élodie Martin", " e\u0301lodie  MARTIN\u00a0"} {
		if got := k.Pseudonyms(Text).Of(value); got != want {
			t.Errorf("%q is %s, not %s", value, got, want)
		}
	}
	sum := sha256.Sum256(key)
	if got := k.Fingerprint(); got != hex.EncodeToString(sum[:8]) {
		t.Errorf("fingerprint %s", got)
	}
}

func TestCanonicalForms(t *testing.T) {
	for _, c := range []struct {
		form     Form
		in, want string
	}{
		{Exact, " Élodie ", " Élodie "}, {Text, "", ""}, {Text, "\t", ""}, {Text, "élan  vital", "ÉLAN VITAL"},
		{Identifier, "1 80 12-75.123\u00a0456 42", "180127512345642"}, {Identifier, "2a004", "2A004"}, {Identifier, "ｆｒ７６", "FR76"},
	} {
		if got := c.form.Canonical(c.in); got != c.want {
			t.Errorf("%s of %q is %q, not %q", c.form, c.in, got, c.want)
		}
	}
	rapid.Check(t, func(r *rapid.T) {
		s := rapid.String().Draw(r, "s")
		if once := Exact.Canonical(s); once != s {
			r.Errorf("exact changed %q", s)
		}
		if strings.ContainsAny(Identifier.Canonical(s), " \t-.\u00a0") {
			r.Errorf("spaces are left of %q", s)
		}
	})
}

// RFC 4231, through the function that pseudonyms are made with.
func TestHMACVectors(t *testing.T) {
	file, err := os.Open("../../../../shared/data/privacy/french/identifiers.csv")
	if err != nil {
		t.Skip("the shared test vectors are not here: ", err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, row := range rows {
		if row[0] != "hmac_sha256" {
			continue
		}
		tried++
		name, data, _ := strings.Cut(row[1], "|")
		key := []byte(strings.TrimPrefix(name, "key="))
		if name == "key=0b x20" {
			key = []byte(strings.Repeat("\x0b", 20))
		}
		if got := hex.EncodeToString(sum(hmac.New(sha256.New, key), nil, "", data)); got != row[2] {
			t.Errorf("%s: %s", row[3], got)
		}
	}
	if tried != 2 {
		t.Errorf("%d vectors were tried", tried)
	}
}

func TestEpochsAndKeys(t *testing.T) {
	root := rootOf(t, secret)
	epoch := func(r Root, fingerprint string) string {
		e, err := r.ReleaseEpoch([]byte(fingerprint))
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	one := epoch(root, "entrée 1")
	if one != epoch(rootOf(t, secret), "entrée 1") {
		t.Error("one input has two epochs")
	}
	if one == epoch(root, "entrée 2") || one == epoch(rootOf(t, secret+"2"), "entrée 1") {
		t.Error("two inputs, or two roots, have one epoch")
	}
	if _, err := NewRoot("trop courte", "essai"); !messages.Has(err, messages.WeakKey) || strings.Contains(err.Error(), "courte") {
		t.Errorf("error %v", err)
	}
	if _, err := NewRandomRoot(strings.NewReader("peu")); err == nil {
		t.Error("too little chance was enough")
	}
	drawn, err := NewRandomRoot(strings.NewReader(secret))
	if err != nil {
		t.Fatal(err)
	}
	k, err := drawn.Key(Scope{})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []any{root, &root, k, &k, []Key{k}, struct{ K Key }{k}, struct{ k Key }{k}, struct{ r Root }{root}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d"} {
			if s := fmt.Sprintf(verb, v); strings.Contains(s, "essai") || strings.Contains(s, hex.EncodeToString(k.key()[:4])) || strings.Contains(s, fmt.Sprint(k.key()[:4])[1:10]) || strings.Contains(s, fmt.Sprint([]byte(secret)[:4])[1:10]) {
				t.Errorf("%s of %T shows the key", verb, v)
			}
		}
	}
}

type counting struct {
	hash.Hash
	n int
}

func (c *counting) Write(b []byte) (int, error) {
	c.n++
	return c.Hash.Write(b)
}

func stringsOf(mem memory.Allocator, values ...string) arrow.Array {
	b := array.NewStringBuilder(mem)
	defer b.Release()
	for _, v := range values {
		if v == "∅" {
			b.AppendNull()
		} else {
			b.Append(v)
		}
	}
	return b.NewArray()
}

// dictionaryOf is the same column as a dictionary.
func dictionaryOf(mem memory.Allocator, a arrow.Array) arrow.Array {
	b := array.NewDictionaryBuilder(mem, &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: a.DataType()}).(*array.BinaryDictionaryBuilder)
	defer b.Release()
	for i := range a.Len() {
		if a.IsNull(i) {
			b.AppendNull()
		} else if err := b.AppendString(a.(*array.String).Value(i)); err != nil {
			panic(err)
		}
	}
	return b.NewArray()
}

func TestOneHMACForEachValue(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	plain := stringsOf(mem, "a", "b", "∅", "a", "", "b", "a", "")
	defer plain.Release()
	dict := dictionaryOf(mem, plain)
	defer dict.Release()
	var outs []string
	for _, in := range []arrow.Array{plain, dict} {
		p := keyOf(t, Scope{}).Pseudonyms(Exact)
		c := &counting{Hash: p.mac.blocks}
		p.mac.blocks = c
		for range 2 {
			out := p.Column(mem, in)
			outs = append(outs, fmt.Sprint(out))
			if out.NullN() != 1 || !out.IsNull(2) || out.(*array.String).Value(4) != out.(*array.String).Value(7) || out.(*array.String).Value(4) == out.(*array.String).Value(0) {
				t.Errorf("%s: %v", in.DataType(), out)
			}
			out.Release()
		}
		if c.n != 2*3 {
			t.Errorf("%s: %d blocks for 3 values", in.DataType(), c.n)
		}
	}
	for _, s := range outs {
		if s != outs[0] {
			t.Errorf("%s differs from %s", s, outs[0])
		}
	}
}

// Surrogates are 1 to n, one for each value, whatever the order of the rows and
// wherever they are cut.
func TestSurrogatesDoNotDependOnTheOrder(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	k := keyOf(t, Scope{"d", "c", "e"})
	rapid.Check(t, func(r *rapid.T) {
		values := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f", "", "∅", "A"}), 0, 40).Draw(r, "values")
		numbers := func(values []string, cut int) map[string]int64 {
			s, other := k.Surrogates(Text), k.Surrogates(Text)
			cut = min(cut, len(values))
			front, back := stringsOf(mem, values[:cut]...), stringsOf(mem, values[cut:]...)
			defer front.Release()
			defer back.Release()
			s.Observe(front)
			other.Observe(back)
			s.Merge(other)
			got := map[string]int64{}
			for n, a := range []arrow.Array{front, back} {
				out, err := s.Column(mem, a)
				if err != nil {
					r.Fatal(err)
				}
				for i, v := range [][]string{values[:cut], values[cut:]}[n] {
					if (v == "∅") != out.IsNull(i) {
						r.Errorf("%q: null is %t", v, out.IsNull(i))
					} else if v != "∅" {
						got[strings.ToUpper(v)] = out.(*array.Int64).Value(i)
					}
				}
				out.Release()
			}
			if s.Len() != len(got) {
				r.Errorf("%d values, highest number %d", len(got), s.Len())
			}
			return got
		}
		want := numbers(values, rapid.IntRange(0, 40).Draw(r, "cut"))
		seen := map[int64]bool{}
		for v, n := range want {
			if n < 1 || n > int64(len(want)) || seen[n] {
				r.Errorf("%q has the number %d of %d", v, n, len(want))
			}
			seen[n] = true
		}
		shuffled := rapid.Permutation(values).Draw(r, "shuffled")
		if got := numbers(shuffled, rapid.IntRange(0, 40).Draw(r, "cut2")); fmt.Sprint(got) != fmt.Sprint(want) {
			r.Errorf("in another order the numbers are %v, not %v", got, want)
		}
	})
	a := stringsOf(mem, "a")
	defer a.Release()
	if _, err := k.Surrogates(Text).Column(mem, a); err == nil {
		t.Error("a value that was not observed got a number")
	}
}

func TestManySurrogates(t *testing.T) {
	mem := memory.NewGoAllocator()
	s := keyOf(t, Scope{}).Surrogates(Exact)
	var columns []arrow.Array
	for b := range 10 {
		var values []string
		for i := range 1000 {
			values = append(values, fmt.Sprint((b*700+i)%5000))
		}
		columns = append(columns, stringsOf(mem, values...))
		s.Observe(columns[b])
	}
	if s.Len() != 5000 {
		t.Fatalf("%d values", s.Len())
	}
	numbers := map[int64]string{}
	for _, c := range columns {
		out, err := s.Column(mem, c)
		if err != nil {
			t.Fatal(err)
		}
		for i := range out.Len() {
			n, v := out.(*array.Int64).Value(i), c.(*array.String).Value(i)
			if first, ok := numbers[n]; ok && first != v {
				t.Fatalf("%s and %s are both %d", first, v, n)
			}
			numbers[n] = v
		}
	}
}

func TestPartialMasks(t *testing.T) {
	for _, c := range []struct {
		first, last int
		in, want    string
	}{
		{1, 0, "Vermeillac", "V***"}, {0, 2, "Vermeillac", "***ac"}, {2, 2, "FR7630006000011234567890189", "FR***89"},
		{2, 2, "12345678", "12***78"}, {2, 2, "1234567", "***"}, {1, 0, "ab", "a***"}, {1, 0, "a", "***"}, {1, 1, "", ""}, {1, 1, "  ", ""},
		{1, 0, "  Élodie ", "É***"}, {1, 0, "E\u0301lodie", "É***"}, {0, 1, "Ze\u0323\u0307", "***ẹ\u0307"}, {1, 0, "Жанна", "Ж***"}, {1, 0, "\u0301ab", "\u0301***"},
		{2, 0, "Jo--", "***"}, {2, 0, "Jo. A", "***"}, {2, 0, "Jo. An", "Jo***"}, {2, 0, "Jo\u200b\u200b\u3164\u200d", "***"}, {1, 0, "\u200bab", "a***"}, {1, 0, "a\u00adb", "a***"},
		{0, 1, "漢字", "***字"}, {1, 0, "\U0001f469\u200d\U0001f467 ab", "\U0001f469***"},
	} {
		p, err := NewPartial(c.first, c.last)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Of(c.in); got != c.want {
			t.Errorf("%d, %d of %q: %q, not %q", c.first, c.last, c.in, got, c.want)
		}
	}
	for _, bad := range [][2]int{{0, 0}, {3, -3}, {-2, 2}} {
		if _, err := NewPartial(bad[0], bad[1]); !messages.Has(err, messages.PartialMask) {
			t.Errorf("%v: %v", bad, err)
		}
	}
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	in := stringsOf(mem, "Vermeillac", "∅", "Jo")
	defer in.Release()
	p, _ := NewPartial(1, 1)
	out := p.Column(mem, in)
	defer out.Release()
	gone := Redact(mem, in, Redacted)
	defer gone.Release()
	if got := fmt.Sprint(out, gone); got != `["V***c" (null) "***"] ["[masqué]" (null) "[masqué]"]` {
		t.Error(got)
	}
}

func BenchmarkPseudonyms(b *testing.B) {
	p := keyOf(b, Scope{}).Pseudonyms(Text)
	for b.Loop() {
		p.Of("Élodie Martin")
	}
}

// Texts without accents have a shorter way to their canonical form.
func TestCanonicalFormsOfPlainTexts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringOf(rapid.RuneFrom(nil, unicode.ASCII_Hex_Digit, &unicode.RangeTable{R16: []unicode.Range16{{Lo: 0, Hi: 0x7f, Stride: 1}}})).Draw(t, "text")
		text := strings.Join(strings.Fields(strings.ToUpper(s)), " ")
		identifier := strings.Map(func(r rune) rune {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				return unicode.ToUpper(r)
			}
			return -1
		}, s)
		if got := Text.Canonical(s); got != text {
			t.Errorf("%q is the text %q, not %q", s, got, text)
		}
		if got := Identifier.Canonical(s); got != identifier {
			t.Errorf("%q is the identifier %q, not %q", s, got, identifier)
		}
	})
}
