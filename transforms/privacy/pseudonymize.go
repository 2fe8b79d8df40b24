package privacy

import (
	"context"
	"fmt"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/transforms/internal/convert"
	"github.com/lavoir-data/lavoir/transforms/internal/protect"
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
	var draws []*protect.Pseudonyms // made when the first batch comes: only then is the key fetched
	return func(ctx context.Context, b pipelines.Batch) (pipelines.Batch, error) {
		if draws == nil {
			if draws, err = t.draws(ctx); err != nil {
				b.Release()
				return pipelines.Batch{}, err
			}
		}
		cols := slices.Clone(b.Columns())
		for n, name := range t.Columns {
			i := in.FieldIndices(name)[0]
			cols[i] = draws[n].Column(t.env.Allocator, cols[i])
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

// draws gives, for each column, the pseudonyms under the key of its scope.
func (t pseudonymize) draws(ctx context.Context) ([]*protect.Pseudonyms, error) {
	secret, err := t.Key.Reveal(ctx, t.env)
	if err != nil {
		return nil, fmt.Errorf("fetch the key of pseudonyms: %w", err)
	}
	root, err := protect.NewRoot(secret, "pseudonymize")
	if err != nil {
		return nil, err
	}
	draws := make([]*protect.Pseudonyms, len(t.Columns))
	for i, column := range t.Columns {
		domain := t.Domain
		if domain == "" {
			domain = column
		}
		key, err := root.Key(protect.Scope{Dataset: t.Dataset, Domain: domain, Epoch: t.Epoch})
		if err != nil {
			return nil, err
		}
		draws[i] = key.Pseudonyms(protect.Form(t.Canonical))
	}
	return draws, nil
}
