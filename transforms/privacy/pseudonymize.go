package privacy

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"hash"
	"slices"
	"strings"
	"unicode"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"golang.org/x/text/unicode/norm"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/transforms/internal/convert"
)

// Pseudonymize replaces values by keyed hashes, so that rows of one person can
// be put together without the name. A pseudonym is personal data as the value
// was, and stays marked: who has the key finds the person again. Null stays
// null; an empty text is a value.
//
// The pseudonym is the first 26 letters of the base32 of
// HMAC-SHA-256(key, "v1" 00 canonical value), where the key is derived with
// HKDF for the dataset, the domain and the epoch.
var Pseudonymize = pipelines.DefineTransform("pseudonymize", "Replace values by keyed pseudonyms, which stay personal data.",
	pseudonymizeConfig{Canonical: "text"}, newPseudonymize)

type pseudonymizeConfig struct {
	Columns   []string         `hcl:"columns" doc:"Columns whose values to replace; they become text."`
	Key       pipelines.Secret `hcl:"key" doc:"The root key: a secret of 32 bytes or more."`
	Domain    string           `hcl:"domain,optional" doc:"Name shared by columns whose pseudonyms must match, in this and other pipelines with the same dataset; each column has its own unless given."`
	Dataset   string           `hcl:"dataset,optional" doc:"Name shared by pipelines whose pseudonyms must match; the name of the pipeline unless given."`
	Epoch     string           `hcl:"epoch,optional" doc:"A period, for example partition.key; pseudonyms of two epochs do not match."`
	Canonical string           `hcl:"canonical,optional" doc:"How values are written before they are hashed: exact, as they are; text, without regard to case, spaces around and doubled spaces; identifier, letters and digits alone, in upper case (SIRET, NIR, IBAN)." values:"exact|text|identifier"`
}

func (c pseudonymizeConfig) Validate() error {
	if len(c.Columns) == 0 {
		return pipelines.At("columns", messages.NothingToDo.With("arguments", "columns"))
	}
	for i, name := range c.Columns {
		if slices.Contains(c.Columns[:i], name) {
			return pipelines.At("columns", messages.Twice.With("name", "columns", "column", name))
		}
	}
	return nil
}

type pseudonymize struct {
	env pipelines.Env
	pseudonymizeConfig
}

func newPseudonymize(env pipelines.Env, c pseudonymizeConfig) (pipelines.Transform, error) {
	if c.Dataset == "" {
		c.Dataset = env.Task.Pipeline
	}
	return pseudonymize{env, c}, nil
}

func (t pseudonymize) Bind(in *arrow.Schema) (*arrow.Schema, error) {
	fields := slices.Clone(in.Fields())
	for _, name := range t.Columns {
		i, err := pipelines.ColumnIndex(in, name)
		if err != nil {
			return nil, err
		}
		if f := fields[i].Type; !convert.HasText(f) || f.ID() == arrow.FLOAT64 {
			return nil, messages.NoPseudonym.With("column", name, "got", pipelines.TypeName(f))
		}
		fields[i].Type, fields[i].Nullable = arrow.BinaryTypes.String, true
	}
	return arrow.NewSchema(fields, nil), nil
}

// Marks says that a pseudonym is personal, whatever it was made of.
func (t pseudonymize) Marks() (personal []string, notPersonal map[string]string) {
	return t.Columns, nil
}

func (t pseudonymize) Run(_ context.Context, in pipelines.Stream) (pipelines.Stream, error) {
	return pipelines.RunKernel(t, in)
}

func (t pseudonymize) Kernel(in *arrow.Schema) (pipelines.Kernel, error) {
	out, err := t.Bind(in)
	if err != nil {
		return nil, err
	}
	var macs []hash.Hash // made when the first batch comes: only then is the key fetched
	return func(ctx context.Context, b pipelines.Batch) (pipelines.Batch, error) {
		if macs == nil {
			if macs, err = t.macs(ctx); err != nil {
				b.Release()
				return pipelines.Batch{}, err
			}
		}
		cols := slices.Clone(b.Columns())
		for n, name := range t.Columns {
			i := in.FieldIndices(name)[0]
			cols[i] = t.column(macs[n], cols[i])
			defer cols[i].Release()
		}
		return b.With(array.NewRecord(out, cols, b.NumRows())), nil
	}, nil
}

func (t pseudonymize) Lineage(in *arrow.Schema) (map[string][]pipelines.Origin, error) {
	all := map[string][]pipelines.Origin{}
	for _, f := range in.Fields() {
		all[f.Name] = []pipelines.Origin{{Column: f.Name}}
	}
	return all, nil
}

// minKey is the least number of bytes of a root key.
const minKey = 32

// macs gives, for each column, the HMAC under the key of its scope.
func (t pseudonymize) macs(ctx context.Context) ([]hash.Hash, error) {
	root, err := t.Key.Reveal(ctx, t.env)
	if err != nil {
		return nil, fmt.Errorf("fetch the key of pseudonyms: %w", err)
	}
	if len(root) < minKey {
		return nil, messages.WeakKey.With("step", "pseudonymize", "wanted", minKey)
	}
	macs := make([]hash.Hash, len(t.Columns))
	for i, column := range t.Columns {
		domain := t.Domain
		if domain == "" {
			domain = column
		}
		key, err := scopeKey(root, t.Dataset, domain, t.Epoch)
		if err != nil {
			return nil, err
		}
		macs[i] = hmac.New(sha256.New, key)
	}
	return macs, nil
}

// scopeKey derives the key of a scope. Each part goes in with its length, so
// that no two scopes read the same.
func scopeKey(root string, scope ...string) ([]byte, error) {
	info := []byte("lavoir pseudonym")
	for _, part := range scope {
		info = binary.BigEndian.AppendUint32(info, uint32(len(part)))
		info = append(info, part...)
	}
	key, err := hkdf.Key(sha256.New, []byte(root), nil, string(info), sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("derive the key of pseudonyms: %w", err)
	}
	return key, nil
}

func (t pseudonymize) column(mac hash.Hash, a arrow.Array) arrow.Array {
	b := array.NewStringBuilder(t.env.Allocator)
	defer b.Release()
	b.Reserve(a.Len())
	text := convert.Text(a)
	known := map[string]string{} // one hash per different value of a batch
	var buf []byte
	for i := range a.Len() {
		if a.IsNull(i) {
			b.AppendNull()
			continue
		}
		buf = text(buf[:0], i)
		p, ok := known[string(buf)]
		if !ok {
			p = pseudonym(mac, canonical(string(buf), t.Canonical))
			known[string(buf)] = p
		}
		b.Append(p)
	}
	return b.NewArray()
}

// pseudonymLength is in letters of five bits: 130 bits, so that no two values of
// a dataset ever meet.
const pseudonymLength = 26

func pseudonym(mac hash.Hash, value string) string {
	mac.Reset()
	mac.Write([]byte("v1\x00"))
	mac.Write([]byte(value))
	return base32.StdEncoding.EncodeToString(mac.Sum(nil))[:pseudonymLength]
}

// canonical writes values that mean the same the same way.
func canonical(s, how string) string {
	switch how {
	case "text":
		return strings.Join(strings.Fields(strings.ToUpper(norm.NFC.String(s))), " ")
	case "identifier":
		return strings.Map(func(r rune) rune {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				return unicode.ToUpper(r)
			}
			return -1
		}, norm.NFKC.String(s))
	}
	return s
}
