package pipelines

import (
	"context"
	"io"
	"reflect"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"

	"github.com/lavoir-data/lavoir/internal/scalar"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Guesser is the ability of a format's configuration to propose itself for a
// file that nobody has described. Nothing that it returns holds a value of the
// file, but for the names of columns.
type Guesser interface {
	// Looks says from the first bytes of a file how likely it is of the format:
	// 100 for a signature that no other file has, 0 for a file that it is not.
	Looks(head []byte, in GuessFile) int
	// Guess reads the whole file, with memory that does not grow with it.
	Guess(ctx context.Context, env Env, in GuessFile) (*Guess, error)
}

// TextJudge is the ability of a privacy stage's configuration to say what of a text
// its gate would refuse to let out.
type TextJudge interface {
	// Refuses gives a judge for one goroutine, which names the kind of the first
	// passage that would be refused, "" when none would.
	Refuses() func(text []byte) (kind string)
}

// Unwrapper is the ability of a source's configuration to look into what files
// come in, an archive or a compressed stream.
type Unwrapper interface {
	// Unwrap gives the file that the file in holds and the blocks that say so,
	// outermost first; in itself and none when it holds no other. The caller
	// calls closed when it is done with the file.
	Unwrap(ctx context.Context, env Env, in GuessFile) (out GuessFile, blocks []GuessBlock, closed func() error, err error)
}

// FirstFile is the ability of a source that reads files to hand over the first of
// them, out of whatever it came in. done ends that, and no reader may be open then.
type FirstFile interface {
	First(ctx context.Context) (in GuessFile, done func() error, err error)
}

// GuessFile is the file of a guess.
type GuessFile struct {
	Name      string // what messages may call it
	Extension string // ".csv", in lower case
	Size      int64
	Open      func(ctx context.Context) (io.ReadCloser, error)
	// Likely says how likely one of the formats reads a file that is in this one, as
	// Looks does; nil: nobody says.
	Likely func(head []byte, in GuessFile) int
	// Beside opens the file of the same name with another extension; nil: there is none.
	Beside func(ctx context.Context, extension string) (in GuessFile, found bool, err error)
	// Refused judges texts as a TextJudge does: a column that holds what would be
	// refused looks personal. nil: nobody does.
	Refused func(text []byte) (kind string)
	// Rows is how many rows a guess reads, about; 0: all. A guess of the first rows
	// knows nothing of how the file ends, and may be wrong about the others.
	Rows int64
}

// GuessHead is how many of the first bytes of a file Looks is given.
const GuessHead = 64 << 10

// Head is those first bytes.
func (in GuessFile) Head(ctx context.Context) ([]byte, error) {
	r, err := in.Open(ctx)
	if err != nil {
		return nil, err
	}
	head, err := io.ReadAll(io.LimitReader(r, GuessHead))
	if e := r.Close(); err == nil {
		err = e
	}
	return head, err
}

// Guesser is the format that a file looks like the most, its name and how much; nil when it
// looks like none.
func (r *Registry) Guesser(head []byte, in GuessFile) (best Guesser, name string, score int) {
	for _, c := range r.All(KindFormat) {
		if g, ok := c.New().(Guesser); ok {
			if n := g.Looks(head, in); n > score {
				best, name, score = g, c.Name, n
			}
		}
	}
	return best, name, score
}

// Guess is how a file is read, and what makes it likely.
type Guess struct {
	Format   string
	Options  []GuessOption // arguments of the format's block, in order
	Columns  []GuessColumn // in the file's order
	Evidence []*messages.Error
	Rows     int64 // read; the rejected ones are not among them
	Partial  bool  // there are more rows
	Rejects  []GuessRejects
	Schema   string // national schema that the file itself tells, "" is none
}

// GuessOption is an argument as a pipeline file writes it.
type GuessOption struct{ Name, Value string }

// GuessBlock is a block with one label and its arguments.
type GuessBlock struct {
	Type, Label string
	Options     []GuessOption
}

// GuessColumn is a column as the file names it, its type as a pipeline file
// declares it, and what its values look like.
type GuessColumn struct {
	Name, Type string
	Nulls      int64
	// Personal says of what kind of personal data the values look, as IBAN; "" is
	// none. Names of columns are not looked at: see LikelyPersonal.
	Personal string
	// Empty says that no value tells the type.
	Empty bool
	// Undeclared says that the column is text where it is not declared and not where
	// it is: the file has numbers in it.
	Undeclared bool
}

// GuessRejects are rows that would be rejected for one reason.
type GuessRejects struct {
	Column string // "" where it is the row
	Why    *messages.Error
	Count  int64
	Lines  []int64 // the first ones
}

// Set adds an argument; v is a text, a number, a bool or a list of texts.
func (g *Guess) Set(name string, v any) {
	g.Options = append(g.Options, GuessOption{name, GuessValue(v)})
}

// Found adds evidence.
func (g *Guess) Found(e *messages.Error) { g.Evidence = append(g.Evidence, e) }

// Reject counts a row that would be rejected.
func (g *Guess) Reject(column string, why *messages.Error, line int64) {
	g.RejectMany(column, why, 1, []int64{line})
}

// RejectMany counts rows that would be rejected for the same reason.
func (g *Guess) RejectMany(column string, why *messages.Error, count int64, lines []int64) {
	for i := range g.Rejects {
		r := &g.Rejects[i]
		if r.Column == column && r.Why.Code == why.Code {
			r.Count += count
			r.Lines = append(r.Lines, lines[:min(len(lines), guessLines-len(r.Lines))]...)
			return
		}
	}
	g.Rejects = append(g.Rejects, GuessRejects{column, why, count, append([]int64(nil), lines[:min(len(lines), guessLines)]...)})
}

// guessLines is how many lines are given as examples.
const guessLines = 5

// GuessValue writes a text, a number, a bool, a list of texts or texts by name
// as a pipeline file does.
func GuessValue(v any) string {
	value := cty.NilVal
	switch v := v.(type) {
	case string:
		value = cty.StringVal(v)
	case bool:
		value = cty.BoolVal(v)
	case int:
		value = cty.NumberIntVal(int64(v))
	case int64:
		value = cty.NumberIntVal(v)
	case []string:
		list := make([]cty.Value, len(v))
		for i, s := range v {
			list[i] = cty.StringVal(s)
		}
		value = cty.TupleVal(list)
	case map[string]string:
		entries := map[string]cty.Value{}
		for name, s := range v {
			entries[name] = cty.StringVal(s)
		}
		value = cty.ObjectVal(entries)
	}
	return strings.TrimSpace(string(hclwrite.TokensForValue(value).Bytes()))
}

// GuessKey writes the name of a column as a key of an object.
func GuessKey(name string) string {
	if hclsyntax.ValidIdentifier(name) {
		return name
	}
	return GuessValue(name)
}

// Resembles is the national schema whose columns are most like these, with how
// many of its columns are there and how many it has; "" when none is like them.
func Resembles(columns []string) (schema string, found, of int) {
	have := map[string]bool{}
	for _, c := range columns {
		have[scalar.Fold(c)] = true
	}
	best := 0.0
	for _, s := range nationalSchemas {
		n := 0
		for _, c := range s.columns {
			if have[scalar.Fold(c)] {
				n++
			}
		}
		if share := float64(n) / float64(len(s.columns)); n >= 3 && share >= 0.6 && share > best {
			best, schema, found, of = share, s.name, n, len(s.columns)
		}
	}
	return schema, found, of
}

// Argument is what the configuration holds for an argument or a block of that
// name, defaults included; false when it has none.
func (b Built) Argument(name string) (any, bool) {
	v := reflect.Indirect(reflect.ValueOf(b.Config))
	if v.Kind() != reflect.Struct {
		return nil, false
	}
	for _, f := range layoutOf(v.Type()) {
		if f.name == name {
			return v.FieldByIndex(f.at).Interface(), true
		}
	}
	return nil, false
}
