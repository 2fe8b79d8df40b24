package format

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"

	"golang.org/x/text/encoding/charmap"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// dbfPages are the code pages by their names.
var dbfPages = map[string]*charmap.Charmap{
	"cp437": charmap.CodePage437, "cp850": charmap.CodePage850, "cp852": charmap.CodePage852, "cp858": charmap.CodePage858,
	"cp860": charmap.CodePage860, "cp863": charmap.CodePage863, "cp865": charmap.CodePage865, "cp866": charmap.CodePage866,
	"cp1250": charmap.Windows1250, "cp1251": charmap.Windows1251, "cp1252": charmap.Windows1252, "cp1253": charmap.Windows1253,
	"cp1254": charmap.Windows1254, "cp1257": charmap.Windows1257, "iso-8859-1": charmap.ISO8859_1, "iso-8859-15": charmap.ISO8859_15,
}

// dbfMarks are the code pages by the language driver byte of the head (Visual
// FoxPro: "Code pages supported"; dBase IV: the driver's code page).
var dbfMarks = map[byte]string{
	0x01: "cp437", 0x02: "cp850", 0x03: "cp1252", 0x08: "cp865", 0x09: "cp437", 0x0a: "cp850", 0x0b: "cp437", 0x0d: "cp437",
	0x0e: "cp850", 0x0f: "cp437", 0x10: "cp850", 0x11: "cp437", 0x12: "cp850", 0x14: "cp850", 0x15: "cp437", 0x16: "cp850",
	0x17: "cp865", 0x18: "cp437", 0x19: "cp437", 0x1a: "cp850", 0x1b: "cp437", 0x1c: "cp863", 0x1d: "cp850", 0x1f: "cp852",
	0x22: "cp852", 0x23: "cp852", 0x24: "cp860", 0x25: "cp850", 0x26: "cp866", 0x37: "cp850", 0x40: "cp852",
	0x57: "cp1252", 0x58: "cp1252", 0x59: "cp1252", 0x64: "cp852", 0x65: "cp866", 0x66: "cp865", 0x6c: "cp863",
	0xf0: "utf-8", 0xc8: "cp1250", 0xc9: "cp1251", 0xca: "cp1254", 0xcb: "cp1253", 0xcc: "cp1257",
}

var dbfTables sync.Map // of *csvEncoding, by name

func dbfEncoding(name string) *csvEncoding {
	if name == "utf-8" {
		return utf8Cells
	}
	if e, ok := dbfTables.Load(name); ok {
		return e.(*csvEncoding)
	}
	e, _ := dbfTables.LoadOrStore(name, &csvEncoding{table: csvTable(dbfPages[name])})
	return e.(*csvEncoding)
}

// asciiOnly is what a table is read in that does not say what it is in.
var asciiOnly = func() *csvEncoding {
	var t [256]csvChar
	for i := 1; i < 0x80; i++ {
		t[i] = csvChar{n: 1, utf8: [3]byte{byte(i)}}
	}
	return &csvEncoding{table: &t}
}()

// encodingOf finds how the table writes characters.
func (c *dbfCodec) encodingOf(ctx context.Context, in Input, mark byte) (*csvEncoding, error) {
	if c.config.Encoding != "" {
		return dbfEncoding(c.config.Encoding), nil
	}
	page, found, err := in.beside(ctx, ".cpg")
	if err != nil {
		return nil, err
	}
	if found {
		text, err := readStart(ctx, page, 64)
		if err != nil {
			return nil, err
		}
		if name := pageNamed(string(text)); name != "" {
			return dbfEncoding(name), nil
		}
		return nil, c.noCodePage(in, mark)
	}
	if name := dbfMarks[mark]; name != "" {
		return dbfEncoding(name), nil
	}
	return asciiOnly, nil
}

func (c *dbfCodec) noCodePage(in Input, mark byte) error {
	return messages.DBFCodePage.With("file", in.Name, "mark", fmt.Sprintf("0x%02x", mark))
}

func readStart(ctx context.Context, in Input, n int64) ([]byte, error) {
	r, err := in.Open(ctx)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(r, n))
	if e := r.Close(); err == nil {
		err = e
	}
	return b, err
}

// pageNamed is the code page that a .cpg file names, or "": they are written by
// many programs, as "1252", "ANSI 1252", "CP1252", "ISO 88591", "UTF-8" and more.
func pageNamed(text string) string {
	text = strings.ToLower(strings.Trim(text, " \t\r\n\x00\x1a\ufeff"))
	for _, noise := range []string{"-", "_", " ", "ansi", "oem", "windows", "cp", "ibm", "ldid/"} {
		text = strings.ReplaceAll(text, noise, "")
	}
	switch text {
	case "utf8", "65001":
		return "utf-8"
	case "iso88591", "88591", "28591":
		return "iso-8859-1"
	case "iso885915", "885915", "28605":
		return "iso-8859-15"
	}
	if _, ok := dbfPages["cp"+text]; ok {
		return "cp" + text
	}
	return ""
}
