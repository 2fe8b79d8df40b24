package format

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/decimal128"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// road is a line of a fictional FANTOIR, dated 1987.
func road(commune, voie, key, name string) string {
	line := []byte(strings.Repeat(" ", 120))
	put := func(at int, s string) { copy(line[at-1:], s) }
	put(1, "990"+commune+voie+key)
	put(12, "RUE "+name)
	put(43, "N")
	put(46, "3")
	put(49, "0")
	put(60, "00000120000000 00000001987001")
	put(104, "000592")
	put(113, name)
	return strings.TrimRight(string(line), " ") + "\r\n"
}

func TestGuessFixed(t *testing.T) {
	fantoir := strings.Repeat("\x00", 10) + " VALLEE                   2019110120193080000000\r\n" +
		"990        VALLEE                                          00000000000000 00000000000000\r\n" +
		"990001    WVAL-FLEURI                     N  3      000082500000000000000 00000001987001\r\n"
	for i := range 30 {
		fantoir += road("001", fmt.Sprintf("A%03d", i), "W", "LAVOIR")
	}
	got := guessOf(t, fixedConfig{}, "voies.txt", []byte(fantoir))
	if got.Schema != "fantoir" || got.Rows != 30 || len(got.Rejects) > 0 {
		t.Errorf("schema %q, %s", got.Schema, summary(got))
	}
	if i := slices.Index(told(got), messages.FileOtherLines.Code); i < 0 || got.Evidence[i].Param("count") != "3" {
		t.Errorf("the other lines are not told: %v", told(got))
	}
	types := map[string]string{}
	for _, c := range got.Columns {
		types[c.Name] = c.Type
	}
	for name, want := range map[string]string{"code_commune": "text", "code_voie": "text", "date_creation": "text", "population_a_part": "int64", "mot_classant": "text"} {
		if types[name] != want {
			t.Errorf("%s is %s, want %s", name, types[name], want)
		}
	}

	var deaths, aligned, touching strings.Builder
	for i := range 30 {
		fmt.Fprintf(&deaths, "%-80s%d%08d%-5s%-30s%-30s%08d%-5s%09d\n", fmt.Sprintf("ESSAI*MARIE %c/", 'A'+i%26), 1+i%2, 19310205, "VFL01", "VAL-FLEURI", "", 20240200+i%28+1, "VFL01", i)
		fmt.Fprintf(&aligned, "%03d %-12s %8.2f  2024-01-%02d\n", i, "objet"+strings.Repeat("x", i%7), float64(i)+0.5, i%28+1)
		fmt.Fprintf(&touching, "%05dA%06d\n", i, i*3)
	}
	got = guessOf(t, fixedConfig{}, "deces.txt", []byte(deaths.String()))
	if got.Schema != "insee-deces" || got.Rows != 30 {
		t.Errorf("schema %q, %s", got.Schema, summary(got))
	}
	for _, c := range got.Columns {
		if c.Name == "date_deces" && c.Type != `date("YYYYMMDD")` {
			t.Errorf("date_deces is %s", c.Type)
		}
	}
	want := "30 rows; fields={\ncolumn_1 = \"1-4\"\ncolumn_2 = \"5-15\"\ncolumn_3 = \"16-25\"\ncolumn_4 = \"26-37\"\n}; column_1:text; column_2:text; column_3:decimal(12, 2); column_4:date"
	if got := summary(guessOf(t, fixedConfig{}, "x.txt", []byte(aligned.String()))); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}

	for what, c := range map[string]struct{ in, why string }{
		"columns that touch": {touching.String(), "no byte is a space in every line"},
		"few lines":          {"a  b  c  d  e\nf  g  h  i  j\nk  l  m  n  o\n", "it has 3 lines"},
		"different lengths":  {strings.Repeat("aaaaaaaaaaaa bbbb\nc\n", 20), "its lines have different lengths"},
		"no lines":           {strings.Repeat("x", 2*mostBytes), "its lines are longer than"},
	} {
		_, err := fixedConfig{}.Guess(context.Background(), pipelines.Env{Allocator: memory.NewGoAllocator()}, fileOf("x.txt", []byte(c.in)))
		m := messages.Find(err)
		if m == nil || m.Code != messages.GuessNoSpans.Code || !strings.Contains(m.Param("why"), c.why) || !strings.Contains(m.Remedy(messages.English), "fields") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func fileOf(name string, b []byte) pipelines.GuessFile {
	return pipelines.GuessFile{Name: "x", Extension: name[strings.LastIndexByte(name, '.'):], Size: int64(len(b)),
		Open: func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }}
}

// A document that the State has described has its rows where it says, in however
// few of them, with what stands once around and before them.
func TestGuessKnownDocuments(t *testing.T) {
	for what, c := range map[string]struct{ in, want string }{
		"a PES of one line": {`<n:PES_Aller xmlns:n="urn:x"><EnTetePES><IdColl V="21990001500017"/></EnTetePES><PES_DepenseAller><Bordereau Id="b"><BlocBordereau><Exer V="2024"/></BlocBordereau>
			<Piece><LigneDePiece><MtHT V="10.50"/></LigneDePiece></Piece></Bordereau></PES_DepenseAller></n:PES_Aller>`,
			`pes-aller: 1 rows; record=["/PES_Aller/PES_DepenseAller/Bordereau/Piece/LigneDePiece"]; fields={
MtHT = "MtHT/@V"
IdColl = "/PES_Aller/EnTetePES/IdColl/@V"
Id = "/PES_Aller/PES_DepenseAller/Bordereau/@Id"
Exer = "/PES_Aller/PES_DepenseAller/Bordereau/BlocBordereau/Exer/@V"
}; MtHT:decimal(12, 2); IdColl:siret; Id:text; Exer:int64`},
		"what is around comes again, or behind, or twice": {`<liste><an>2024</an><groupe code="01"><chef>A</chef><mot>x</mot><mot>y</mot><ligne><n>1</n><m>1.5</m></ligne><ligne><n>2</n><m>2.5</m></ligne><ligne><n>4</n><m>2.5</m></ligne><fin>z</fin></groupe>
			<groupe code="02"><chef>B</chef><mot>x</mot><ligne><n>3</n><m>0.25</m></ligne><ligne><n>5</n><m>1</m></ligne></groupe></liste>`,
			`: 5 rows; record=["/liste/groupe/ligne"]; fields={
n = "n"
m = "m"
an = "/liste/an"
code = "/liste/groupe/@code"
chef = "/liste/groupe/chef"
}; n:int64; m:decimal(12, 2); an:int64; code:text; chef:text`},
	} {
		g := guessOf(t, xmlConfig{}, "x.xml", []byte(c.in))
		if got := g.Schema + ": " + summary(g); got != c.want {
			t.Errorf("%s\ngot  %s\nwant %s", what, got, c.want)
		}
		told := ""
		for _, e := range g.Evidence {
			told += e.What(messages.English) + "\n"
		}
		if strings.HasPrefix(what, "what") && (!strings.Contains(told, `"/liste/groupe/fin" is left out`) || !strings.Contains(told, "/liste/groupe/mot × 3")) {
			t.Errorf("%s: told %s", what, told)
		}
	}
}

// Nothing that a guess says holds a value of the file (invariant 6).
func TestGuessSaysNoValue(t *testing.T) {
	const canary = "CANARI"
	cell := func(i int) string { return fmt.Sprintf("%s %d", canary, i) }
	var csv, jsonl, fixed strings.Builder
	csv.WriteString("nom;siret;montant\n")
	xml, json, xlsx, ods := "<liste>", `{"lignes": [`, twoNames, odsNames
	biffs, records := [][]byte{biffNames}, []string{}
	for i := range 200 {
		fmt.Fprintf(&csv, "%s;%s;%s\n", cell(i), cell(i), cell(i))
		fmt.Fprintf(&jsonl, `{"nom": %q, "n": %d}`+"\n", cell(i), i)
		fmt.Fprintf(&fixed, "%-14s %3d\n", cell(i), i)
		xml += "<ligne><nom>" + cell(i) + "</nom><n>" + fmt.Sprint(i) + "</n></ligne>"
		json += fmt.Sprintf(`{"nom": %q, "n": %d},`, cell(i), i)
		xlsx += fmt.Sprintf(`<row r="%d"><c r="A%[1]d" t="inlineStr"><is><t>%[2]s</t></is></c><c r="B%[1]d"><v>%[3]d</v></c></row>`, i+2, cell(i), i)
		ods += odsRow(odsText(cell(i)), odsNumber(fmt.Sprint(i)))
		biffs = append(biffs, biffText(i+1, 0, cell(i)), biffText(i+1, 1, cell(i)))
		records = append(records, fmt.Sprintf(" %-14s", cell(i)))
	}
	// one in a hundred is no number, and some rows are no rows
	slips := strings.Replace(strings.ReplaceAll(csv.String(), ";"+canary, ";"), ";7\n", ";"+canary+"\n", 1) + canary + "\n" + canary + ";1;2;3\n"
	for _, c := range []struct {
		guesser pipelines.Guesser
		name    string
		data    []byte
	}{
		{csvConfig{}, "x.csv", []byte(csv.String())}, {csvConfig{}, "x.csv", []byte(slips)}, {csvConfig{}, "x.csv", []byte(csv.String()[strings.Index(csv.String(), "\n")+1:])},
		{jsonLinesConfig{}, "x.jsonl", []byte(jsonl.String())}, {jsonConfig{}, "x.json", []byte(strings.TrimSuffix(json, ",") + "]}")},
		{xmlConfig{}, "x.xml", []byte(xml + "</liste>")}, {fixedConfig{}, "x.txt", []byte(fixed.String())},
		{xlsxConfig{}, "x.xlsx", xlsxOf(xlsx, nil)}, {odsConfig{}, "x.ods", odsOf(ods)}, {xlsConfig{}, "x.xls", oleOf("Workbook", biffBook(0x0600, nil, biffs...))},
		{dbfConfig{}, "x.dbf", table(3, 3, []testField{{name: "NOM", kind: 'C', size: 14}}, records...)},
	} {
		g := guessOf(t, c.guesser, c.name, c.data)
		said := fmt.Sprintf("%v %v %+v", g.Options, g.Schema, g.Columns)
		for _, e := range g.Evidence {
			said += e.What(messages.English) + e.What(messages.French)
		}
		for _, r := range g.Rejects {
			said += r.Column + r.Why.What(messages.English) + r.Why.What(messages.French) + r.Why.Error()
		}
		if strings.Contains(strings.ToUpper(said), canary) {
			t.Errorf("%s says a value: %s", c.name, said)
		}
		if g.Rows+int64(len(g.Rejects)) == 0 {
			t.Errorf("%s: no row was read", c.name)
		}
	}
}

// A first row whose values come again below is a row, and no names.
func TestGuessRowsWithoutNames(t *testing.T) {
	in := "DUPONT;Rennes;Mairie\nDURAND;Rennes;Mairie\nESSAI;Dinan;Mairie\nDUPONT;Dinan;École\n"
	want := `4 rows; delimiter=";"; header=0; column_1:text; column_2:text; column_3:text`
	if got := summary(guessOf(t, csvConfig{}, "x.csv", []byte(in))); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func told(g *pipelines.Guess) (codes []string) {
	for _, e := range g.Evidence {
		codes = append(codes, e.Code)
	}
	return codes
}

// What is proposed is said with what makes it likely.
func TestGuessSaysWhy(t *testing.T) {
	for what, c := range map[string]struct {
		in   string
		want []*messages.Message
	}{
		"ASCII":               {"a;b\n1;2\n", []*messages.Message{messages.GuessEncodingPlain, messages.GuessDelimiter, messages.GuessHeader}},
		"UTF-8 with a mark":   {"\ufeffa;b\né;2\n", []*messages.Message{messages.GuessEncodingMark, messages.GuessEncodingValid}},
		"a single-byte one":   {"a;b\nr\xe9fection;2\n", []*messages.Message{messages.GuessEncodingScore}},
		"two of them":         {"a;b\nétés;2\nr\xe9fection;2\n", []*messages.Message{messages.GuessEncodingMixed}},
		"UTF-16":              {"\xff\xfea\x00;\x00b\x00\n\x001\x00;\x002\x00\n\x00", []*messages.Message{messages.GuessEncodingMark}},
		"one column":          {"un\ndeux\n", []*messages.Message{messages.GuessOneColumn}},
		"runs of spaces":      {"CODE    LIBELLE\nA01     Objet      12.50\nA02     Autre      1.50\n", []*messages.Message{messages.FileMaybeFixed}},
		"numbers":             {"a;b\n1 234,50;x\n", []*messages.Message{messages.GuessNumbers}},
		"keys that are wrong": {"siret;b\n21990001500018;1\n21990001500016;2\n", []*messages.Message{messages.GuessWrongKeys}},
		"half are numbers":    {"a;b\n1;x\n2;y\nz;t\n", []*messages.Message{messages.GuessMixed}},
		"days or months":      {"a;b\n01/02/2024;x\n", []*messages.Message{messages.GuessAmbiguous}},
	} {
		got := told(guessOf(t, csvConfig{}, "x.csv", []byte(c.in)))
		for _, m := range c.want {
			if !slices.Contains(got, m.Code) {
				t.Errorf("%s: %s is not said, only %v", what, m.Code, got)
			}
		}
	}
}

// What is no table that can be read is refused by name, and names nobody.
func TestGuessRefuses(t *testing.T) {
	for what, c := range map[string]struct {
		guesser pipelines.Guesser
		data    []byte
		want    *messages.Message
	}{
		"an xlsx with a password":   {xlsConfig{}, oleOf("EncryptedPackage", nil), messages.BookEncrypted},
		"an xls with a password":    {xlsConfig{}, oleOf("Workbook", biffBook(0x0600, biff(biffFilePass, 1, 1), biffNames)), messages.BookEncrypted},
		"an ods with a password":    {odsConfig{}, partsOf(map[string]string{"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": "x", "META-INF/manifest.xml": `<manifest:encryption-data/>`}), messages.BookEncrypted},
		"a workbook that is cut":    {xlsxConfig{}, sampleXLSX()[:200], messages.BookDamaged},
		"a document with a DOCTYPE": {xmlConfig{}, []byte(`<!DOCTYPE a [<!ENTITY b "CANARI">]><a>&b;</a>`), messages.GuessDamaged},
		"JSON that ends":            {jsonConfig{}, []byte(`[{"a": "CANARI"`), messages.GuessDamaged},
		"nothing":                   {fixedConfig{}, nil, messages.FileEmpty},
	} {
		_, err := c.guesser.Guess(context.Background(), pipelines.Env{Allocator: memory.NewGoAllocator(), Hide: func(string) string { return "x" }}, fileOf("x.dat", c.data))
		m := messages.Find(err)
		if m == nil || m.Code != c.want.Code || strings.Contains(err.Error(), "CANARI") {
			t.Errorf("%s: %v, want %s", what, err, c.want.Code)
		}
	}
	for what, head := range map[string]string{"a program": "\x7fELF\x01\x01\x02\x03\x04\x05\x06 and words", "a picture": "\xff\xd8\xff\xe0\x10\x11JFIF\x01\x02\x03\x04"} {
		if n := (csvConfig{}).Looks([]byte(head), fileOf("x.csv", nil)); n != 0 {
			t.Errorf("%s looks like CSV: %d", what, n)
		}
	}
}

// FuzzGuess hands every format any file: it is refused or guessed, and what the
// guess proposes has names and types.
func FuzzGuess(f *testing.F) {
	f.Add([]byte("a;b\n1;2\n"))
	f.Add([]byte(`{"a": [{"b": 1, "c": ["x"]}]}`))
	f.Add([]byte(`<a><b c="1"><d>2</d></b><b c="2"/></a>`))
	f.Add([]byte(strings.Repeat("001 un 12\n", 25)))
	f.Add([]byte(road("001", "A001", "W", "LAVOIR")))
	f.Add(sampleXLSX())
	f.Add(sampleODS())
	f.Add(oleOf("Workbook", biffBook(0x0600, nil, biffNames, biffText(1, 0, "x"))))
	f.Add(table(3, 3, []testField{{name: "NOM", kind: 'C', size: 4}}, " abcd"))
	env := pipelines.Env{Allocator: memory.NewGoAllocator(), Hide: func(string) string { return "x" }}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, g := range []pipelines.Guesser{csvConfig{}, fixedConfig{}, jsonConfig{}, jsonLinesConfig{}, xmlConfig{}, dbfConfig{}, xlsxConfig{}, xlsConfig{}, odsConfig{}, Parquet.New().(parquetConfig)} {
			if g.Looks(data[:min(len(data), pipelines.GuessHead)], fileOf("x.txt", data)) == 0 {
				continue
			}
			guess, err := g.Guess(context.Background(), env, fileOf("x.txt", data))
			if err != nil {
				continue
			}
			for _, c := range guess.Columns {
				if _, err := pipelines.ParseTypeText(c.Type); err != nil {
					t.Errorf("%T: column %q has the type %q: %v", g, c.Name, c.Type, err)
				}
			}
		}
	})
}

// The types of a Parquet file are those that it says, and its texts are looked into.
func TestGuessParquet(t *testing.T) {
	fields := []arrow.Field{{Name: "siret", Type: arrow.BinaryTypes.String, Nullable: true}, {Name: "montant", Type: &arrow.Decimal128Type{Precision: 9, Scale: 3}, Nullable: true},
		{Name: "jour", Type: arrow.FixedWidthTypes.Date32, Nullable: true}, {Name: "texte_jour", Type: arrow.BinaryTypes.String, Nullable: true}, {Name: "code_insee", Type: arrow.PrimitiveTypes.Int64, Nullable: true}}
	b := array.NewRecordBuilder(memory.NewGoAllocator(), arrow.NewSchema(fields, nil))
	for i := range 3 {
		b.Field(0).(*array.StringBuilder).Append("2199000150001" + string(rune('0'+i)))
		b.Field(1).(*array.Decimal128Builder).Append(decimal128.FromI64(int64(i)))
		b.Field(2).(*array.Date32Builder).Append(arrow.Date32(i))
		b.Field(3).(*array.StringBuilder).Append("13/02/2024")
		b.Field(4).(*array.Int64Builder).Append(int64(1000 + i))
	}
	rec := b.NewRecord()
	defer rec.Release()
	codec, err := newParquet(pipelines.Env{Allocator: memory.NewGoAllocator()}, Parquet.New().(parquetConfig))
	if err != nil {
		t.Fatal(err)
	}
	data := encodeFile(t, codec, rec.Schema(), 1<<20, rec)
	g := guessOf(t, parquetConfig{}, "x.parquet", data)
	want := `3 rows; siret:siret; montant:decimal(9, 3); jour:date; texte_jour:date("DD/MM/YYYY"); code_insee:int64`
	if got := summary(g); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if !g.Columns[4].Undeclared || !slices.Contains(told(g), messages.GuessNumbersForCodes.Code) {
		t.Errorf("code_insee: %+v, told %v", g.Columns[4], told(g))
	}
}
