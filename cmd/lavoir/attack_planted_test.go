package main

import (
	"bytes"
	"compress/gzip"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/bloom"
)

// planted are bytes with a value of a row in each of the ways that are looked for.
func planted(t *testing.T, text, number, date string, utf16 []byte) map[string][]byte {
	t.Helper()
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	var zipped bytes.Buffer
	g := gzip.NewWriter(&zipped)
	if _, err := g.Write([]byte(strings.Repeat("x", 1000) + text)); err != nil {
		t.Fatal(err)
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	frame := z.EncodeAll([]byte(strings.Repeat("x", 1000)+text), nil)
	sum := sha256.Sum256([]byte(text))
	around := func(b []byte) []byte { return append(append([]byte("avant "), b...), " après"...) }
	all := map[string][]byte{
		"a text":                         around([]byte(text)),
		"the first letters of a text":    around([]byte(text[:12])),
		"the last letters of a text":     around([]byte(text[12:])),
		"a text in small letters":        around([]byte(strings.ToLower(text))),
		"a text in UTF-16":               around(utf16),
		"a text in hexadecimal":          around([]byte(hex.EncodeToString([]byte(text)))),
		"a text in base64":               around([]byte(base64.StdEncoding.EncodeToString([]byte("no: " + text)))),
		"a text in a zstd frame":         around(frame),
		"a text in a gzip stream":        around(zipped.Bytes()),
		"a hash of a text":               around([]byte(hex.EncodeToString(sum[:]))),
		"the bytes of a hash of a text":  around(sum[:]),
		"a number in digits":             around([]byte(number)),
		"a number, little end first":     around(binary.LittleEndian.AppendUint64(nil, uint64(n))),
		"a number, big end first":        around(binary.BigEndian.AppendUint64(nil, uint64(n))),
		"a date":                         around([]byte(date)),
		"a date in the order of France":  around([]byte("02/05/1913")),
		"a number among the statistics":  parquetOfNumbers(t, n),
		"a text in a page, with snappy":  parquetOf(t, []string{"a", text}, parquet.Compression(&parquet.Snappy)),
		"a text in a page, with zstd":    parquetOf(t, []string{"a", text}, parquet.Compression(&parquet.Zstd)),
		"a text in a page, uncompressed": parquetOf(t, []string{"a", text}),
	}
	return all
}

type plantedRow struct {
	Nom string `parquet:"nom,dict"`
}

func parquetOf(t *testing.T, values []string, options ...parquet.WriterOption) []byte {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[plantedRow](&b, options...)
	for _, v := range values {
		if _, err := w.Write([]plantedRow{{v}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func parquetOfNumbers(t *testing.T, n int64) []byte {
	t.Helper()
	type row struct {
		Ref int64 `parquet:"ref,delta,snappy"`
	}
	var b bytes.Buffer
	w := parquet.NewGenericWriter[row](&b)
	if _, err := w.Write([]row{{n - 5}, {n}}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// parquetWith is a file of values with a bloom filter that knows more besides.
func parquetWith(t *testing.T, values, more []string) []byte {
	t.Helper()
	file := parquetOf(t, values, parquet.BloomFilters(parquet.SplitBlockFilter(10, "nom")))
	d, err := decode(file)
	if err != nil || len(d.filters["nom"]) != 1 {
		t.Fatalf("no filter: %v", err)
	}
	raw := d.filters["nom"][0]
	own := bloom.MakeSplitBlockFilter(bytes.Clone(raw))
	for _, v := range more {
		own.Insert(bloom.XXH64{}.Sum64([]byte(v)))
	}
	if bytes.Count(file, raw) != 1 {
		t.Fatal("the filter is not in the file once")
	}
	return bytes.Replace(file, raw, own.Bytes(), 1)
}

// weakCodes are pseudonyms that can be made by who has not the key.
func weakCodes(name string) map[string]string {
	code := func(sum []byte) string { return base32.StdEncoding.EncodeToString(sum[:20])[:26] }
	plain := sha256.Sum256([]byte(name))
	m := hmac.New(sha256.New, []byte("known"))
	m.Write([]byte("v1\x00" + strings.ToUpper(name)))
	return map[string]string{"a hash": code(plain[:]), "made under a known key": code(m.Sum(nil))}
}
