// Package opendocument writes spreadsheets (OpenDocument 1.2): one sheet of texts. The
// same cells give the same bytes.
package opendocument

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"hash/crc32"
	"io"
	"strings"
)

const mimetype = "application/vnd.oasis.opendocument.spreadsheet"

const manifest = xml.Header + `<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" manifest:version="1.2">` +
	`<manifest:file-entry manifest:full-path="/" manifest:version="1.2" manifest:media-type="` + mimetype + `"/>` +
	`<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>` +
	`</manifest:manifest>` + "\n"

// Write writes a sheet, whose name is a plain word, and its rows. A line feed in a cell begins
// a paragraph. Nothing is packed: packers differ from version to version.
func Write(w io.Writer, sheet string, rows [][]string) error {
	content, err := contentOf(sheet, rows)
	if err != nil {
		return err
	}
	z := zip.NewWriter(w)
	for _, part := range []struct {
		name string
		data []byte
	}{{"mimetype", []byte(mimetype)}, {"content.xml", content}, {"META-INF/manifest.xml", []byte(manifest)}} { // mimetype comes first
		size := uint64(len(part.data))
		f, err := z.CreateRaw(&zip.FileHeader{Name: part.name, Method: zip.Store, CRC32: crc32.ChecksumIEEE(part.data), CompressedSize64: size, UncompressedSize64: size})
		if err == nil {
			_, err = f.Write(part.data)
		}
		if err != nil {
			return err
		}
	}
	return z.Close()
}

func contentOf(sheet string, rows [][]string) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(xml.Header + `<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"` +
		` xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" office:version="1.2">` +
		`<office:body><office:spreadsheet><table:table table:name="`)
	if err := xml.EscapeText(&b, []byte(sheet)); err != nil {
		return nil, err
	}
	b.WriteString(`">`)
	widest := 1
	for _, row := range rows {
		widest = max(widest, len(row))
	}
	b.WriteString(strings.Repeat(`<table:table-column/>`, widest))
	for _, row := range rows {
		b.WriteString("<table:table-row>")
		for i := range widest {
			if i >= len(row) || row[i] == "" {
				b.WriteString("<table:table-cell/>")
				continue
			}
			b.WriteString(`<table:table-cell office:value-type="string">`)
			for line := range strings.SplitSeq(row[i], "\n") {
				b.WriteString("<text:p>")
				if err := writeText(&b, line); err != nil {
					return nil, err
				}
				b.WriteString("</text:p>")
			}
			b.WriteString("</table:table-cell>")
		}
		b.WriteString("</table:table-row>")
	}
	b.WriteString("</table:table></office:spreadsheet></office:body></office:document-content>\n")
	return b.Bytes(), nil
}

// writeText writes spaces that a reader would fold, and tabs, as elements.
func writeText(b *bytes.Buffer, line string) error {
	start := 0
	for i := 0; i < len(line); i++ {
		folded := line[i] == ' ' && (i == 0 || i == len(line)-1 || line[i-1] == ' ')
		if !folded && line[i] != '\t' {
			continue
		}
		if err := xml.EscapeText(b, []byte(line[start:i])); err != nil {
			return err
		}
		if line[i] == '\t' {
			b.WriteString("<text:tab/>")
		} else {
			b.WriteString("<text:s/>")
		}
		start = i + 1
	}
	return xml.EscapeText(b, []byte(line[start:]))
}
