package main

import (
	"bytes"
	"compress/gzip"
	"crypto/aes"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/bloom"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// What an attacker does with what is public, and with what is left on a disk. Each
// method gives what it found; TestAttackFindsWhatIsPlanted shows that each can.

// seeker looks for many values at once, each written in many ways.
type seeker struct {
	filter [1 << 15]uint64 // of the first eight bytes of all ways, hashed
	ways   map[uint64][]way
}

// way is a value as it might be written.
type way struct {
	bytes []byte
	whose string // which value it is of, and how it is written
}

const slot = 8

func place8(first uint64) uint64 { return first * 0x9e3779b97f4a7c15 >> 43 }

func (s *seeker) add(whose string, b []byte) {
	if len(b) < slot {
		return
	}
	first := binary.LittleEndian.Uint64(b)
	for _, w := range s.ways[first] {
		if bytes.Equal(w.bytes, b) {
			return
		}
	}
	at := place8(first)
	s.filter[at>>6] |= 1 << (at & 63)
	s.ways[first] = append(s.ways[first], way{b, whose})
}

// seek takes a value of a column as its cell is written, which is a canary: so long
// that it is nowhere by chance.
func (s *seeker) seek(column, cell string) {
	if s.ways == nil {
		s.ways = map[uint64][]way{}
	}
	whose := column + " " + cell
	add := func(how string, b []byte) { s.add(whose+", "+how, b) }
	s.hashed(whose, cell, strings.ToLower(cell))
	if n, err := strconv.ParseInt(cell, 10, 64); err == nil {
		add("in digits", []byte(cell))
		add("in hexadecimal digits", []byte(strconv.FormatInt(n, 16)))
		add("as a little-endian integer", binary.LittleEndian.AppendUint64(nil, uint64(n)))
		add("as a big-endian integer", binary.BigEndian.AppendUint64(nil, uint64(n)))
		add("as a key that sorts", binary.BigEndian.AppendUint64(nil, uint64(n)^1<<63))
		add("as a thrift integer", binary.AppendVarint(nil, n))
		return
	}
	if len(cell) == len("1913-05-02") && cell[4] == '-' {
		add("as a date", []byte(cell))
		add("as a date", []byte(cell[8:]+"/"+cell[5:7]+"/"+cell[:4]))
		return
	}
	head, tail := cell[:10], cell[len(cell)-10:] // bounds of pages may be cut
	add("as text", []byte(head))
	add("as text", []byte(tail))
	add("in small letters", []byte(strings.ToLower(head)))
	var little, big []byte
	for _, u := range utf16.Encode([]rune(head)) {
		little, big = binary.LittleEndian.AppendUint16(little, u), binary.BigEndian.AppendUint16(big, u)
	}
	add("in UTF-16", little)
	add("in UTF-16", big)
	add("in hexadecimal digits", []byte(hex.EncodeToString([]byte(head))))
	add("in hexadecimal digits", []byte(strings.ToUpper(hex.EncodeToString([]byte(head)))))
	for shift := range 3 { // where in a group of three bytes it may stand
		text := base64.StdEncoding.EncodeToString(append(make([]byte, shift), cell...))
		add("in base64", []byte(text[4:4+12]))
	}
}

// hashed adds hashes of the forms of a value, and HMACs of them under no key.
func (s *seeker) hashed(whose string, forms ...string) {
	keyless := func() hash.Hash { return hmac.New(sha256.New, nil) }
	for i, form := range forms {
		if slices.Contains(forms[:i], form) {
			continue
		}
		for _, h := range []func() hash.Hash{sha256.New, keyless, sha1.New, md5.New} {
			d := h()
			d.Write([]byte(form))
			sum := d.Sum(nil)
			for _, b := range [][]byte{sum[:slot], []byte(hex.EncodeToString(sum)[:16]), []byte(strings.ToUpper(hex.EncodeToString(sum)[:16])),
				[]byte(base32.StdEncoding.EncodeToString(sum)[:13]), []byte(base64.StdEncoding.EncodeToString(sum)[:11])} {
				s.add(whose+", hashed without a key", b)
			}
		}
	}
}

// seekPassage takes what a text says of a person: a name, or a number that may be
// written in groups. Ten digits may be anywhere by chance, unless something stands
// before them.
func (s *seeker) seekPassage(text string) {
	if s.ways == nil {
		s.ways = map[uint64][]way{}
	}
	whose := passage + " " + text
	bare := strings.NewReplacer(" ", "", ".", "", "-", "", "/", "").Replace(text)
	s.hashed(whose, text, bare, strings.ToLower(text), strings.ToUpper(text))
	forms := []string{text, strings.ToLower(text), strings.ToUpper(text), bare}
	if len(bare) == len("0612345678") && bare[0] == '0' && strings.Trim(bare, "0123456789") == "" {
		forms = []string{"+33" + bare[1:]}
		for _, gap := range []string{" ", ".", "-", "\u00a0"} {
			forms = append(forms, strings.Join([]string{bare[:2], bare[2:4], bare[4:6], bare[6:8], bare[8:]}, gap))
		}
		for _, before := range []string{" ", "\"", ",", ";", ":", "=", "\n", "\x00"} {
			forms = append(forms, before+bare)
		}
	}
	for _, form := range forms {
		s.add(whose+", as text", []byte(form))
	}
	for _, form := range append(forms, text, bare) {
		s.add(whose+", in hexadecimal digits", []byte(hex.EncodeToString([]byte(form))))
		for shift := range 3 { // groups of three bytes that are its own
			coded := base64.StdEncoding.EncodeToString(append(make([]byte, shift), form...))
			s.add(whose+", in base64", []byte(coded[4:max(4, min(16, (shift+len(form))/3*4))]))
		}
		var little []byte
		for _, u := range utf16.Encode([]rune(form)) {
			little = binary.LittleEndian.AppendUint16(little, u)
		}
		s.add(whose+", in UTF-16", little)
	}
}

// in gives what of the values is in some bytes, and in what can be uncompressed of them.
func (s *seeker) in(where string, data []byte) (found []string) {
	for what, part := range unwrapped(data) {
		for at := 0; at+slot <= len(part); at++ {
			first := binary.LittleEndian.Uint64(part[at:])
			h := place8(first)
			if s.filter[h>>6]&(1<<(h&63)) == 0 {
				continue
			}
			for _, w := range s.ways[first] {
				if bytes.HasPrefix(part[at:], w.bytes) {
					found = append(found, fmt.Sprintf("%s%s: %s at byte %d", where, what, w.whose, at))
				}
			}
		}
	}
	return found
}

const unwrappedMost = 16 << 20

// unwrapped is the data itself, every zstd frame and gzip stream that begins anywhere
// in it, however it ends, and every page and dictionary of a Parquet file.
func unwrapped(data []byte) map[string][]byte {
	parts := map[string][]byte{"": data}
	frames, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(unwrappedMost))
	if err != nil {
		panic(err)
	}
	defer frames.Close()
	each := func(magic string, open func(r io.Reader) (io.Reader, error)) {
		for at := 0; ; at++ {
			i := bytes.Index(data[at:], []byte(magic))
			if i < 0 {
				return
			}
			at += i
			r, err := open(bytes.NewReader(data[at:]))
			if err != nil {
				continue
			}
			if plain, _ := io.ReadAll(io.LimitReader(r, unwrappedMost)); len(plain) > 0 {
				parts[fmt.Sprintf(" (compressed, at byte %d)", at)] = plain
			}
		}
	}
	each("\x28\xb5\x2f\xfd", func(r io.Reader) (io.Reader, error) { return frames, frames.Reset(r) })
	each("\x1f\x8b\x08", func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) })
	for i, page := range pages(data) {
		parts[fmt.Sprintf(" (page %d)", i)] = page
	}
	return parts
}

// pages are those of a Parquet file, dictionaries included, uncompressed.
func pages(data []byte) (all [][]byte) {
	f, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil
	}
	for _, g := range f.Metadata().RowGroups {
		for _, c := range g.Columns {
			m := c.MetaData
			start := m.DataPageOffset
			if m.DictionaryPageOffset > 0 {
				start = min(start, m.DictionaryPageOffset)
			}
			rest := data[start : start+m.TotalCompressedSize]
			for len(rest) > 0 {
				r := bytes.NewReader(rest)
				var h format.PageHeader
				if err := thrift.NewDecoder(new(thrift.CompactProtocol).NewReader(r)).Decode(&h); err != nil {
					break
				}
				body := rest[len(rest)-r.Len():]
				body = body[:h.CompressedPageSize]
				rest = rest[len(rest)-r.Len()+int(h.CompressedPageSize):]
				if m.Codec == format.Snappy {
					if v2, ok := h.DataPageHeaderV2.Get(); ok {
						levels := v2.DefinitionLevelsByteLength + v2.RepetitionLevelsByteLength
						body = body[levels:]
					}
					if plain, err := snappy.Decode(nil, body); err == nil {
						body = plain
					}
				}
				all = append(all, body)
			}
		}
	}
	return all
}

// decoded is what readers and the curious get out of a Parquet file, by column.
type decoded struct {
	columns []string
	rows    map[string][]string        // as texts; "" is null
	entries map[string]map[string]bool // of dictionaries
	filters map[string][][]byte        // bloom filters
}

// decode reads all that a Parquet file says of values, by a reader that is not ours.
func decode(data []byte) (*decoded, error) {
	f, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	d := &decoded{rows: map[string][]string{}, entries: map[string]map[string]bool{}, filters: map[string][][]byte{}}
	for _, path := range f.Schema().Columns() {
		d.columns = append(d.columns, strings.Join(path, "."))
	}
	for _, g := range f.RowGroups() {
		for i, c := range g.ColumnChunks() {
			if err := d.chunk(d.columns[i], c); err != nil {
				return nil, err
			}
		}
	}
	return d, nil
}

func (d *decoded) chunk(name string, c parquet.ColumnChunk) error {
	text := func(v parquet.Value) string {
		if v.IsNull() {
			return ""
		}
		return v.String()
	}
	pages := c.Pages()
	defer pages.Close()
	for {
		p, err := pages.ReadPage()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		values := make([]parquet.Value, p.NumValues())
		if n, err := p.Values().ReadValues(values); err != nil && err != io.EOF || n < len(values) {
			return fmt.Errorf("read %d of %d values: %w", n, len(values), err)
		}
		for _, v := range values {
			d.rows[name] = append(d.rows[name], text(v))
		}
		if dict := p.Dictionary(); dict != nil {
			if d.entries[name] == nil {
				d.entries[name] = map[string]bool{}
			}
			for i := range dict.Len() {
				d.entries[name][text(dict.Index(int32(i)))] = true
			}
		}
	}
	if b := c.BloomFilter(); b != nil && b.Size() > 0 {
		raw := make([]byte, b.Size())
		if _, err := b.ReadAt(raw, 0); err != nil && err != io.EOF {
			return err
		}
		d.filters[name] = append(d.filters[name], raw)
	}
	return nil
}

// beyond is what dictionaries have, and what bloom filters of one row group know,
// besides the values of the rows.
func (d *decoded) beyond(where string) (found []string) {
	for name, entries := range d.entries {
		for e := range entries {
			if !slices.Contains(d.rows[name], e) {
				found = append(found, fmt.Sprintf("%s: the dictionary of %s has %q, which no row has", where, name, e))
			}
		}
	}
	for name, filters := range d.filters {
		own := bloom.MakeSplitBlockFilter(make([]byte, len(filters[0])))
		for _, v := range d.rows[name] {
			if v != "" {
				own.Insert(bloom.XXH64{}.Sum64([]byte(v)))
			}
		}
		if len(filters) == 1 && !bytes.Equal(own.Bytes(), filters[0]) {
			found = append(found, fmt.Sprintf("%s: the bloom filter of %s is not that of its values", where, name))
		}
	}
	return found
}

// probed is the cells that a filter takes for its own, of those asked.
func probed(filter []byte, cells []string) (yes []string) {
	f := bloom.MakeSplitBlockFilter(slices.Clone(filter))
	for _, cell := range cells {
		if f.Check(bloom.XXH64{}.Sum64([]byte(cell))) {
			yes = append(yes, cell)
		}
	}
	return yes
}

// unlocked are the encrypted files that a key opens which lies in some other file, as it is
// or in hexadecimal digits, or in the file itself.
func unlocked(files map[string]string) (found []string) {
	const head, most = 12, 1 << 15
	locked := map[string][]byte{} // the first bytes
	for name, text := range files {
		if strings.Contains(name, "/spool-") && len(text) >= head+2*aes.BlockSize {
			locked[name] = []byte(text[head : head+4])
		}
	}
	if len(locked) == 0 {
		return nil
	}
	// The first frame of every file has the nonce 0, and its first block the counter 2.
	counter, stream := [aes.BlockSize]byte{aes.BlockSize - 1: 2}, [aes.BlockSize]byte{}
	try := func(key []byte) {
		block, err := aes.NewCipher(key)
		if err != nil {
			panic(err)
		}
		block.Encrypt(stream[:], counter[:])
		for name, c := range locked {
			plain := [4]byte{c[0] ^ stream[0], c[1] ^ stream[1], c[2] ^ stream[2], c[3] ^ stream[3]}
			if plain == [4]byte{0xff, 0xff, 0xff, 0xff} || plain == [4]byte{'P', 'A', 'R', '1'} { // how what is spooled begins
				found = append(found, name)
			}
		}
	}
	digits := []byte("0123456789abcdefABCDEF")
	for _, text := range files {
		data := []byte(text)
		if len(data) > most {
			data = slices.Concat(data[:most/8], data[len(data)-most/8:])
		}
		run := 0
		for at, c := range data {
			if at+32 <= len(data) {
				try(data[at : at+32])
			}
			if run++; !bytes.Contains(digits, []byte{c}) {
				run = 0
			}
			if run >= 64 {
				if key, err := hex.DecodeString(string(data[at-63 : at+1])); err == nil {
					try(key)
				}
			}
		}
	}
	return found
}

// shared are the pseudonyms that two releases have in common: who is in both.
func shared(a, b map[string]bool) (found []string) {
	for p := range a {
		if b[p] {
			found = append(found, p)
		}
	}
	return found
}

// forced are the pseudonyms that somebody makes who knows all names and some keys,
// which are not the secret one: HMACs of the name with each of them, and hashes.
func forced(pseudonyms map[string]bool, names []string, keys [][]byte) (found []string) {
	try := func(how, name string, sum []byte) {
		for len(sum) < 20 {
			sum = append(sum, 0)
		}
		if base := base32.StdEncoding.EncodeToString(sum[:20]); pseudonyms[base[:26]] {
			found = append(found, name+" by "+how)
		}
	}
	for _, name := range names {
		for _, form := range []string{name, strings.ToUpper(name), strings.ToLower(name)} {
			for _, tagged := range []string{form, "v1\x00" + form, "n1\x00" + form} {
				for _, h := range []func() hash.Hash{sha256.New, sha1.New, md5.New} {
					d := h()
					d.Write([]byte(tagged))
					try("a hash", name, d.Sum(nil))
					for _, key := range keys {
						m := hmac.New(h, key)
						m.Write([]byte(tagged))
						try("an HMAC under a key that is known", name, m.Sum(nil))
					}
				}
			}
		}
	}
	return found
}

// arranged says where rows are in no order that what is published of them gives: class
// by class, those of one by what nobody may learn, by what is public and by codes. Which
// quasi-identifiers are labels the manifest does not tell, and they come first.
func arranged(t testing.TB, manifest string, header []string, rows [][]string) (why string) {
	t.Helper()
	var m struct {
		Protection struct {
			Columns []struct{ Name, Role, Treatment string }
		}
	}
	if err := json.Unmarshal([]byte(manifest), &m); err != nil {
		t.Fatal(err)
	}
	place := map[string]int{}
	quasi := 0
	for i, c := range m.Protection.Columns {
		rank := map[string]int{"quasi": 0, "sensitive": 200, "public": 300, "text": 300, "identifier": 400}[c.Role]
		if c.Treatment == "pseudonym" {
			rank = 500
		}
		switch c.Role {
		case "quasi":
			rank, quasi = quasi, quasi+1
		case "sensitive":
			rank += i
		}
		place[c.Name] = rank
	}
	for labels := range 1 << quasi {
		columns := make([]int, len(header))
		for i := range columns {
			columns[i] = i
		}
		rank := func(column int) int {
			at := place[header[column]]
			if at < quasi && labels>>at&1 != 0 {
				at += 100
			}
			return at
		}
		slices.SortStableFunc(columns, func(a, b int) int { return rank(a) - rank(b) })
		moved := make([][]string, len(rows))
		for r, row := range rows {
			for _, c := range columns {
				moved[r] = append(moved[r], row[c])
			}
		}
		if why = unordered(moved); why == "" {
			return ""
		}
	}
	return why
}

// unordered says where rows are not in the order of what is published of them: an
// order of its own would be that of the source, which tells whose row is whose.
func unordered(rows [][]string) string {
	compare := func(a, b []string) int {
		for i := range a {
			switch {
			case a[i] == b[i]:
			case a[i] == "":
				return 1
			case b[i] == "":
				return -1
			default:
				return strings.Compare(a[i], b[i])
			}
		}
		return 0
	}
	for i := 1; i < len(rows); i++ {
		if compare(rows[i-1], rows[i]) > 0 {
			return fmt.Sprintf("row %d is not in its place", i+1)
		}
	}
	return ""
}

// told are the parts of a manifest that differ between two releases of one dataset
// and may not: all but the files, the levels and the id.
func told(a, b []byte) (found []string) {
	var x, y any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return []string{"no JSON"}
	}
	walk("", x, y, &found)
	return found
}

func walk(at string, a, b any, found *[]string) {
	switch at {
	case ".release", ".files[].rows", ".files[].bytes", ".files[].sha256", ".privacy[]", ".protection.columns[].level", ".protection.columns[].treatment", ".protection.columns[].instead":
		return
	}
	switch a := a.(type) {
	case map[string]any:
		if b, ok := b.(map[string]any); ok {
			for _, key := range slices.Sorted(maps.Keys(a)) {
				walk(at+"."+key, a[key], b[key], found)
			}
			for _, key := range slices.Sorted(maps.Keys(b)) {
				if _, ok := a[key]; !ok {
					walk(at+"."+key, nil, b[key], found)
				}
			}
			return
		}
	case []any:
		if b, ok := b.([]any); ok && (len(a) == len(b) || at == ".privacy") {
			for i := range min(len(a), len(b)) {
				walk(at+"[]", a[i], b[i], found)
			}
			return
		}
	default:
		if a == b {
			return
		}
	}
	*found = append(*found, at)
}

// counts are the numbers of a manifest that tell how many rows there are or were and
// are not those that are published.
func counts(manifest []byte, known ...int64) (found []string) {
	var m any
	if json.Unmarshal(manifest, &m) != nil {
		return []string{"no JSON"}
	}
	var look func(at string, v any)
	look = func(at string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for key, x := range v {
				look(at+"."+key, x)
			}
		case []any:
			for _, x := range v {
				look(at+"[]", x)
			}
		case float64:
			switch at {
			case ".format_version", ".versions.format", ".protection.model.k", ".protection.model.sensitive[].l", ".files[].bytes",
				".protection.model.k_map", ".protection.verified[].least", ".protection.verified[].max_share": // what the policy asks for
			case ".files[].rows":
				if !slices.Contains(known, int64(v)) {
					found = append(found, fmt.Sprint(at, " = ", v))
				}
			default:
				found = append(found, fmt.Sprint(at, " = ", v))
			}
		}
	}
	look("", m)
	return found
}
