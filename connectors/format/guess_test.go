package format

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/apache/arrow/go/v15/arrow/memory"
	"golang.org/x/text/encoding/charmap"

	"github.com/lavoir-data/lavoir/pipelines"
)

func guessOf(t *testing.T, g pipelines.Guesser, name string, b []byte) *pipelines.Guess {
	t.Helper()
	in := pipelines.GuessFile{Name: "x", Extension: name[strings.LastIndexByte(name, '.'):], Size: int64(len(b)),
		Open: func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }}
	if g.Looks(b[:min(len(b), pipelines.GuessHead)], in) == 0 {
		t.Fatalf("%T does not look at %s", g, name)
	}
	got, err := g.Guess(context.Background(), pipelines.Env{Allocator: memory.NewGoAllocator(), Hide: func(string) string { return "x" }}, in)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func summary(g *pipelines.Guess) string {
	var parts []string
	for _, o := range g.Options {
		parts = append(parts, o.Name+"="+o.Value)
	}
	for _, c := range g.Columns {
		parts = append(parts, c.Name+":"+c.Type)
	}
	for _, r := range g.Rejects {
		parts = append(parts, fmt.Sprintf("reject %s %s ×%d %v", r.Column, r.Why.Code, r.Count, r.Lines))
	}
	return fmt.Sprintf("%d rows; %s", g.Rows, strings.Join(parts, "; "))
}

func TestGuessCSV(t *testing.T) {
	cp1252, err := charmap.Windows1252.NewEncoder().String("objet;prix\nréfection à l’été;12,50 \ncœur;1 000,00\n")
	if err != nil {
		t.Fatal(err)
	}
	cp850, err := charmap.CodePage850.NewEncoder().String("objet;n\nréfection à l'été;1\ndéjà réglé;2\n")
	if err != nil {
		t.Fatal(err)
	}
	var wide []byte
	for _, u := range utf16.Encode([]rune("été,n\nun,1\ndeux,2\n")) {
		wide = append(wide, byte(u), byte(u>>8))
	}
	for _, c := range []struct{ name, in, want string }{
		{"zeros in front", "a,b\n01,1\n02,2\n", `2 rows; delimiter=","; a:text; b:int64`},
		{"fourteen digits", "n,b\n21990001500017,1\n21990001500025,2\n", `2 rows; delimiter=","; n:siret; b:int64`},
		{"codes by name", "code_insee,cp,code nature,total\n99001,99120,6068,5\n2A004,20000,74,6\n", `2 rows; delimiter=","; code_insee:insee; cp:postcode; code nature:text; total:int64`},
		{"whole amounts are decimal", "Montant TTC,n\n100,1\n250,2\n", `2 rows; delimiter=","; Montant TTC:decimal(12, 2); n:int64`},
		{"ambiguous days", "le;n\n01/02/2024;1\n03/04/2024;2\n", `2 rows; delimiter=";"; le:date("DD/MM/YYYY"); n:int64`},
		{"American days", "le;n\n01/13/2024;1\n03/04/2024;2\n", `2 rows; delimiter=";"; le:date("MM/DD/YYYY"); n:int64`},
		{"instants", "a;b\n2024-01-02T03:04:05Z;02/01/2024 03:04\n2024-01-02T03:04:06+01:00;13/01/2024 03:04\n",
			`2 rows; delimiter=";"; a:timestamp; b:timestamp("DD/MM/YYYY HH:mm", "Europe/Paris")`},
		{"cp1252, comma, no-break spaces, padding", cp1252, `2 rows; encoding="cp1252"; delimiter=";"; decimal=","; thousands=" "; trim=true; objet:text; prix:decimal(12, 2)`},
		{"cp850", cp850, `2 rows; encoding="cp850"; delimiter=";"; objet:text; n:int64`},
		{"UTF-16 without a mark", string(wide), `2 rows; encoding="utf-16le"; delimiter=","; été:text; n:int64`},
		{"two programs wrote it", "nom,n\nété,1\n\xe9t\xe9,2\n", `2 rows; repair="cp1252"; delimiter=","; nom:text; n:int64`},
		{"titles, two rows of names", "Rapport;;;\n\nRecettes;;Dépenses;\nprévu;réel;prévu;réel\n1;2;3;4\n5;6;7;8\n",
			`2 rows; delimiter=";"; header=3; header_rows=2; Recettes prévu:int64; Recettes réel:int64; Dépenses prévu:int64; Dépenses réel:int64`},
		{"names again, blank rows, totals", "a;b\n1;2\na;b\n;\n3;4\nTotal;6\n", `2 rows; delimiter=";"; skip_blank=true; skip_repeated_header=true; skip_footer=1; a:int64; b:int64`},
		{"no names", "21990001500017;2024-01-02;3\n21990001500025;2024-01-03;4\n", `2 rows; delimiter=";"; header=0; column_1:siret; column_2:date; column_3:int64`},
		{"names twice", "n,n,x\n1,2,3\n", `1 rows; delimiter=","; duplicates="number"; n:int64; n_2:int64; x:int64`},
		{"words for null", "a,b\n1,x\nNC,NULL\n3,NC\n", `3 rows; delimiter=","; null=["", "NC", "NULL"]; a:int64; b:text`},
		{"not all are numbers", "a,b\n1,1\nx,2\n", `2 rows; delimiter=","; a:text; b:int64`},
		{"ragged", "a,b\n1,2\n3\n4,5,6\n7,8\n", `2 rows; delimiter=","; a:int64; b:int64; reject  LAV-4009 ×2 [3 4]`},
		{"lost letters", "a,b\nréfection,1\nr\uFFFDfection,2\nvoirie,3\n", `2 rows; delimiter=","; a:text; b:int64; reject a LAV-4025 ×1 [3]`},
		{"destroyed by a spreadsheet", "siret,n\n21990001500017,1\n21990001500025,2\n\"2,19E+13\",3\n", `3 rows; delimiter=","; siret:siret; n:int64; reject siret LAV-4725 ×1 [4]`},
		{"tabs and quotes", "a\tb\n\"x\ty\"\t1\n\"l1\nl2\"\t2\n", `2 rows; delimiter="\t"; a:text; b:int64`},
		{"words of bool", "actif,n\noui,1\nnon,2\n", `2 rows; delimiter=","; actif:bool; n:int64`},
		{"trace of binary numbers", "x,n\n0.30000000000000004,1\n", `1 rows; delimiter=","; x:float64; n:int64`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := summary(guessOf(t, csvConfig{}, "x.csv", []byte(c.in))); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// A column of a hundred values is what all but one are, and the one is told.
func TestGuessTellsSlips(t *testing.T) {
	var b strings.Builder
	b.WriteString("n;x\n")
	for i := range 200 {
		if i == 150 {
			b.WriteString("environ 12;a\n")
			continue
		}
		fmt.Fprintf(&b, "%d;a\n", i)
	}
	want := `200 rows; delimiter=";"; n:int64; x:text; reject n LAV-4725 ×1 [152]`
	if got := summary(guessOf(t, csvConfig{}, "x.csv", []byte(b.String()))); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestGuessPersonalValues(t *testing.T) {
	g := guessOf(t, csvConfig{}, "x.csv", []byte("a,b,c,d,e\n"+
		"x@example.org,02 99 00 00 00,FR7630006000011234567890189,1 85 05 78 006 084 91,Mme Essai\n"))
	want := []string{"courriel", "téléphone", "IBAN", "NIR", "nom"}
	for i, c := range g.Columns {
		if c.Personal != want[i] {
			t.Errorf("column %d is %q, want %q", i+1, c.Personal, want[i])
		}
	}
}

func TestGuessJSON(t *testing.T) {
	in := `{"publication": "2024-03-01", "marches": {"marche": [
		{"id": "a1", "acheteur": {"id": "21990001500017"}, "montant": 10.5, "clauses": ["x", "y"], "titulaires": [{"id": 1}, {"id": 2}], "avance": true},
		{"id": "a2", "acheteur": {"id": "21990001500025"}, "montant": 3, "cle.pointee": null}]}}`
	want := `2 rows; record="marches.marche"; fields={
id = "id"
acheteur_id = "acheteur.id"
montant = "montant"
clauses = "clauses"
avance = "avance"
"cle.pointee" = "'cle.pointee'"
}; id:text; acheteur_id:siret; montant:decimal(12, 2); clauses:list(text); avance:bool; cle.pointee:text`
	if got := summary(guessOf(t, jsonConfig{}, "x.json", []byte(in))); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	lines := "{\"a\": 1, \"b\": \"01\"}\n{\"a\": 2}\n"
	if got, want := summary(guessOf(t, jsonLinesConfig{}, "x.jsonl", []byte(lines))), "2 rows; fields={\na = \"a\"\nb = \"b\"\n}; a:int64; b:text"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestGuessXML(t *testing.T) {
	in := `<?xml version="1.0" encoding="ISO-8859-1"?>
<budget xmlns="urn:x"><entete><coll V="21990001500017"/></entete>
<ligne><nature V="6068"/><mt V="1500.00"/><mot>a</mot><mot>b</mot></ligne>
<ligne><nature V="74"/><mt V="-3.5"/></ligne></budget>`
	want := `2 rows; record=["/budget/ligne"]; fields={
nature = "nature/@V"
mt = "mt/@V"
mot = "mot"
coll = "/budget/entete/coll/@V"
}; nature:text; mt:decimal(12, 2); mot:list(text); coll:siret`
	if got := summary(guessOf(t, xmlConfig{}, "x.xml", []byte(in))); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
