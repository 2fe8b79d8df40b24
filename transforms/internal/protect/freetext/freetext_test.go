package freetext_test

import (
	"encoding/csv"
	"flag"
	"fmt"
	"math/big"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/transforms/internal/protect/freetext"
)

var update = flag.Bool("update", false, "write testdata/texts.txt")

func redact(text string) string {
	var c freetext.Counts
	return string(freetext.New(freetext.All, freetext.FrenchNames()).Redact(nil, []byte(text), &c))
}

func TestTexts(t *testing.T) {
	data, err := os.ReadFile("testdata/texts.txt")
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	text := ""
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, "#"):
			out.WriteString(line + "\n")
		case !strings.HasPrefix(line, "=> "):
			text = line
			out.WriteString(line + "\n")
		default:
			got := redact(text)
			if want := line[3:]; got != want && !*update {
				t.Errorf("%s\n  left %s\n  want %s", text, got, want)
			}
			out.WriteString("=> " + got + "\n")
		}
	}
	if *update {
		if err := os.WriteFile("testdata/texts.txt", []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// kept is what every text must keep: nothing is found in what was redacted,
// spans are in order and between characters, and what is outside of them stays.
func kept(t interface{ Errorf(string, ...any) }, text string) {
	d := freetext.New(freetext.All, freetext.FrenchNames())
	spans := d.Spans(nil, []byte(text))
	at, want := 0, ""
	for _, s := range spans {
		if s.Start < at || s.End <= s.Start || s.End > len(text) {
			t.Errorf("spans %v of %q are not in order", spans, text)
			return
		}
		if s.End < len(text) && utf8.ValidString(text) && !utf8.RuneStart(text[s.End]) || !utf8.RuneStart(text[s.Start]) {
			t.Errorf("span %v of %q cuts a character", s, text)
		}
		want += text[at:s.Start] + s.Kind.Token()
		at = s.End
	}
	want += text[at:]
	var c freetext.Counts
	got := string(d.Redact(nil, []byte(text), &c))
	if got != want || c.Total() != int64(len(spans)) {
		t.Errorf("%q became %q, not %q", text, got, want)
	}
	if left := freetext.Detect(got); left.Total() != 0 {
		t.Errorf("%q became %q, in which is found %v", text, got, left)
	}
	if again := redact(got); again != got {
		t.Errorf("%q became %q, then %q", text, got, again)
	}
}

// Pieces that detectors look for, and what may stand between them.
var pieces = []string{
	"Mme", "M.", "MM.", "Monsieur", "madame", "Jean", "Jeanne", "JEAN", "Marie-Noé", "DUPONT", "Le", "LE", "MAIRE", "Goff", "d'", "de", "la", "née",
	"né", "né(e)", "le", "naissance", "12/03/1980", "3 mars 1980", "1980", "le 1er avril 01", "12", "14", "bis", "rue", "Rue", "cours", "av.", "place",
	"rond-point", "Grande", "35000", "Rennes", "lieu-dit", "Ker", "06 12 34 56 78", "0612345678", "+33", "612345678", "(0)", "0033", "FR7630006000011234567890189",
	"FR76", "3000 6000 0112 3456 7890 189", "255081416802538", "2 55 08 14 168 025", "38", "732829320", "732 829 320", "00074", "AB-123-CD", "123", "ABC", "35",
	"2A", "a@b.fr", "@", "jean", "exemple.fr", "x.y", "[nom]", "[", "]", "L'", "Adjoint", "J.", "-P.", "X", "et", "É", "e\u0301", "œ", "\u200b", "\u00ad", "٣", "Ж", "ж",
	"１２", "\xff", "\u00e9", "TTC", "kg",
	"douze", "vingt-deux", "mars", "mil neuf cent", "(06)", "06·12", "Mgr", "Melle", "ép.", "«", "LD", "Ⅴ", "М", "JEANNE", "STADE", "33 6 12 34 56 78",
	"0 6 1 2 3 4 5 6 7 8", "12 / 03 / 1980", "de la rue", "A. Briand", "nés", "les",
}

var betweens = []string{" ", "", " ", "-", ".", ", ", "\n", "'", "\u00a0", "\u202f", "  ", "/", ":", ";", "_", "\n\n", "(", ")", "+", "(+", "(", " - ", " : ", "·", " @ ", "\r\n", " / "}

func TestNothingIsFoundInWhatWasRedacted(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		var b strings.Builder
		for range rapid.IntRange(1, 14).Draw(r, "pieces") {
			b.WriteString(rapid.SampledFrom(pieces).Draw(r, "piece"))
			b.WriteString(rapid.SampledFrom(betweens).Draw(r, "between"))
		}
		kept(r, b.String())
	})
}

func FuzzRedact(f *testing.F) {
	data, err := os.ReadFile("testdata/texts.txt")
	if err != nil {
		f.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		f.Add(strings.TrimPrefix(strings.TrimSuffix(line, "\n"), "=> "))
	}
	f.Fuzz(func(t *testing.T, text string) { kept(t, text) })
}

// Identifiers of the published vectors are found when their key is right, in
// whatever groups, and only then.
func TestVectors(t *testing.T) {
	file, err := os.Open("../../../../../shared/data/privacy/french/identifiers.csv")
	if err != nil {
		t.Skip("the shared test vectors are not here: ", err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]freetext.Kind{"nir": freetext.NIR, "iban": freetext.IBAN, "siren": freetext.SIREN, "siret": freetext.SIRET}
	tried := 0
	for _, row := range rows[1:] {
		kind, ok := kinds[row[0]]
		if !ok {
			continue
		}
		tried++
		ways := []string{row[1], "(" + row[1] + ")", "n°" + row[1] + "."}
		if kind == freetext.NIR || kind == freetext.IBAN {
			ways = append(ways, grouped(row[1], 4, " "), grouped(row[1], 4, "\u00a0"), grouped(row[1], 4, "-"), strings.ToLower(row[1]))
		} else {
			ways = append(ways, grouped(row[1][:9], 3, " ")+row[1][9:], grouped(row[1][:9], 3, "\u202f")+strings.TrimRight(" "+row[1][9:], " "))
		}
		for _, way := range ways {
			if got := freetext.Detect("Voir " + way + " au dossier")[kind] == 1; got != (row[2] == "true") {
				t.Errorf("%s %q: found is %t", row[0], way, got)
			}
		}
	}
	if tried < 15 {
		t.Errorf("only %d vectors were tried", tried)
	}
}

func grouped(s string, n int, between string) string {
	var parts []string
	for part := range slices.Chunk([]byte(s), n) {
		parts = append(parts, string(part))
	}
	return strings.Join(parts, between)
}

func TestKindsAreChosen(t *testing.T) {
	const text = "Mme Vermeillac, SIRET 73282932000074"
	var c freetext.Counts
	d := freetext.New(freetext.Persons, freetext.FrenchNames())
	if got := string(d.Redact(nil, []byte(text), &c)); got != "Mme [nom], SIRET 73282932000074" || c[freetext.Name] != 1 || c.Total() != 1 {
		t.Errorf("left %q, found %v", got, c)
	}
}

func TestOwnList(t *testing.T) {
	names, err := freetext.ReadNames(strings.NewReader("\ufeff# essai\r\nYsolde\n\nKer-Anna\n"))
	if err != nil {
		t.Fatal(err)
	}
	var c freetext.Counts
	d := freetext.New(freetext.All, names)
	if got := string(d.Redact(nil, []byte("Ysolde Pîneloup, KER-ANNA PÎNELOUP, Jean Pîneloup"), &c)); got != "[nom], [nom], Jean Pîneloup" {
		t.Errorf("left %q", got)
	}
	for _, bad := range []string{"Jean Paul", "Jean;2", "-", "é²"} {
		if _, err := freetext.ReadNames(strings.NewReader("Jean\n" + bad)); !messages.Has(err, messages.FirstNameLine) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func stringsOf(mem memory.Allocator, values ...string) arrow.Array {
	b := array.NewStringBuilder(mem)
	defer b.Release()
	b.AppendValues(values, nil)
	return b.NewArray()
}

// A dictionary is read once an entry and counted once a row; the column is the
// one that the plain texts give.
func TestColumns(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	texts := array.NewStringBuilder(mem)
	defer texts.Release()
	dict := array.NewDictionaryBuilder(mem, &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String}).(*array.BinaryDictionaryBuilder)
	defer dict.Release()
	for i := range 50 {
		switch i % 5 {
		case 0:
			texts.AppendNull()
			dict.AppendNull()
		case 1, 2:
			texts.Append("Mme Vermeillac au 06 12 34 56 78")
			_ = dict.AppendString("Mme Vermeillac au 06 12 34 56 78")
		default:
			texts.Append("rien à signaler")
			_ = dict.AppendString("rien à signaler")
		}
	}
	want := freetext.Counts{}
	want[freetext.Name], want[freetext.Phone] = 19, 19
	d := freetext.New(freetext.All, freetext.FrenchNames())
	clean := stringsOf(mem, "rien", "à signaler")
	var none freetext.Counts
	if same := d.Column(mem, clean, &none); same != clean || none.Total() != 0 {
		t.Error("a column in which nothing is found was copied")
	} else {
		same.Release()
	}
	clean.Release()
	for _, a := range []arrow.Array{texts.NewArray(), dict.NewArray()} {
		s := array.NewSlice(a, 2, 50)
		var c freetext.Counts
		out := d.Column(mem, s, &c)
		if c != want || d.Tally(s) != want {
			t.Errorf("%s: counted %v and %v", a.DataType(), c, d.Tally(s))
		}
		for i := range out.Len() {
			got := out.(*array.String).Value(i)
			if n := (i + 2) % 5; out.IsNull(i) != (n == 0) || n > 0 && n < 3 && got != "Mme [nom] au [téléphone]" || n > 2 && got != "rien à signaler" {
				t.Errorf("%s: row %d is %q", a.DataType(), i, got)
			}
		}
		out.Release()
		s.Release()
		a.Release()
	}
}

const clean = `Le conseil municipal, après en avoir délibéré, décide d'approuver la convention de partenariat entre la commune et ` +
	`l'association pour l'organisation des activités périscolaires, et autorise la signature des pièces nécessaires à l'exécution de la ` +
	`présente délibération ; les crédits correspondants sont inscrits au budget de l'exercice, chapitre 65, article 6574. ` +
	`Les travaux de réfection de la toiture de l'école élémentaire débuteront à la fin de l'été et dureront trois mois environ. `

func BenchmarkClean(b *testing.B) {
	text := []byte(strings.Repeat(clean, 20))
	d := freetext.New(freetext.All, freetext.FrenchNames())
	b.SetBytes(int64(len(text)))
	var c freetext.Counts
	var out []byte
	for b.Loop() {
		out = d.Redact(out[:0], text, &c)
	}
	if c.Total() != 0 {
		b.Error("something was found")
	}
}

func BenchmarkCapitals(b *testing.B) {
	text := []byte(strings.ToUpper(strings.Repeat(clean, 20)))
	d := freetext.New(freetext.All, freetext.FrenchNames())
	b.SetBytes(int64(len(text)))
	var spans []freetext.Span
	for b.Loop() {
		spans = d.Spans(spans[:0], text)
	}
}

func BenchmarkNames(b *testing.B) {
	data, err := os.ReadFile("testdata/texts.txt")
	if err != nil {
		b.Fatal(err)
	}
	d := freetext.New(freetext.All, freetext.FrenchNames())
	b.SetBytes(int64(len(data)))
	var c freetext.Counts
	var out []byte
	for b.Loop() {
		out = d.Redact(out[:0], data, &c)
	}
}

// key gives the two digits that complete the body of a NIR.
func key(body string) string {
	n := int64(0)
	for _, c := range strings.NewReplacer("2A", "19", "2B", "18").Replace(body) {
		n = 10*n + int64(c-'0')
	}
	return fmt.Sprintf("%02d", 97-n%97)
}

// ibanKey gives the two digits of an IBAN of France.
func ibanKey(body string) string {
	n, _ := new(big.Int).SetString(body+"152700", 10)
	return fmt.Sprintf("%02d", 98-new(big.Int).Mod(n, big.NewInt(97)).Int64())
}

// What is made up of every kind is found, wherever it stands, and no part of it
// is left.
func TestWhatIsMadeUpIsFound(t *testing.T) {
	digits := func(r *rapid.T, n int) string {
		return rapid.StringMatching(fmt.Sprintf("[0-9]{%d}", n)).Draw(r, "digits")
	}
	between := func(r *rapid.T) string {
		return rapid.SampledFrom([]string{"", " ", ".", "-", "\u00a0", "\u202f", "‑"}).Draw(r, "separator")
	}
	makers := map[freetext.Kind]func(r *rapid.T) (text, core string){
		freetext.NIR: func(r *rapid.T) (string, string) {
			dept := rapid.SampledFrom([]string{"35", "2A", "2B", "97", "99", "01"}).Draw(r, "dept")
			if dept[0] == '2' && dept[1] > '9' && rapid.Bool().Draw(r, "corse") {
				dept = "20"
			}
			parts := []string{rapid.SampledFrom([]string{"1", "2", "7", "8"}).Draw(r, "sex"), digits(r, 2), fmt.Sprintf("%02d", rapid.IntRange(1, 12).Draw(r, "month")), dept, digits(r, 3), digits(r, 3)}
			parts = append(parts, key(strings.Join(parts, "")))
			s := strings.Join(parts, between(r))
			return s, s
		},
		freetext.IBAN: func(r *rapid.T) (string, string) {
			body := digits(r, 23)
			s := grouped("FR"+ibanKey(body)+body, 4, between(r))
			return s, s
		},
		freetext.Phone: func(r *rapid.T) (string, string) {
			first := fmt.Sprint(rapid.IntRange(1, 9).Draw(r, "first"))
			s := grouped("0"+first+digits(r, 8), 2, between(r))
			if rapid.Bool().Draw(r, "abroad") {
				s = rapid.SampledFrom([]string{"+33", "+33 ", "0033", "00 33 ", "+33 (0)", "+33(0) "}).Draw(r, "code") + s[1:]
			}
			return s, s
		},
		freetext.Email: func(r *rapid.T) (string, string) {
			s := rapid.StringMatching(`[a-z][a-z0-9._+-]{0,12}[a-z0-9]@[a-z][a-z0-9-]{0,8}[a-z](\.[a-z]{2,5}){1,2}`).Draw(r, "email")
			return s, s
		},
		freetext.Plate: func(r *rapid.T) (string, string) {
			letters := rapid.StringMatching(`[A-HJ-NP-TV-Z]{4}`).Draw(r, "letters")
			s := letters[:2] + "-" + digits(r, 3) + "-" + letters[2:]
			return s, s
		},
		freetext.Birth: func(r *rapid.T) (string, string) {
			d, m, y := rapid.IntRange(1, 28).Draw(r, "d"), rapid.IntRange(1, 12).Draw(r, "m"), rapid.IntRange(1900, 2024).Draw(r, "y")
			months := []string{"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"}
			core := rapid.SampledFrom([]string{fmt.Sprintf("%02d/%02d/%d", d, m, y), fmt.Sprintf("%d-%02d-%02d", y, m, d), fmt.Sprintf("%d.%d.%02d", d, m, y%100), fmt.Sprintf("%d %s %d", d, months[m-1], y)}).Draw(r, "date")
			return rapid.SampledFrom([]string{"né le ", "Née le ", "né(e) le ", "NÉ LE ", "nés à Val-Fleuri le ", "date de naissance : ", "DDN ", "ne\u0301e le "}).Draw(r, "word") + core, core
		},
		freetext.Address: func(r *rapid.T) (string, string) {
			core := rapid.SampledFrom([]string{"du Lavoir", "de l'Océan", "Jeanne-Épi", "des Tilleuls", "du 8 mai 1945", "Saint-Aubin de la Lande"}).Draw(r, "name")
			return fmt.Sprint(rapid.IntRange(1, 999).Draw(r, "n")) + rapid.SampledFrom([]string{" ", ", ", " bis ", "B ", " ter, "}).Draw(r, "suffix") +
				rapid.SampledFrom([]string{"rue ", "avenue ", "RUE ", "av. ", "bd ", "impasse ", "allée ", "Place ", "rond-point ", "chemin "}).Draw(r, "type") + core, core
		},
		freetext.Name: func(r *rapid.T) (string, string) {
			core := rapid.SampledFrom([]string{"Vermeillac", "VERMEILLAC", "Ty-Guenolas", "d'Aubeterneuil", "Champdoré-Lys", "Œillet", "Le Pîneloup", "de La Brûlefontaine", "É\u0301ventoux"}).Draw(r, "name")
			return rapid.SampledFrom([]string{"M. ", "Mme ", "Monsieur ", "madame ", "MADAME ", "Mlle ", "Dr ", "Me ", "M\u00a0", "Maître "}).Draw(r, "civility") + core, core
		},
		freetext.FirstName: func(r *rapid.T) (string, string) {
			first := rapid.SampledFrom([]string{"Jeanne", "JEANNE", "Noé", "Jean-Noé", "Zoé", "Maëlys"}).Draw(r, "first")
			last := rapid.SampledFrom([]string{"VERMEILLAC", "Vermeillac", "Le Pîneloup", "de Ty-Guenolas", "d'Aubeterneuil", "V."}).Draw(r, "last")
			return first + " " + last, last
		},
	}
	for kind, maker := range makers {
		t.Run(fmt.Sprint(kind, int(kind)), func(t *testing.T) {
			rapid.Check(t, func(r *rapid.T) {
				before := rapid.SampledFrom([]string{"", "voir ", "(", "dossier suivi ; ", "«\u00a0", "\n", "Décision : ", "été, "}).Draw(r, "before")
				after := rapid.SampledFrom([]string{"", ".", " est inscrit", ")", ", puis", "\u00a0»", "\n", " ; fin"}).Draw(r, "after")
				text, core := maker(r)
				got := freetext.Detect(before + text + after)
				left := redact(before + text + after)
				if got[kind] == 0 || strings.Contains(left, core) || !strings.HasPrefix(left, before) || !strings.HasSuffix(left, after) {
					r.Errorf("%q: found %v, left %q", before+text+after, got, left)
				}
			})
		})
	}
}

// A megabyte of what makes rules look ahead takes no longer than its length.
func TestLongTexts(t *testing.T) {
	for _, piece := range []string{
		"Aa-", "A", "a", "A.", "A.-", "Jean ", "JEAN ", "Mme ", "MM. Aa, ", "1 rue ", "1 rue a", "1 ", "12-", "0", "06 ", "+33", "né(", "né le ", "né le 1 ", "a@", "@", "a@a.",
		"@a.a.", "FR76 ", "FR", "AB-123-", "é", "\u0301", "\u200b", "\xff", "lieu-dit ", "lieu-dit A-", "de la ", "Mme de la ", "[", "Ж-", "d'A", "1 mai ", "l'",
	} {
		text := []byte(strings.Repeat(piece, 1<<20/len(piece)))
		d := freetext.New(freetext.All, freetext.FrenchNames())
		var c freetext.Counts
		if out := d.Redact(nil, text, &c); len(out) == 0 {
			t.Errorf("nothing is left of %q", piece)
		}
	}
}

// What the expressions of the specification match is found, and a phone number
// that they match is, unless it is a date.
func TestExpressionsOfTheSpecification(t *testing.T) {
	phone := regexp.MustCompile(`^(?:\+33|0)[1-9](?:[ .-]?\d{2}){4}$`)
	dates := regexp.MustCompile(`^0[1-9][ .-](\d\d[ .-](19|20)\d\d[ .-]\d\d|(19|20)\d\d[ .-]\d\d[ .-]\d\d)$`)
	nir := regexp.MustCompile(`^[1-478]\d{2}(0[1-9]|1[0-2]|[2-9]\d)(\d{2}|2[AB])\d{3}\d{3}\d{2}$`)
	rapid.Check(t, func(r *rapid.T) {
		s := rapid.StringMatching(`(\+33|0)[1-9]([ .-]?[0-9]{2}){4}`).Draw(r, "phone")
		if !phone.MatchString(s) {
			r.Fatalf("%q is no phone number", s)
		}
		if got := freetext.Detect("au " + s + ", merci")[freetext.Phone]; got == 0 && !dates.MatchString(s) {
			r.Errorf("%q is not found", s)
		}
		body := rapid.StringMatching(`[1-478][0-9]{2}(0[1-9]|1[0-2]|[2-9][0-9])([0-9]{2}|2[AB])[0-9]{6}`).Draw(r, "nir")
		body += key(body)
		if !nir.MatchString(body) {
			r.Fatalf("%q is no NIR", body)
		}
		if freetext.Detect(body)[freetext.NIR] != 1 {
			r.Errorf("%q is not found", body)
		}
	})
}

// A column of texts is counted as its texts are one by one, whichever of them stand one
// after the other or were met before, whatever lies under nulls, and where it is a slice of another.
func TestTallyOfARunIsThatOfItsTexts(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		value := rapid.SampledFrom([]string{"", "a", "aa", "aaa", "Voirie", "Service 12", "06 12 34 56 78", "06 12 34 56 79", "Jeanne Vermeillac", strings.Repeat("x", 60), "M. Vermeillac, 12 rue du Lavoir"})
		b := array.NewStringBuilder(memory.DefaultAllocator)
		defer b.Release()
		nulls := rapid.Bool().Draw(r, "nulls")
		var texts []string
		var valid []bool
		for range rapid.IntRange(0, 12).Draw(r, "runs") {
			v, ok := value.Draw(r, "value"), !nulls || rapid.IntRange(0, 3).Draw(r, "null") > 0
			for range rapid.SampledFrom([]int{1, 2, 5, 31, 32, 33, 34, 65, 200}).Draw(r, "rows") {
				texts, valid = append(texts, v), append(valid, ok)
			}
		}
		b.AppendValues(texts, valid)
		whole := b.NewArray()
		defer whole.Release()
		from := rapid.IntRange(0, len(texts)).Draw(r, "from")
		to := rapid.IntRange(from, len(texts)).Draw(r, "to")
		a := array.NewSlice(whole, int64(from), int64(to))
		defer a.Release()
		var want freetext.Counts
		for i := from; i < to; i++ {
			if valid[i] {
				want.Add(freetext.Detect(texts[i]), 1)
			}
		}
		d := freetext.New(freetext.All, freetext.FrenchNames())
		for range 2 {
			if got := d.Tally(a); got != want {
				r.Fatalf("%q from %d to %d: %v, not %v", texts, from, to, got, want)
			}
		}
	})
}

// BenchmarkTally is how long it takes to look into the texts of a column, by how they repeat.
func BenchmarkTally(b *testing.B) {
	const rows = 1 << 16
	for name, value := range map[string]func(i int) string{
		"runs":   func(i int) string { return fmt.Sprintf("Service %d", i/500) },
		"few":    func(i int) string { return fmt.Sprintf("Service %d", i*7919%30) },
		"others": func(i int) string { return fmt.Sprintf("Service n° %d", i) },
	} {
		values := make([]string, rows)
		for i := range values {
			values[i] = value(i)
		}
		a := stringsOf(memory.DefaultAllocator, values...)
		b.Run(name, func(b *testing.B) {
			d := freetext.New(freetext.Persons, freetext.FrenchNames())
			for b.Loop() {
				d.Tally(a)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
		})
	}
}
