package opendocument_test

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/lavoir-data/lavoir/internal/opendocument"
)

// What is in a cell comes back, however many spaces, tabs and lines it has.
func TestCellsComeBack(t *testing.T) {
	rows := [][]string{
		{"Traitement", "Finalité"},
		{"a <b> & \"c\"", " deux  espaces ", "\tune tabulation\t"},
		{"une\ndeux\n\nquatre", "", "œuvre 💧"},
		nil,
		{"\x01"}, // no character of XML
	}
	var b, again bytes.Buffer
	if err := errors.Join(opendocument.Write(&b, "Registre", rows), opendocument.Write(&again, "Registre", rows)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.Bytes(), again.Bytes()) {
		t.Error("the same cells give other bytes")
	}
	want := [][]string{
		{"Traitement", "Finalité", ""},
		rows[1], rows[2],
		{"", "", ""},
		{"\uFFFD", "", ""},
	}
	if got := read(t, b.Bytes()); !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

// The first 38 bytes of the file and what follows tell programs what it is.
func TestTheTypeComesFirst(t *testing.T) {
	var b bytes.Buffer
	if err := opendocument.Write(&b, "x", nil); err != nil {
		t.Fatal(err)
	}
	const magic = "mimetypeapplication/vnd.oasis.opendocument.spreadsheet"
	if got := b.Bytes()[30 : 30+len(magic)]; string(got) != magic {
		t.Errorf("the file begins with %q", got)
	}
	if flags := b.Bytes()[6] | b.Bytes()[7]; flags != 0 {
		t.Errorf("its first part has the flags %#x", flags)
	}
}

type failing int

func (f *failing) Write(p []byte) (int, error) {
	if *f -= failing(len(p)); *f < 0 {
		return 0, io.ErrShortWrite
	}
	return len(p), nil
}

func TestAFullDiskIsTold(t *testing.T) {
	var whole bytes.Buffer
	if err := opendocument.Write(&whole, "x", [][]string{{"y"}}); err != nil {
		t.Fatal(err)
	}
	for n := range whole.Len() {
		f := failing(n)
		if err := opendocument.Write(&f, "x", [][]string{{"y"}}); err == nil {
			t.Fatalf("with room for %d bytes of %d nothing is told", n, whole.Len())
		}
	}
}

// read reads the cells back with nothing but a decoder of XML.
func read(t *testing.T, file []byte) (rows [][]string) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	f, err := z.Open("content.xml")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	dec := xml.NewDecoder(f)
	var cell strings.Builder
	paragraphs := 0
	for {
		token, err := dec.Token()
		if err == io.EOF {
			return rows
		}
		if err != nil {
			t.Fatal(err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			switch e.Name.Local {
			case "table-row":
				rows = append(rows, nil)
			case "table-cell":
				cell.Reset()
				paragraphs = 0
			case "p":
				if paragraphs++; paragraphs > 1 {
					cell.WriteByte('\n')
				}
			case "s":
				cell.WriteByte(' ')
			case "tab":
				cell.WriteByte('\t')
			}
		case xml.CharData:
			if paragraphs > 0 {
				cell.Write(e)
			}
		case xml.EndElement:
			if e.Name.Local == "table-cell" {
				rows[len(rows)-1] = append(rows[len(rows)-1], cell.String())
			}
		}
	}
}
