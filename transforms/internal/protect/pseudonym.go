package protect

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"strings"
	"unicode"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/bitutil"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"golang.org/x/text/unicode/norm"

	"github.com/lavoir-data/lavoir/internal/arrowx"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/transforms/internal/convert"
)

// minRoot is the least number of bytes of a root key.
const minRoot = 32

// hidden gives bytes. A function is where every way of printing stops, in whatever
// it is held.
type hidden func() []byte

func hide(b []byte) hidden { return func() []byte { return b } }

// Root is the secret from which the keys of pseudonyms are derived. It does not
// print.
type Root struct{ secret hidden }

// NewRoot refuses a secret that is too short; step is named in the refusal.
func NewRoot(secret, step string) (Root, error) {
	if len(secret) < minRoot {
		return Root{}, messages.WeakKey.With("step", step, "wanted", minRoot)
	}
	return Root{hide([]byte(secret))}, nil
}

// NewRandomRoot draws a root that exists nowhere else: what is made with it can
// never be made again, and is gone with the process.
func NewRandomRoot(random io.Reader) (Root, error) {
	secret := make([]byte, minRoot)
	if _, err := io.ReadFull(random, secret); err != nil {
		return Root{}, fmt.Errorf("draw a key of pseudonyms: %w", err)
	}
	return Root{hide(secret)}, nil
}

// Format writes the same for every root.
func (Root) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "a root key") }

// derive is HKDF-SHA-256 of the root. Each part goes in with its length, so that
// no two lists of parts read the same.
func (r Root) derive(label string, size int, parts ...string) ([]byte, error) {
	info := []byte(label)
	for _, part := range parts {
		info = binary.BigEndian.AppendUint32(info, uint32(len(part)))
		info = append(info, part...)
	}
	key, err := hkdf.Key(sha256.New, r.secret(), nil, string(info), size)
	if err != nil {
		return nil, fmt.Errorf("derive the key of pseudonyms: %w", err)
	}
	return key, nil
}

// ReleaseEpoch is the epoch of the release that is made of an input: fingerprint
// is the keyed one of its rows and of the configuration. The same input has the
// same epoch, so that a second run makes the same release; pseudonyms of two
// releases do not match. Who has not the root learns nothing from it.
func (r Root) ReleaseEpoch(fingerprint []byte) (string, error) {
	epoch, err := r.derive("lavoir release epoch", 16, string(fingerprint))
	return hex.EncodeToString(epoch), err
}

// Scope is within what equal values have equal pseudonyms: a dataset, a domain,
// which columns share only where that was declared, and an epoch.
type Scope struct{ Dataset, Domain, Epoch string }

// Key is the key of one scope. It prints as its fingerprint.
type Key struct{ key hidden }

// Key derives the key of a scope.
func (r Root) Key(s Scope) (Key, error) {
	key, err := r.derive("lavoir pseudonym", sha256.Size, s.Dataset, s.Domain, s.Epoch)
	return Key{hide(key)}, err
}

// Fingerprint names the key in an audit without telling it: the first 8 bytes of
// its SHA-256, in hexadecimal.
func (k Key) Fingerprint() string {
	sum := sha256.Sum256(k.key())
	return hex.EncodeToString(sum[:8])
}

// Format writes the fingerprint.
func (k Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, k.Fingerprint()) }

// Form says which ways of writing a value are one value.
type Form string

const (
	Exact      Form = "exact"      // as it stands
	Text       Form = "text"       // without regard to case, composition, spaces around and doubled spaces
	Identifier Form = "identifier" // letters and digits alone, in capitals: SIRET, NIR, IBAN
)

// Canonical writes values that mean the same the same way.
func (f Form) Canonical(s string) string { return string(f.AppendCanonical(nil, []byte(s))) }

// AppendCanonical appends it.
func (f Form) AppendCanonical(dst, s []byte) []byte {
	switch {
	case f != Text && f != Identifier:
		return append(dst, s...)
	case isASCII(s):
		return f.appendASCII(dst, s)
	case f == Text:
		return append(dst, strings.Join(strings.Fields(strings.ToUpper(norm.NFC.String(string(s)))), " ")...)
	}
	return append(dst, strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToUpper(r)
		}
		return -1
	}, norm.NFKC.String(string(s)))...)
}

func isASCII(s []byte) bool {
	for _, c := range s {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

// appendASCII is what the forms come to where no letter has an accent.
func (f Form) appendASCII(dst, s []byte) []byte {
	start, space := len(dst), false
	for _, c := range s {
		switch {
		case c >= 'a' && c <= 'z':
			c -= 'a' - 'A'
		case c >= 'A' && c <= 'Z' || c >= '0' && c <= '9':
		case f == Identifier:
			continue
		case c == ' ' || c >= '\t' && c <= '\r':
			space = true
			continue
		}
		if space && len(dst) > start {
			dst = append(dst, ' ')
		}
		space = false
		dst = append(dst, c)
	}
	return dst
}

// Tags keep what is made for one purpose from being of use for another.
const (
	pseudonymTag = "v1\x00"
	surrogateTag = "n1\x00"
)

func sum(mac hash.Hash, dst []byte, tag, canonical string) []byte {
	mac.Reset()
	mac.Write([]byte(tag))
	mac.Write([]byte(canonical))
	return mac.Sum(dst)
}

// pseudonymLength is in letters of five bits: 130 bits, so that no two values of
// a dataset ever meet.
const pseudonymLength = 26

// keepKnown is how many pseudonyms are remembered from one batch to the next.
const keepKnown = 1 << 14

// Pseudonyms draws pseudonyms under one key: the first 26 letters of the base32
// of HMAC-SHA-256(key, "v1" 00 canonical value). It is for one goroutine.
type Pseudonyms struct {
	mac     *shortMAC
	form    Form
	known   map[string][pseudonymLength]byte
	message []byte
	rare    bool // few values of the last batch had come before
}

// Pseudonyms draws pseudonyms of values in a form.
func (k Key) Pseudonyms(form Form) *Pseudonyms {
	return &Pseudonyms{mac: newShortMAC(k.key()), form: form, known: map[string][pseudonymLength]byte{}}
}

// Of is the pseudonym of a value. The empty text is a value.
func (p *Pseudonyms) Of(value string) string {
	drawn := p.draw([]byte(value))
	return string(drawn[:])
}

func (p *Pseudonyms) draw(value []byte) (drawn [pseudonymLength]byte) {
	p.message = p.form.AppendCanonical(append(p.message[:0], pseudonymTag...), value)
	return letters(p.mac.of(p.message))
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

// pairs is the two letters of ten bits.
var pairs = func() (all [1 << 10][2]byte) {
	for i := range all {
		all[i] = [2]byte{alphabet[i>>5], alphabet[i&31]}
	}
	return all
}()

// letters is the base32 of the first 130 bits of a digest, five bytes in eight letters.
func letters(digest []byte) (out [pseudonymLength]byte) {
	for i := range 3 {
		v := binary.BigEndian.Uint64(digest[5*i:])
		for j := range 4 {
			*(*[2]byte)(out[8*i+2*j:]) = pairs[v>>(54-10*j)&1023]
		}
	}
	*(*[2]byte)(out[24:]) = pairs[binary.BigEndian.Uint16(digest[15:])>>6]
	return out
}

// Where few values of a batch have come before, drawing costs less than remembering.
// Where that was so in the batch before, fewer of the next are looked at.
const (
	looks    = 1 << 12
	lessLook = 1 << 8
	fewSeen  = 8 // one in so many
)

// Column is the text column of the pseudonyms of a, a column whose values have a
// text. The caller releases it.
func (p *Pseudonyms) Column(mem memory.Allocator, a arrow.Array) arrow.Array {
	if len(p.known) > keepKnown {
		clear(p.known)
	}
	n := a.Len()
	ob := arrowx.NewBuffer(mem, (n+1)*arrow.Int32SizeBytes)
	defer ob.Release()
	vb := arrowx.NewBuffer(mem, n*pseudonymLength)
	defer vb.Release()
	ends, drawn := arrow.Int32Traits.CastFromBytes(ob.Bytes()), vb.Bytes()[:0]
	ends[0] = 0
	values, at := plain(a)
	text := convert.Text(values)
	var nulls []int
	var buf []byte
	most, asked, seen := looks, 0, 0
	if p.rare {
		most = lessLook
	}
	for row := range n {
		if arrowx.IsNull(a, row) || values.IsNull(at(row)) {
			nulls = append(nulls, row)
			ends[row+1] = int32(len(drawn))
			continue
		}
		buf = text(buf[:0], at(row))
		if asked >= most && seen*fewSeen < asked {
			one := p.draw(buf)
			drawn = append(drawn, one[:]...)
			ends[row+1] = int32(len(drawn))
			continue
		}
		one, ok := p.known[string(buf)]
		if asked < most {
			asked++
			if ok {
				seen++
			}
		}
		if !ok {
			one = p.draw(buf)
			p.known[string(buf)] = one
		}
		drawn = append(drawn, one[:]...)
		ends[row+1] = int32(len(drawn))
	}
	p.rare = seen*fewSeen < asked
	clear(vb.Bytes()[len(drawn):])
	vb.Resize(len(drawn))
	var valid *memory.Buffer
	if len(nulls) > 0 {
		valid = arrowx.NewBuffer(mem, int(bitutil.BytesForBits(int64(n))))
		defer valid.Release()
		clear(valid.Bytes())
		bitutil.SetBitsTo(valid.Bytes(), 0, int64(n), true)
		for _, row := range nulls {
			bitutil.ClearBit(valid.Bytes(), row)
		}
	}
	data := array.NewData(arrow.BinaryTypes.String, n, []*memory.Buffer{valid, ob, vb}, nil, len(nulls), 0)
	defer data.Release()
	return array.NewStringData(data)
}
