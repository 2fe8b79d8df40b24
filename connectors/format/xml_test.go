package format

import (
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

const linesOfTown = "record = [\"/ville/l\"]\nfields = { a = \"@a\", t = \"t\" }\n"

func TestXMLReads(t *testing.T) {
	rows := func(rows ...string) treeResult { return treeResult{Rows: rows} }
	testTree(t, "xml", []treeCase{
		{"plain", linesOfTown, "<?xml version=\"1.0\"?>\n<ville>\n<l a=\"1\"><t>x</t></l>\n<l a='2'/>\n</ville>\n", rows("3: 1|x", `4: 2|\N`)},
		{"no records", linesOfTown, "<ville><autre/></ville>", treeResult{}},
		{"absent is null, empty the empty text", "null = []\n" + linesOfTown, "<ville><l a=''><t/></l><l><t></t></l><l/></ville>",
			rows("1: |", `1: \N|`, `1: \N|\N`)},
		{"empty text is null", linesOfTown, "<ville><l a=''><t/></l></ville>", rows(`1: \N|\N`)},
		{"references", linesOfTown, "<ville><l a='&lt;&#xE9;&quot;'><t>&amp;&gt;&apos;&#8364;</t></l></ville>", rows("1: <\u00e9\"|&>'\u20ac")},
		{"CDATA, comments, instructions", linesOfTown, "<!-- a --><?x y?><ville><!-- <l> --><l a='1'><t>a<![CDATA[<b>&amp;]]>c<!-- d -->e<?f g?>h</t></l><![CDATA[ <l> ]]></ville><!-- z -->",
			rows("1: 1|a<b>&amp;ceh")},
		{"an end tag in CDATA", linesOfTown, "<ville><l a='1'><t><![CDATA[</l>]]></t></l></ville>", rows("1: 1|</l>")},
		{"> in an attribute", linesOfTown, "<ville><l a='></l>' b=\"/>\"><t>x</t></l></ville>", treeResult{Err: "LAV-4220"}},
		{"> alone in an attribute", linesOfTown, "<ville><l a='>' b=\"/>\"><t>x</t></l></ville>", rows("1: >|x")},
		{"line ends", linesOfTown, "<ville>\r\n<l a='1\r\n2\t3'>\r\n<t>x\r\ny\rz</t>\r\n</l></ville>", rows("2: 1 2 3|x\ny\nz")},
		{"white space in tags", linesOfTown, "<ville ><l\n a = '1'\n><t >x</t\n></l ></ville >", rows("1: 1|x")},
		{"the same name within", linesOfTown, "<ville><l a='1'><l a='2'><t>y</t></l><t>x</t></l></ville>", rows("1: 1|x")},
		{"the same name elsewhere", linesOfTown, "<ville><b><l a='1'/></b><l a='2'/></ville>", rows(`1: 2|\N`)},
		{"anywhere", "record = [\"//l\"]\nfields = { a = \"@a\", v = \"/ville/@n\" }", "<ville n='V'><b><l a='1'/></b><l a='2'/></ville>", rows("1: 1|V", "1: 2|V")},
		{"anywhere, a record in a record", "record = [\"//l\"]\nfields = { a = \"@a\" }", "<ville><l a='1'><l a='2'/></l><l a='3'/></ville>",
			rows("1: 1", "1: 2", "1: 3")},
		{"anywhere, several in one another", "namespaces = { p = \"urn:p\" }\nrecord = [\"//l\", \"//m\"]\nrecord_type = \"type\"\nfields = { a = \"@a\", t = \"p:t\" }",
			"<ville>\n<l a='1'>\n<m a='2'>\n<x xmlns:q='urn:p'><l a='3'><q:t>z</q:t></l></x></m><t>x</t><q:t xmlns:q='urn:p'>y</q:t></l>\n<m a='4'/></ville>",
			rows("2: 1|y|l", `3: 2|\N|m`, "4: 3|z|l", `5: 4|\N|m`)},
		{"too many in one another", "record = [\"//l\"]\nfields = { a = \"@a\" }", strings.Repeat("<l>", 40) + strings.Repeat("</l>", 40),
			treeResult{Err: "LAV-4220"}},
		{"the root is the record", "record = [\"/acte\"]\nfields = { a = \"@a\", t = \".\" }", "<acte a='1'>x</acte>", rows("1: 1|x")},
		{"paths", "record = [\"/v/b/l\"]\nfields = { a = \"c/d/@e\", b = \"c/f\", c = \"../@n\", d = \"../../h/i\", e = \"/v/h/@j\" }",
			"<v><h j='J'><i>I</i></h><b n='N'><l><c><d e='E'/><f>F</f></c></l></b><b><l/></b></v>", rows("1: E|F|N|I|J", `1: \N|\N|\N|I|J`)},
		{"values around are forgotten", "record = [\"/v/b/l\"]\nfields = { x = \"../x\" }", "<v><b><x>1</x><l/></b><b><l/></b><b><x>3</x><l/><l/></b></v>",
			rows("1: 1", `1: \N`, "1: 3", "1: 3")},
		{"a value around that comes twice", "record = [\"/v/l\"]\nfields = { x = \"../x\" }", "<v><x>1</x><x>2</x><l/></v>",
			treeResult{Rejects: []string{"1 LAV-4206 x"}}},
		{"a value around as a list", "record = [\"/v/l\"]\nfields = { x = \"../x\" }\ncolumns = { x = list(text) }", "<v><x>1</x><x>\"</x><l/></v>",
			rows(`1: ["1","\""]`)},
		{"a value around that is joined", "record = [\"/v/l\"]\nfields = { x = \"../x\" }\njoin = { x = \" / \" }", "<v><x>1</x><x>2</x><l/></v>", rows("1: 1 / 2")},
		{"a value that comes too late", "record = [\"/v/l\"]\nfields = { x = \"../x\" }", "<v><l/>\n<x>1</x></v>",
			treeResult{Rows: []string{`1: \N`}, Err: "LAV-4207"}},
		{"a value around with elements in it", "record = [\"/v/l\"]\nfields = { x = \"../x\" }", "<v><x>1<y/></x><l/></v>", treeResult{Err: "LAV-4220"}},
		{"an element twice", linesOfTown, "<ville><l a='1'><t>x</t><t>y</t></l>\n<l a='2'/></ville>",
			treeResult{Rows: []string{`2: 2|\N`}, Rejects: []string{"1 LAV-4206 t"}}},
		{"an element twice, a list", linesOfTown + "columns = { t = list(text) }", "<ville><l a='1'><t>x</t><t/><t>\u00e9&amp;</t></l><l/></ville>",
			rows(`1: 1|["x",null,"é\u0026"]`, `1: \N|\N`)},
		{"an element twice, joined", linesOfTown + "join = { t = \", \" }", "<ville><l a='1'><t>x</t><t>y&amp;z</t></l><l/></ville>", rows("1: 1|x, y&z", `1: \N|\N`)},
		{"elements in text", linesOfTown, "<ville><l a='1'><t>x<b>y</b></t></l></ville>", treeResult{Rejects: []string{"1 LAV-4225 t"}}},
		{"types", linesOfTown + "columns = { a = int64, t = decimal(10, 2) }", "<ville><l a='1'><t>12.5</t></l><l a='x'/></ville>",
			treeResult{Rows: []string{"1: 1|12.5"}, Rejects: []string{"1 LAV-2500 a"}}},
		{"several records", "record = [\"/v/l\", \"/v/b/m\"]\nrecord_type = \"type\"\nfields = { x = \"x\", h = \"/v/h\" }",
			"<v><h>H</h><l><x>1</x></l><b><m><x>2</x></m></b></v>", rows("1: 1|H|l", "1: 2|H|m")},
		{"several records of one name", "record = [\"/v/l\", \"/v/b/l\"]\nrecord_type = \"type\"\nfields = { x = \"@x\" }",
			"<v><l x='1'/><b><l x='2'/></b></v>", rows("1: 1|/v/l", "1: 2|/v/b/l")},
		{"namespaces", "namespaces = { q = \"urn:b\" }\nrecord = [\"/v/q:l\"]\nfields = { x = \"q:x\", a = \"@q:a\", y = \"y\" }",
			"<v xmlns:p='urn:b' xmlns='urn:a'><p:l p:a='1' a='2'><p:x>3</p:x><x>4</x><y>5</y></p:l><l/><l xmlns='urn:b'><x>6</x></l></v>",
			rows("1: 3|1|5", `1: 6|\N|\N`)},
		{"no prefix is any namespace", linesOfTown, "<n:ville xmlns:n='urn:a'><n:l n:a='1' xmlns:a='urn:x'><n:t>x</n:t></n:l></n:ville>", rows("1: 1|x")},
		{"latin1", linesOfTown, "<?xml version='1.0' encoding='ISO-8859-1'?><ville><l a='\xe9'><t>\xe8&#233;</t></l></ville>", rows("1: \u00e9|\u00e8\u00e9")},
		{"latin9", linesOfTown, "<?xml version='1.0' encoding='iso-8859-15'?><ville><l a='\xa4'/></ville>", rows(`1: €|\N`)},
		{"cp1252", linesOfTown, "<?xml version='1.0' encoding='windows-1252'?><ville><l a='\x80\x9c'/></ville>", rows(`1: €œ|\N`)},
		{"names in latin1", "record = [\"/cité/l\"]\nfields = { a = \"@é\", t = \"é\" }", "<?xml version='1.0' encoding='ISO-8859-1'?><cit\xe9><l \xe9='1'><\xe9>x</\xe9></l></cit\xe9>", rows("1: 1|x")},
		{"names in UTF-8", "record = [\"/cité/l\"]\nfields = { a = \"@é\", t = \"é\" }", "<cité><l é='1'><é>x</é></l></cité>", rows("1: 1|x")},
		{"a mark", linesOfTown, "\ufeff<ville><l a='1'/></ville>", rows(`1: 1|\N`)},
		{"bytes that are none", linesOfTown, "<ville><l a='\xe9'/><l a='2'/></ville>", treeResult{Rows: []string{`1: 2|\N`}, Rejects: []string{"1 LAV-4205"}}},
		{"bytes that are none in latin1", linesOfTown, "<?xml version='1.0' encoding='ISO-8859-1'?><ville><l a='\x80'/><l a='2'/></ville>",
			treeResult{Rows: []string{`1: 2|\N`}, Rejects: []string{"1 LAV-4205"}}},
		{"control characters", linesOfTown, "<ville><l a='\x01'/><l>\x0b</l><l a='2'/></ville>", treeResult{Rows: []string{`1: 2|\N`}, Rejects: []string{"1 LAV-4224", "1 LAV-4224"}}},
		{"references that are none", linesOfTown, "<ville><l a='&nbsp;'/><l><t>AT&T</t></l><l><b>&x;</b></l><l b='&#0;'/><l a='2'/></ville>",
			treeResult{Rows: []string{`1: 2|\N`}, Rejects: []string{"1 LAV-4223 a", "1 LAV-4223 t", "1 LAV-4223", "1 LAV-4224"}}},
	})
}

func TestXMLInUTF16(t *testing.T) {
	mem := memory.NewGoAllocator()
	text := "<?xml version='1.0' encoding='UTF-16'?>\n<ville><l a='\u00e9\U0001F600'/></ville>"
	for _, big := range []bool{false, true} {
		for _, mark := range []string{"", "\ufeff"} {
			var b strings.Builder
			for _, u := range utf16.Encode([]rune(mark + text)) {
				if big {
					b.Write([]byte{byte(u >> 8), byte(u)})
				} else {
					b.Write([]byte{byte(u), byte(u >> 8)})
				}
			}
			got := readTree(t, treeFrom(t, mem, "xml", linesOfTown, 0), b.String())
			if diff := got.differs(treeResult{Rows: []string{"2: \u00e9\U0001F600|\\N"}}); diff != "" {
				t.Errorf("big %v, mark %q: %s %v", big, mark, diff, got.Why)
			}
			cut := readTree(t, treeFrom(t, mem, "xml", linesOfTown, 0), b.String()[:b.Len()-1])
			if cut.Err == "" {
				t.Error("half a character at the end is let through")
			}
		}
	}
}

// What is not well formed is an error that says so, wherever it stands.
func TestXMLRefuses(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	deep := strings.Repeat("<a>", 1_000_000)
	attributes := "<l"
	for i := range 300 {
		attributes += " a" + strings.Repeat("x", i) + "='1'"
	}
	for data, want := range map[string]*messages.Message{
		"":                                     messages.TreeEndsEarly,
		" \n":                                  messages.TreeEndsEarly,
		"<ville>":                              messages.TreeEndsEarly,
		"<ville><l a='1'>":                     messages.TreeEndsEarly,
		"<ville><l a='1'></l>":                 messages.TreeEndsEarly,
		"<ville><l a='1'/></ville":             messages.TreeEndsEarly,
		"<ville><!-- ":                         messages.TreeEndsEarly,
		"<ville><l a='1":                       messages.TreeEndsEarly,
		"<ville/><!-- ":                        messages.TreeEndsEarly,
		"x":                                    messages.TreeEndsEarly,
		"x<ville/>":                            messages.XMLMalformed,
		"<ville/>x":                            messages.XMLMalformed,
		"<ville/><ville/>":                     messages.XMLMalformed,
		"</ville>":                             messages.XMLMalformed,
		"<ville></vile>":                       messages.XMLMalformed,
		"<ville><b></ville></b>":               messages.XMLMalformed,
		"<ville><l><b></l></b></ville>":        messages.XMLMalformed,
		"<ville><l><b></c></l></ville>":        messages.XMLMalformed,
		"<ville a=1/>":                         messages.XMLMalformed,
		"<ville a/>":                           messages.XMLMalformed,
		"<ville a='1'b='2'/>":                  messages.XMLMalformed,
		"<ville a='1' a='2'/>":                 messages.XMLMalformed,
		"<ville a='<'/>":                       messages.XMLMalformed,
		"<ville><l a='1' a='2'/></ville>":      messages.XMLMalformed,
		"<ville><l a='<'/></ville>":            messages.XMLMalformed,
		"<ville>]]></ville>":                   messages.XMLMalformed,
		"<ville><l>]]></l></ville>":            messages.XMLMalformed,
		"<ville><l><!-- -- --></l></ville>":    messages.XMLMalformed,
		"<ville><!-- -- --></ville>":           messages.XMLMalformed,
		"<ville><!x></ville>":                  messages.XMLMalformed,
		"<ville><l><!x></l></ville>":           messages.XMLMalformed,
		"<ville><?xml version='1.0'?></ville>": messages.XMLMalformed,
		" <?xml version='1.0'?><ville/>":       messages.XMLMalformed,
		"<?xml version='1.1'?><ville/>":        messages.XMLMalformed,
		"<?xml encoding='utf-8'?><ville/>":     messages.XMLMalformed,
		"<?xml version='1.0'":                  messages.XMLMalformed,
		"<ville>&x;</ville>":                   messages.XMLMalformed,
		"<ville b='&x;'/>":                     messages.XMLMalformed,
		"<ville>\x01</ville>":                  messages.XMLMalformed,
		"<ville>\xff</ville>":                  messages.XMLMalformed,
		"<1/>":                                 messages.XMLMalformed,
		"<a:b:c/>":                             messages.XMLMalformed,
		"<\u00d7/>":                            messages.XMLMalformed,
		"<" + strings.Repeat("a", 1001) + "/>": messages.XMLMalformed,
		attributes + "/>":                      messages.XMLMalformed,
		"<ville>" + attributes + "/></ville>":  messages.XMLMalformed,
		deep:                                   messages.XMLMalformed,
		"<ville><l>" + deep:                    messages.XMLMalformed,
		"<autre/>":                             messages.XMLNoRecord,
		"<!DOCTYPE ville [<!ENTITY x SYSTEM 'file:///etc/hostname'>]><ville><l a='&x;'/></ville>":         messages.XMLDoctype,
		"<!DOCTYPE lolz [<!ENTITY lol 'lol'><!ENTITY lol1 '&lol;&lol;&lol;&lol;'>]><ville>&lol1;</ville>": messages.XMLDoctype,
		"<ville><l><!DOCTYPE a></l></ville>":                        messages.XMLDoctype,
		"<?xml version='1.0' encoding='latin-2'?><ville/>":          messages.XMLEncoding,
		"<?xml version='1.0' encoding='utf-16'?><ville/>":           messages.XMLEncoding,
		"\ufeff<?xml version='1.0' encoding='iso-8859-1'?><ville/>": messages.XMLEncoding,
		"\xff\xfe<\x00?\x00x\x00m\x00l\x00 \x00v\x00e\x00r\x00s\x00i\x00o\x00n\x00=\x00'\x001\x00.\x000\x00'\x00 \x00e\x00n\x00c\x00o\x00d\x00i\x00n\x00g\x00=\x00'\x00u\x00t\x00f\x00-\x008\x00'\x00?\x00>\x00": messages.XMLEncoding,
		"<ville><l>" + strings.Repeat("x", treeRecordBound) + "</l></ville>": messages.TreeRecordTooLong,
	} {
		sizes := []int{0, 16}
		if len(data) > 1<<20 {
			sizes = sizes[:1]
		}
		for _, size := range sizes {
			got := readTree(t, treeFrom(t, mem, "xml", linesOfTown, size), data)
			if got.Err != want.Code || len(got.Rows) > 1 {
				t.Errorf("%.60q in chunks of %d: %s, %v, rows %v; wanted %s", data, size, got.Err, got.Why, got.Rows, want.Code)
			}
		}
	}
	got := readTree(t, treeFrom(t, mem, "xml", "record = [\"/v/l\"]\nfields = { x = \"../@x\" }", 0), "<v x='"+strings.Repeat("x", treeOuterBound+1)+"'><l/></v>")
	if got.Err != messages.TreeTooLarge.Code {
		t.Errorf("a long value around the records: %v", got)
	}
	got = readTree(t, treeFrom(t, mem, "xml", "record = [\"/v/l\"]\nfields = { x = \"../x\" }", 0), "<v><x>"+strings.Repeat("x<!-- -->", treeOuterBound+1)+"</x><l/></v>")
	if got.Err != messages.XMLMalformed.Code {
		t.Errorf("a long text around the records: %v", got)
	}
	long := strings.Repeat("x", 10_000_000)
	got = readTree(t, treeFrom(t, mem, "xml", linesOfTown, 0), "<ville><l a='"+long+"'/></ville>")
	if len(got.Rows) != 1 || got.Rows[0] != "1: "+long+`|\N` {
		t.Errorf("an attribute of 10 MB: %v", got.Why)
	}
}

// A text in a million pieces, and a million elements, are read in one go: time
// that grew with their square would end no test run.
func TestXMLManyPieces(t *testing.T) {
	mem := memory.NewGoAllocator()
	const n = 1_000_000
	got := readTree(t, treeFrom(t, mem, "xml", linesOfTown, 0), "<ville><l><t>"+strings.Repeat("x<!---->", n)+"</t></l></ville>")
	if len(got.Rows) != 1 || got.Rows[0] != `1: \N|`+strings.Repeat("x", n) {
		t.Errorf("pieces: %d rows, %v", len(got.Rows), got.Why)
	}
	got = readTree(t, treeFrom(t, mem, "xml", linesOfTown+"columns = { t = list(text) }", 0), "<ville><l>"+strings.Repeat("<t>x</t>", n)+"</l></ville>")
	if len(got.Rows) != 1 || strings.Count(got.Rows[0], "x") != n {
		t.Errorf("elements: %d rows, %v", len(got.Rows), got.Why)
	}
}

// Errors tell the line, also of what stands in a record.
func TestXMLErrorsTellTheLine(t *testing.T) {
	mem := memory.NewGoAllocator()
	for data, want := range map[string]string{
		"<ville>\n<l>\n<b></c></l></ville>": "3",
		"<ville>\n<l/>\n\n</vile>":          "4",
		"<ville>\n<l/>\n<x>":                "3",
	} {
		got := readTree(t, treeFrom(t, mem, "xml", linesOfTown, 8), data)
		if line := messages.Find(got.Why).Param("line"); line != want {
			t.Errorf("%q: line %s, wanted %s: %v", data, line, want, got.Why)
		}
	}
}

func TestXMLOptionsAreChecked(t *testing.T) {
	testRefused(t, "xml", map[string]*messages.Message{
		"record = []\nfields = { a = \"a\" }":                                                             messages.TreeOption,
		"record = [\"/a\"]\nfields = {}":                                                                  messages.TreeOption,
		"record = [\"/a\"]\nrecord_type = \"a\"\nfields = { a = \"a\" }":                                  messages.TreeOption,
		"record = [\"a\"]\nfields = { a = \"a\" }":                                                        messages.TreePath,
		"record = [\"/a/@b\"]\nfields = { a = \"a\" }":                                                    messages.TreePath,
		"record = [\"//a/b\"]\nfields = { a = \"a\" }":                                                    messages.TreePath,
		"record = [\"/a/b\", \"/a/b\"]\nfields = { a = \"a\" }":                                           messages.TreePath,
		"record = [\"/a/b\", \"/a/b/c\"]\nfields = { a = \"a\" }":                                         messages.TreePath,
		"record = [\"/a\"]\nfields = { a = \"../b\" }":                                                    messages.TreePath,
		"record = [\"/a/b\"]\nfields = { a = \"..\" }":                                                    messages.TreePath,
		"record = [\"/a/b\"]\nfields = { a = \"/c/b\" }":                                                  messages.TreePath,
		"record = [\"//b\"]\nfields = { a = \"../b\" }":                                                   messages.TreePath,
		"record = [\"/a/b\"]\nfields = { a = \"c//d\" }":                                                  messages.TreePath,
		"record = [\"/a/b\"]\nfields = { a = \"@c/d\" }":                                                  messages.TreePath,
		"record = [\"/a/b\"]\nfields = { a = \"c/../d\" }":                                                messages.TreePath,
		"record = [\"/a/b\"]\nfields = { a = \"c d\" }":                                                   messages.TreePath,
		"record = [\"/a/b\"]\nfields = { a = \"x:c\" }":                                                   messages.TreePath,
		"record = [\"/a/b\", \"/a/c\"]\nfields = { a = \"/a/b/@x\" }":                                     messages.TreePath,
		"namespaces = { x = \"urn:x\" }\nrecord = [\"/a/b\"]\nfields = { a = \"x:c\", b = \"c/@d\" }":     messages.TreePath,
		"record = [\"/a/b\"]\nfields = { a = \"c\" }\ncolumns = { d = int64 }":                            messages.TreeNoColumn,
		"record = [\"/a/b\"]\nfields = { a = \"c\" }\njoin = { d = \",\" }":                               messages.TreeNoColumn,
		"record = [\"/a/b\"]\nfields = { a = \"c\" }\ncolumns = { a = list(text) }\njoin = { a = \",\" }": messages.TreeOption,
		"record = [\"/a/b\"]\nfields = { a = \"c\", a = \"d\" }":                                          messages.DuplicateColumn,
	})
}

// A file that is attached may be longer than a record, where no column wants it.
func TestXMLAttachmentsArePassedOver(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	attached := strings.Repeat("UEsDBBQABgAIAAAA+/==\n", 1_000_000)
	file := func(text string) string {
		return "<a><f>" + text + "</f><r><v>1</v></r><f>" + text + "</f>\n<r><v>2</v></r></a>"
	}
	const config = "record = [\"/a/r\"]\nfields = { v = \"v\" }"
	for text, want := range map[string]treeResult{
		attached:                     {Rows: []string{"1000001: 1", "2000002: 2"}},
		attached + "\x01" + attached: {Err: "LAV-4220"},
		attached + "&x;" + attached:  {Err: "LAV-4220"},
		attached + "]]>" + attached:  {Err: "LAV-4220"},
	} {
		if d := readTree(t, treeFrom(t, mem, "xml", config, treeChunkSize), file(text)).differs(want); d != "" {
			t.Error(d)
		}
	}
	wanted := strings.Replace(config, "v = \"v\"", "v = \"v\", f = \"/a/f\"", 1)
	if got := readTree(t, treeFrom(t, mem, "xml", wanted, treeChunkSize), file(attached)); got.Err == "" {
		t.Error("a text that is wanted is passed over")
	}
}
